"""How well claims are found and settled, and what revision makes of them: the project's own set.

python -m benchmarks.claims tune     the half that patterns may be tuned on, with its errors
python -m benchmarks.claims report   the other half: figures only
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from agentkit.action import Action, Sender
from agentkit.agent import Register
from agentkit.clock import FixedClock, parse_instant
from agentkit.context import Person
from agentkit.crm.inline import InlinePeople
from agentkit.gate import Gate
from agentkit.pipeline import build_gate
from agentkit.settings import Settings
from agentkit.verdict import Review, Ruling
from agentkit_plugins.claims import Claim, check

CORPUS: Final = Path(__file__).with_name("corpus")
NOW: Final = parse_instant("2026-11-23T09:30:00+01:00")
"""The Monday on which every row of the sets is read."""
OUTCOMES: Final = ("contradicted", "supported", "unsupported")
_NOT_COUNTED: Final = frozenset(
    {
        "machine-says-so", "eu-ai-act-machine-says-so", "marketing-says-how-to-stop",
        "uk-pecr-address-to-refuse", "us-can-spam-postal-address", "us-can-spam-opt-out-link",
    }
)  # fmt: skip
"""Lines that every message, or every advertisement, needs: that a machine wrote, how to stop."""


def rows(name: str, split: str = "") -> list[dict[str, Any]]:
    """The rows of a set, or of one half of it."""
    lines = (CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [row for row in map(json.loads, lines) if not split or row["split"] == split]


def action_of(row: Mapping[str, Any]) -> Action:
    """The action of a row."""
    skipped = {"contact", "record", "history", "sender"}
    fields = {k: v for k, v in row.items() if k not in skipped}
    return Action.create(**fields, sender=Sender(**row.get("sender", {})))


def people_of(some: Iterable[Mapping[str, Any]]) -> tuple[list[Action], InlinePeople]:
    """The actions of some rows, and the people who come with them."""
    people, actions = InlinePeople(), []
    for row in some:
        actions.append(action_of(row["action"]))
        people.add(actions[-1], row["action"])
    return actions, people


def found(row: Mapping[str, Any]) -> list[Claim]:
    """What the plugin says of a row."""
    (action,), people = people_of([row])
    person: Person | None = people.people("default", [action]).of(action)
    return check(action, person, NOW, "" if person is None else person.contact.country)


def compared(row: Mapping[str, Any], claims: list[Claim]) -> list[tuple[str, str, str]]:
    """Kind, labelled outcome and found outcome of every claim; ``-`` where there is none."""
    text, left = row["action"]["text"], list(claims)
    pairs: list[tuple[str, str, str]] = []
    for label in row["claims"]:
        start = text.index(label["text"])
        end = start + len(label["text"])
        hits = [
            c for c in left if c.kind == label["kind"] and c.span.start < end and start < c.span.end
        ]
        right = [c for c in hits if c.outcome == label["outcome"]]
        pairs.append((label["kind"], label["outcome"], (right or hits)[0].outcome if hits else "-"))
        left = [c for c in left if c not in hits]
    return pairs + [(c.kind, "-", c.outcome) for c in left]


def macro_f1(pairs: Iterable[tuple[str, str, str]]) -> tuple[float, dict[str, float]]:
    """Macro F1 over the three outcomes, and each; a claim that is missed or made up is an error."""
    counts = Counter((said, got) for _, said, got in pairs)
    by = {}
    for outcome in OUTCOMES:
        right = counts[outcome, outcome]
        missed = sum(n for (said, got), n in counts.items() if said == outcome != got)
        wrong = sum(n for (said, got), n in counts.items() if got == outcome != said)
        by[outcome] = 2 * right / max(1, 2 * right + missed + wrong)
    return sum(by.values()) / len(by), by


def gate_of(people: InlinePeople) -> Gate:
    """The default constitution with every installed plugin, and an open charter."""
    return build_gate(Settings(), people, FixedClock(NOW), Register(open=True))


def reviewed(some: Iterable[Mapping[str, Any]]) -> list[Review]:
    """Rows judged by the default constitution."""
    actions, people = people_of(some)
    return gate_of(people).review_many(actions)


def disturbed(review: Review) -> bool:
    """An ordinary message that was rewritten or put before a person, but for the AI's own line."""
    rewritten = {a for r in review.verdict.revisions for a in r.articles}
    fired = {f.article for f in review.verdict.fired} | rewritten
    held = review.verdict.ruling in {Ruling.ESCALATE, Ruling.DENY}
    return bool(fired - _NOT_COUNTED) or held


