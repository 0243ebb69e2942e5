"""The person's own new words in a mail: what was quoted below or between them is left out.

Quoted are lines that begin with ``>``, and everything after a line that mail programs write above
what is answered ("On ... wrote:", "Am ... schrieb ...:", "Le ... a écrit :", "El ... escribió:",
"-----Original Message-----", a block of "From:", "Sent:", "To:"). After such a line that is
followed by ``>`` lines the unquoted rest counts again: people also answer below or in between.
Every pattern is tried on one line of bounded length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["OwnWords", "own_words"]

_LONGEST_LINE: Final = 400
"""Characters of a line that are looked at for a mark of quotation."""
_WRAPPED: Final = 3
"""Lines over which mail programs break an attribution."""

_WROTE: Final = re.compile(
    r"(?:\bwrote|\bschrieb\b[^:]{0,200}|\bhat\b[^:]{0,120}\bgeschrieben|\ba écrit|\bescribió)"
    r"\s*:\s*$",
    re.IGNORECASE,
)
_OPENS: Final = re.compile(r"^\s*(?:On|Am|Le|El|Il|Den|\d{1,4}[-./])", re.IGNORECASE)
_DATED: Final = re.compile(r"\d")
_RULE: Final = re.compile(
    r"^\s*(?:-{2,}|_{2,})\s*(?:original message|forwarded message|ursprüngliche nachricht|"
    r"weitergeleitete nachricht|original-?nachricht|message d'origine|message transféré|"
    r"mensaje original|mensaje reenviado)\s*(?:-{2,}|_{2,})?\s*$",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(
    r"^\s*\*?(?:from|sent|to|subject|date|cc|von|gesendet|an|betreff|datum|de|envoyé|à|objet|"
    r"enviado|para|asunto|fecha)\s*:\*?\s*\S",
    re.IGNORECASE,
)
_FIRST_HEADER: Final = re.compile(r"^\s*\*?(?:from|von|de)\s*:\*?\s*\S", re.IGNORECASE)
_SIGNATURE: Final = re.compile(r"^-- ?$")


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What a person wrote now, and whether more may be hidden in what looks quoted.

    Attributes:
        text: The person's own words.
        open_end: What was left out at the end bears no mark of quotation on each line, so
            something of their own may stand in it.
    """

    text: str
    open_end: bool


def own_words(text: str) -> OwnWords:
    """Split off what was quoted; one pass over the lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept: list[str] = []
    end = len(lines)
    for number, line in _own(lines):
        if line is None:
            end = number
        else:
            kept.append(line)
    rest = (line.strip() for line in lines[end:])
    unmarked = sum(bool(line) and not line.startswith(">") for line in rest)
    return OwnWords("\n".join(kept).strip(), open_end=unmarked > 0)


def _own(lines: Sequence[str]) -> Iterator[tuple[int, str | None]]:
    """Number and text of each own line; None where all that follows is quoted."""
    number = 0
    while number < len(lines):
        line = lines[number]
        if _SIGNATURE.match(line):
            return
        if _RULE.match(line[:_LONGEST_LINE]) or _block(lines, number):
            yield number + 1, None
            return
        length = _attribution(lines, number)
        number += length
        if length and not _next_is_quoted(lines, number):
            yield number, None
            return
        if not length:
            if not line.lstrip().startswith(">"):
                yield number, line
            number += 1


def _block(lines: Sequence[str], number: int) -> bool:
    """Whether a mail's head begins here: "From:" and at least one more line of its kind."""
    if not _FIRST_HEADER.match(lines[number][:_LONGEST_LINE]):
        return False
    return any(_HEADER.match(line[:_LONGEST_LINE]) for line in lines[number + 1 : number + 3])


def _attribution(lines: Sequence[str], number: int) -> int:
    """How many lines an attribution takes that begins here; 0 where none does."""
    if not _OPENS.match(lines[number][:_LONGEST_LINE]):
        return 0
    joined = ""
    for count, line in enumerate(lines[number : number + _WRAPPED], 1):
        if not line.strip():
            return 0
        joined = f"{joined} {line[:_LONGEST_LINE].strip()}"
        if _WROTE.search(joined):
            return count if _DATED.search(joined) else 0
    return 0


def _next_is_quoted(lines: Sequence[str], number: int) -> bool:
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number < len(lines) and lines[number].lstrip().startswith(">")
