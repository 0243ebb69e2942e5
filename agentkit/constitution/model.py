"""A constitution as a person writes it: the YAML, typed."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from agentkit.action import Scope
from agentkit.verdict import Mode, Ruling

__all__ = ["AppliesTo", "Article", "ConstitutionFile", "Example", "Override", "Parameter"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AppliesTo(_Strict):
    """Which actions an article is about; an empty list means all.

    ``senders`` widens ``jurisdictions``: a law that also binds whoever sends from a country holds
    wherever the recipient is.
    """

    kinds: list[str] = Field(default_factory=list)
    channels: list[str] = Field(default_factory=list)
    purposes: list[str] = Field(default_factory=list)
    jurisdictions: list[str] = Field(default_factory=list)
    senders: list[str] = Field(
        default_factory=list,
        description="countries of the sender; the article also holds for recipients elsewhere",
    )

    @model_validator(mode="after")
    def _senders_widen_something(self) -> AppliesTo:
        if self.senders and not self.jurisdictions:
            raise ValueError("`senders:` widens `jurisdictions:`; without those it says nothing")
        return self

    def scope(self) -> Scope:
        """As a scope."""
        return Scope.of(self.kinds, self.channels, self.purposes, self.jurisdictions)


class Example(_Strict):
    """A test that travels with its article; run by ``agentkit constitution test``."""

    given: dict[str, Any] = Field(description="facts by qualified name")
    expect: Literal["allow", "defer", "escalate", "deny", "gap"]
    why: str = ""
    at: str = Field(default="", description="judged as of this instant or date")

    @field_validator("at", mode="before")
    @classmethod
    def _read_bare_date(cls, value: Any) -> Any:
        """YAML reads an unquoted date as one."""
        return value.isoformat() if isinstance(value, date) else value


class Parameter(_Strict):
    """A value that a binding may set: a threshold, a cap, an hour."""

    type: Literal["string", "bool", "int", "double", "list(string)"]
    default: Any
    about: str = ""


class Article(_Strict):
    """One rule. No article can say allow."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    principle: str
    applies_to: AppliesTo = AppliesTo()
    when: str = Field(description="CEL, type bool: the article fires where it is true")
    unless: str = Field(default="", description="CEL, type bool: legal exceptions")
    then: Literal["defer", "escalate", "deny"]
    until: str = Field(default="", description="CEL, type timestamp: for `then: defer`")
    task: str = Field(default="", description="record field to wait for: for `then: defer`")
    revise: bool = Field(default=False, description="a rewrite may cure it")
    overridable: str = Field(default="", description="role whose approval may waive it")
    protected: bool = Field(default=False, description="an extending constitution may not touch it")
    owner: str = ""
    because: str = Field(description="one sentence; {fact} is filled in when it is shown")
    cites: list[str] = Field(default_factory=list)
    status: Literal["settled", "contested", "policy"] = "policy"
    pending: str = Field(default="", description="a change of the law that is on its way")
    mode: Mode | None = Field(default=None, description="softer than its binding, never stricter")
    effective_from: date | None = None
    effective_until: date | None = None
    verified_on: date | None = None
    verified_by: str = ""
    examples: list[Example] = Field(default_factory=list)

    @field_validator("when", "unless", mode="before")
    @classmethod
    def _read_bare_true(cls, value: Any) -> Any:
        """YAML reads ``when: true`` as a truth value; CEL wants its source."""
        return str(value).lower() if isinstance(value, bool) else value

    @property
    def ruling(self) -> Ruling:
        """What it rules where it fires."""
        return Ruling.read(self.then)

    @property
    def condition(self) -> str:
        """``when && !(unless)`` as one expression."""
        return f"({self.when}) && !({self.unless})" if self.unless.strip() else self.when

    def in_force(self, day: date) -> bool:
        """Whether it holds on a day (from: inclusive, until: exclusive)."""
        begun = self.effective_from is None or day >= self.effective_from
        return begun and (self.effective_until is None or day < self.effective_until)

    @model_validator(mode="after")
    def _defer_says_until_when(self) -> Article:
        if self.then == "defer" and not (self.until or self.task):
            raise ValueError("`then: defer` needs `until:` (an instant, CEL) or `task:` (a field)")
        if self.then != "defer" and (self.until or self.task):
            raise ValueError("`until:` and `task:` belong to `then: defer`")
        return self


class Override(_Strict):
    """An extending constitution's change to one article of what it extends."""

    id: str
    reason: str = Field(min_length=5)
    approved_by: str = Field(min_length=2)
    until: date
    then: Literal["escalate", "deny", "off"] = "off"
    unless: str = Field(
        default="", description="CEL: a further exception, instead of switching off"
    )


class ConstitutionFile(_Strict):
    """One file: principles in plain language, and articles."""

    constitution: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(ge=1)
    title: str = ""
    about: str = ""
    extends: list[str] = Field(default_factory=list)
    reviewed_by: str = "not reviewed by a lawyer"
    reviewed_on: date | None = None
    principles: dict[str, str] = Field(default_factory=dict)
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    articles: list[Article] = Field(default_factory=list)
    overrides: list[Override] = Field(default_factory=list)

    @field_validator("articles")
    @classmethod
    def _ids_are_unique(cls, articles: list[Article]) -> list[Article]:
        seen: set[str] = set()
        for article in articles:
            if article.id in seen:
                raise ValueError(f"two articles have the id {article.id!r}")
            seen.add(article.id)
        return articles
