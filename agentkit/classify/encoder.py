"""The encoder: int8 ONNX, one pass for all heads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
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

    def features(self, texts: Sequence[str]) -> Features:
        """Features of each text: (texts, features), in the order given.

        One text at a time: activations are quantised by the range of what is run together, so a
        text in a batch would depend on its company, and a batch is hardly faster on a processor.
        Texts run beside each other on threads.
        """
        work = self._pool.map if self._pool else map
        rows = list(work(self._run, self.tokens(texts)))
        return np.concatenate(rows) if rows else np.zeros((0, self.facts.features), np.float32)

    def _run(self, ids: list[int]) -> Features:
        """One text through the session: (1, features)."""
        whole = np.ones((1, len(ids)), dtype=np.float32)
        (features,) = self._session.run(["features"], {"ids": np.array([ids]), "mask": whole})
        return np.asarray(features, dtype=np.float32)
