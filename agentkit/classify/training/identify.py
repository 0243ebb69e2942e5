"""Train the language identifier from word frequencies.

No corpus of forty languages is needed: a text is imitated by words drawn by their frequency in the
language (wordfreq, Speer 2022), which is all that character n-grams within words can see. Names
and numbers are mixed in, because customers write them in every language.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from agentkit.classify.hashing import grams
from agentkit.classify.language import SERVED, Identifier
from agentkit.classify.training.vocabulary import common_words

__all__ = ["FOREIGN", "train_identifier"]

FOREIGN: Final = (
    "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "sk", "sl", "hu", "ro", "ca", "tr", "id",
    "ms", "vi", "fil", "lt", "lv", "is", "sh",
)  # fmt: skip
"""Latin-script languages that are told apart from the served ones."""
_BITS: Final = 15
_ORDERS: Final = (2, 3, 4)
_WITH_NAME: Final = 0.25
_NAMES: Final = (
    "Anna", "Müller", "Lopez", "Smith", "Martin", "Garcia", "Nguyen", "IBAN", "PDF", "Email", "SMS",
    "OK", "WhatsApp", "Lidl", "Amazon", "Paris", "Berlin", "Madrid", "London",
)  # fmt: skip


def _frequencies(language: str) -> tuple[list[str], list[float]]:
    """Words of a language with the weight they are drawn by."""
    wordfreq: Any = import_module("wordfreq")
    words = [w for w in common_words(language, 30_000) if not any(c.isdigit() for c in w)]
    return words, [wordfreq.word_frequency(word, language) ** 0.8 for word in words]


def _sample(rng: random.Random, words: list[str], weights: list[float]) -> str:
    """Imitate one text of 2 to 25 words."""
    drawn = rng.choices(words, weights, k=rng.choice((2, 3, 4, 5, 7, 10, 15, 25)))
    if rng.random() < _WITH_NAME:
        drawn.insert(rng.randrange(len(drawn)), rng.choice(_NAMES))
    return " ".join(drawn)


def _samples(seed: int, each: int) -> Iterator[tuple[str, int]]:
    """Imitated texts and the index of their language; served ones come three times as often."""
    rng = random.Random(seed)  # noqa: S311  (a reproducible drawing)
    for index, language in enumerate(SERVED + FOREIGN):
        words, weights = _frequencies(language)
        for _ in range(each * 3 if language in SERVED else each):
            yield _sample(rng, words, weights), index


def train_identifier(*, seed: int = 7, each: int = 4000) -> Identifier:
    """Fit the table.

    Args:
        seed: Of the drawing and of the order.
        each: Imitated texts per language.
    """
    torch.manual_seed(seed)
    rows = list(_samples(seed, each))
    codes = SERVED + FOREIGN
    random.Random(seed).shuffle(rows)  # noqa: S311
    table = nn.EmbeddingBag(1 << _BITS, len(codes), mode="sum", sparse=True)
    nn.init.zeros_(table.weight)
    bias = nn.Parameter(torch.zeros(len(codes)))
    slow, fast = (
        torch.optim.SGD([bias], lr=0.05),
        torch.optim.SparseAdam(table.parameters(), lr=0.02),
    )
    for epoch in range(3):
        for group in fast.param_groups:
            group["lr"] = 0.02 / (1 + 2 * epoch)
        for start in range(0, len(rows), 256):
            _step(table, bias, (slow, fast), rows[start : start + 256])
    weights = table.weight.detach().numpy().astype(np.float32)
    return Identifier(weights, bias.detach().numpy().astype(np.float32), codes, _BITS, _ORDERS)


def _step(
    table: nn.EmbeddingBag,
    bias: nn.Parameter,
    optimisers: tuple[torch.optim.Optimizer, ...],
    rows: list[tuple[str, int]],
) -> None:
    """One step of gradient descent over a batch."""
    found = grams([text for text, _ in rows], bits=_BITS, orders=_ORDERS, words=1)
    count = torch.from_numpy(np.diff(found.bounds).astype(np.float32))[:, None]
    sums = table(
        torch.from_numpy(found.buckets), torch.from_numpy(found.bounds[:-1].astype(np.int64))
    )
    logits = sums / count.sqrt() + bias
    loss = nn.functional.cross_entropy(logits, torch.tensor([index for _, index in rows]))
    for optimiser in optimisers:
        optimiser.zero_grad()
    loss.backward()
    for optimiser in optimisers:
        optimiser.step()
