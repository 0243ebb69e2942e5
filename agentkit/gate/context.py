"""What plugins see of one batch: everything prefetched, nothing writable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from agentkit.action import Action
from agentkit.agent import Agent, Register
from agentkit.clock import Clock, SystemClock
from agentkit.context import Deed, Person, Stop, Touch
from agentkit.errors import ModelError
from agentkit.gate.naming import Naming
from agentkit.gate.tally import ScoreTally
from agentkit.kinds import ActionKind, Kinds

__all__ = ["BatchContext", "People", "Scorer"]


class People(Protocol):
    """Where the gate fetches people from: one query a table for a whole batch."""

    def people(self, tenant: str, actions: Sequence[Action]) -> Mapping[str, Person]:
        """The subjects of the actions by CRM id; who is missing is not on record.

        A mapping with a method ``of(action)`` is asked by it instead: two actions about one
        person may name different records.
        """
        ...

    def stops(self, tenant: str) -> Sequence[Stop]:
        """The stop switches that hold now."""
        ...

    def runs(self, tenant: str, runs: Sequence[str]) -> Mapping[str, Sequence[Touch]]:
        """What each run has done so far.

        Where there is a method ``deeds(tenant, runs)`` too, it gives the actions that each run
        proposed, oldest first.
        """
        ...


_KEPT: Final = 512
"""Vectors that are kept: an agent's request is the same for all its actions."""
_READ: Final = 400
"""So many characters of a text are read for its vector."""


class Scorer:
    """Classifier scores, one pass for all heads, each text once a batch."""

    def __init__(self, load: Callable[[], Any], clock: Clock | None = None) -> None:
        """Remember how to load the model; nothing is loaded until a text is scored."""
        self._load = load
        self._clock = clock or SystemClock()
        self._model: Any = None
        self._digest = ""
        self._vectors: dict[str, Sequence[float]] = {}
        self.tally = ScoreTally()

    @property
    def digests(self) -> tuple[tuple[str, str], ...]:
        """Name and digest of the model in use; empty while none was."""
        if self._model is None:
            return ()
        if not self._digest:
            found = getattr(self._model, "manifest", self._model).digest
            self._digest = str(found() if callable(found) else found)
        return (("classifier", self._digest),)

    def score(self, texts: Sequence[str]) -> Sequence[Any]:
        """One `Scores` a text.

        Raises:
            ModelError: no model, or not the one that its manifest names.
        """
        scores: Sequence[Any] = self._loaded().scores(list(texts))
        if len(scores) == len(texts):
            self.tally.add(texts, scores, self._clock.now())
        return scores

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One unit vector a text; those asked for most recently are kept.

        Raises:
            ModelError: no model, or one without an encoder.
        """
        known = {t: self._vectors[t] for t in texts if t in self._vectors}
        missing = [t for t in dict.fromkeys(texts) if t not in known]
        if missing:
            known.update(zip(missing, self._ask("vectors", missing), strict=True))
        self._vectors = dict([*self._vectors.items(), *known.items()][-_KEPT:])
        return [known[t] for t in texts]

    def languages(self, texts: Sequence[str]) -> Sequence[str]:
        """One language a text.

        Raises:
            ModelError: no model, or one that cannot tell.
        """
        return self._ask("languages", texts) if texts else []

    def _ask(self, what: str, texts: Sequence[str]) -> Sequence[Any]:
        method = getattr(self._loaded(), what, None)
        if method is None:
            raise ModelError(f"the classifier in use gives no {what}")
        answers: Sequence[Any] = method(list(texts))
        return answers

    def _loaded(self) -> Any:
        if self._model is None:
            self._model = self._load()
        return self._model


_AS_THEY_ARE: Final = Naming()


class BatchContext:
    """The `Context` of one batch; all its actions are of one tenant."""

    def __init__(
        self,
        *,
        now: datetime,
        clock: Clock,
        kinds: Kinds,
        register: Register,
        people: Mapping[str, Person],
        stops: Sequence[Stop],
        runs: Mapping[str, Sequence[Touch]],
        deeds: Mapping[str, Sequence[Deed]] | None = None,
        parameters: Mapping[str, Any],
        decisions: Mapping[str, Callable[..., Mapping[str, Any]]],
        scorer: Scorer,
        principle: Callable[[str], str] = lambda _: "",
        naming: Naming = _AS_THEY_ARE,
    ) -> None:
        """Hold what was fetched."""
        self.now = now
        self.clock = clock
        self.parameters = parameters
        self._kinds = kinds
        self._register = register
        self._people = people
        self._of: Callable[[Action], Person | None] = getattr(people, "of", self._by_subject)
        self._stops = stops
        self._runs = runs
        self._deeds = deeds or {}
        self._decisions = decisions
        self._scorer = scorer
        self._principle = principle
        self._scores: dict[str, Any] = {}
        self._naming = naming
        self._named: dict[int, tuple[Person, Person]] = {}

    def person(self, action: Action) -> Person | None:
        """The subject of an action, fields named as the settings say; None if not on record."""
        found = self._of(action)
        if found is None or not self._naming:
            return found
        if id(found) not in self._named:  # kept with its original, whose id stays its own so
            self._named[id(found)] = found, self._naming.of(found)
        return self._named[id(found)][1]

    def on_record(self, action: Action) -> Person | None:
        """The same person, fields named as the CRM names them."""
        return self._of(action)

    def _by_subject(self, action: Action) -> Person | None:
        return self._people.get(action.subject)

    def kind(self, action: Action) -> ActionKind:
        """The registered kind of an action."""
        return self._kinds.get(action.kind)

    def agent(self, action: Action) -> Agent | None:
        """The registered agent; None under an open charter."""
        return self._register.get(action.agent)

    def stops(self, action: Action) -> Sequence[Stop]:
        """Stop switches that hold for an action."""
        if not self._stops:
            return ()
        mine = {"all", f"agent:{action.agent}", f"kind:{action.kind}", f"person:{action.subject}"}
        return [s for s in self._stops if s.scope in mine]

    def run(self, action: Action) -> Sequence[Touch]:
        """What the same run has done before."""
        return self._runs.get(action.run, ()) if action.run else ()

    def deeds(self, action: Action) -> Sequence[Deed]:
        """What the same run proposed before this action and nobody refused, oldest first."""
        found = self._deeds.get(action.run, ()) if action.run else ()
        own = next((n for n, d in enumerate(found) if d.action.id == action.id), len(found))
        return [d for d in found[:own] if d.state]

    def decide(self, action: Action, person: Person) -> Mapping[str, Any] | None:
        """Run the registered decision function for another person; None where none is."""
        function = self._decisions.get(f"{action.agent}/{action.kind}") or self._decisions.get(
            f"*/{action.kind}"
        )
        return None if function is None else function(action, person)

    def principle(self, article: str) -> str:
        """The principle that an article serves, in plain language; empty if there is none."""
        return self._principle(article)

    def classify(self, head: str, texts: Sequence[str]) -> Sequence[Any]:  # noqa: ARG002  (one pass gives all heads)
        """Score texts; each distinct text once, all heads in one pass."""
        missing = [t for t in dict.fromkeys(texts) if t not in self._scores]
        if missing:
            self._scores.update(zip(missing, self._scorer.score(missing), strict=True))
        return [self._scores[t] for t in texts]

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """What texts mean, as unit vectors of the shared encoder."""
        return self._scorer.embed([t[:_READ] for t in texts])

    def languages(self, texts: Sequence[str]) -> Sequence[str]:
        """Languages of texts, without asking the encoder."""
        return self._scorer.languages(texts)
