"""Cut a 250,000-piece vocabulary to the languages that are served, and build its tokenizer.

A piece stays if the pieces of common words of a served language, or of the training texts, use it,
or if it is a single character of their scripts. What is cut falls back to shorter pieces, never to
nothing.
"""

from __future__ import annotations

import unicodedata
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from agentkit.classify.language import SERVED
from agentkit.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentkit.classify.training.weights import Pretrained

__all__ = ["common_words", "cut", "kept_by", "tokenizer_of"]

_WORDS = 60_000
"""Words per language whose pieces stay, by frequency."""


def tokenizer_of(pieces: list[tuple[str, float]], special: dict[str, int]) -> Tokenizer:
    """Build a unigram tokenizer; ``special`` gives the ids of bos, eos and unk."""
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=special["unk"]))
    squeeze = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), squeeze])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    ends = [(name, special[key]) for name, key in (("<s>", "bos"), ("</s>", "eos"))]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=ends
    )
    return tokenizer


def kept_by(path: Path, source: Pretrained) -> list[int]:
    """The ids that an earlier cut left, in their new order.

    Args:
        path: The tokenizer that was shipped.
        source: The pretrained encoder.

    Raises:
        ModelError: It cannot be read, or knows a piece that the pretrained vocabulary does not.
    """
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise ModelError(f"{path} is not a tokenizer") from error
    places = {piece: number for number, (piece, _) in enumerate(source.pieces)}
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    try:
        return [places[piece] for piece, _ in pieces]
    except KeyError as error:
        raise ModelError(f"the tokenizer is of another encoder: it knows {error}") from error


def common_words(language: str, count: int = _WORDS) -> list[str]:
    """The most frequent words of a language, best first (wordfreq, Speer 2022)."""
    wordfreq: Any = import_module("wordfreq")
    return list(wordfreq.top_n_list(language, count))


def _is_latin(piece: str) -> bool:
    """Whether a single character belongs to text in the served languages, signs included."""
    return len(piece) == 1 and (
        not piece.isalpha() or unicodedata.name(piece, "").startswith("LATIN")
    )


def cut(source: Pretrained, texts: Iterable[str]) -> list[int]:
    """Choose the ids that stay, in ascending order; the special ones come first."""
    tokenizer = tokenizer_of(source.pieces, source.special)
    kept = set(source.special.values())
    kept.update(i for i, (piece, _) in enumerate(source.pieces) if _is_latin(piece.lstrip("▁")))
    words = [word for language in SERVED for word in common_words(language)]
    samples = [*words, *(word.capitalize() for word in words), *texts]
    for encoding in tokenizer.encode_batch(samples):
        kept.update(encoding.ids)
    return sorted(kept)
