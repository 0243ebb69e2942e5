"""The encoder: int8 ONNX, one pass for all heads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from agentkit.classify.manifest import EncoderFacts
from agentkit.errors import ModelError

__all__ = ["Encoder"]

Features = NDArray[np.float32]


def _session(path: Path) -> Any:
    """Open the file for one process that shares its cores with others."""
    onnxruntime: Any = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Encoder:
    """Texts in, features out."""

    def __init__(self, folder: Path, facts: EncoderFacts, *, threads: int = 1) -> None:
        """Open tokenizer and session.

        Raises:
            ModelError: One of the two files cannot be read.
        """
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._session = _session(folder / "encoder.onnx")
        except Exception as error:  # both libraries raise bare Exception subclasses of their own
            raise ModelError(f"the encoder in {folder} cannot be opened") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(facts.max_tokens)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self.facts = facts

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, cut at the longest window."""
        return [self._tokenizer.encode(text).ids for text in texts]

    def features(self, texts: Sequence[str], *, batch: int = 4) -> Features:
        """Features of each text: (texts, features), in the order given.

        Texts of a like length share a batch, so little is spent on padding. Batches are small (more
        than a few texts leave the cache and cost more each) and run beside each other on threads.
        """
        ids = self.tokens(texts)
        found = np.zeros((len(ids), self.facts.features), dtype=np.float32)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        groups = [order[start : start + batch] for start in range(0, len(order), batch)]
        work = self._pool.map if self._pool else map
        for group, part in zip(groups, work(self._run, groups, repeat(ids)), strict=True):
            found[group] = part
        return found

    def _run(self, group: list[int], every: list[list[int]]) -> Features:
        """One batch through the session: some of the texts."""
        ids = [every[i] for i in group]
        longest = max(map(len, ids))
        padded = np.ones((len(ids), longest), dtype=np.int64)
        mask = np.zeros((len(ids), longest), dtype=np.float32)
        for row, tokens in enumerate(ids):
            padded[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1.0
        (features,) = self._session.run(["features"], {"ids": padded, "mask": mask})
        return np.asarray(features, dtype=np.float32)