def curable(review: Review) -> bool:
    """A rewrite may cure it, for more than the AI's own line: no consent is lacking, say."""
    asked = {a for r in review.verdict.revisions for a in r.articles}
    asked |= {f.article for f in review.verdict.fired if f.revise}
    incurable = any(not f.revise for f in review.verdict.fired)
    return bool(asked - _NOT_COUNTED) and not incurable


def cured(review: Review) -> bool:
    """It ended in a message that may go, now or at its hour, without a person."""
    return review.revised and review.verdict.ruling in {Ruling.ALLOW, Ruling.DEFER}


def cost_us(some: list[dict[str, Any]], repeat: int = 3) -> float:
    """CPU microseconds of the claims of one message, read for the first time."""
    from agentkit_plugins.reading import read
    from agentkit_plugins.statements import statements

    best = float("inf")
    for _ in range(repeat):
        read.cache_clear()
        statements.cache_clear()
        start = time.process_time()
        for row in some:
            found(row)
        best = min(best, (time.process_time() - start) / len(some) * 1e6)
    return best


def manipulative() -> list[dict[str, Any]]:
    """The corpus of deceptive texts as marketing messages to people who agreed; no records."""
    lines = (CORPUS / "deception.jsonl").read_text("utf-8").splitlines()
    return [_marketing(row) for row in map(json.loads, lines) if row["label"] == 1]


def _marketing(row: Mapping[str, Any]) -> dict[str, Any]:
    granted = {"purpose": "marketing", "status": "granted", "at": "2026-02-01T10:00:00+01:00"}
    contact = {
        "name": "Dana Whitlock", "email": "person@example.com", "phone": "+441614960000",
        "country": {"en": "GB"}.get(row["lang"], row["lang"].upper()), "language": row["lang"],
        "timezone": "Europe/Berlin", "type": "consumer", "consents": [granted],
    }  # fmt: skip
    action = {
        "id": row["id"], "kind": "message.send", "agent": "outreach", "subject": row["id"],
        "channel": "email", "purpose": "marketing", "text": row["text"], "contact": contact,
    }  # fmt: skip
    return {"action": action}


def measure() -> dict[str, float]:
    """Claims against the record: macro F1, messages disturbed, verdicts cured, the cost of one."""
    report, ordinary = rows("claims", "report"), rows("ordinary")
    macro, by = macro_f1(p for row in report for p in compared(row, found(row)))
    judged = reviewed(rows("claims"))
    asked = [r for r in judged if curable(r)]
    pressed = [r for r in reviewed(manipulative()) if curable(r)]
    return {
        "claims_macro_f1": macro,
        **{f"claims_f1_{outcome}": value for outcome, value in by.items()},
        "ordinary_disturbed_percent": 100 * sum(map(disturbed, reviewed(ordinary))) / len(ordinary),
        "revisable": float(len(asked)),
        "revisable_cured_percent": 100 * sum(map(cured, asked)) / max(1, len(asked)),
        "manipulative_revisable": float(len(pressed)),
        "manipulative_cured_percent": 100 * sum(map(cured, pressed)) / max(1, len(pressed)),
        "claims_us_cpu": cost_us(report),
    }


def main(split: str) -> None:
    some = rows("claims", split)
    pairs = []
    for row in some:
        result = compared(row, found(row))
        pairs += result
        if split == "tune" and any(said != got for _, said, got in result):
            print(row["id"], row["action"]["text"])
            print("   ", row["action"].get("record"), [r for r in result if r[1] != r[2]])
    macro, by = macro_f1(pairs)
    print(split, len(some), f"macro F1 {macro:.3f}", {k: round(v, 3) for k, v in by.items()})


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else "tune")
