"""The encoder, restated over its weights, so that what is exported is what was trained.

Exporting a library's model object is a trap: tracing ``transformers`` gave a file that loads, runs
and differs (cosine 0.91). These few lines are BERT as published (Devlin et al. 2019), post-norm,
with an additive mask; the exporter checks the file against this module on 200 texts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from agentkit.classify.training.weights import Pretrained

__all__ = ["Layer", "Trunk"]


class _Fused(torch.autograd.Function):  # type: ignore[misc]  # torch is Any where not installed
    """Attention as onnxruntime's one operator: a quarter faster than its parts, once quantised."""

    @staticmethod
    def forward(
        _context: Any, x: Tensor, _weight: Tensor, _bias: Tensor, _lengths: Tensor, _heads: int
    ) -> Tensor:
        return x.clone()

    @staticmethod
    def symbolic(graph: Any, x: Any, weight: Any, bias: Any, lengths: Any, heads: int) -> Any:
        made = graph.op("com.microsoft::Attention", x, weight, bias, lengths, num_heads_i=heads)
        return made.setType(x.type())


class Layer(nn.Module):  # type: ignore[misc]  # torch is Any where it is not installed
    """One transformer layer: self-attention and a feed-forward block, each followed by a norm."""

    def __init__(self, hidden: int, heads: int, wide: int, eps: float) -> None:
        """Lay out the weights, to be filled from a pretrained encoder."""
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.norm1 = nn.LayerNorm(hidden, eps)
        self.up = nn.Linear(hidden, wide)
        self.down = nn.Linear(wide, hidden)
        self.norm2 = nn.LayerNorm(hidden, eps)

    def attend(self, x: Tensor, mask: Tensor) -> Tensor:
        """Scaled dot-product attention; ``mask`` is 0 on tokens and very negative on padding."""
        if torch.onnx.is_in_onnx_export():
            lengths = (mask[:, 0, 0] == 0).sum(1).to(torch.int32)
            weight = self.qkv.weight.t().contiguous()
            return self.out(_Fused.apply(x, weight, self.qkv.bias, lengths, self.heads))
        batch, length, hidden = x.shape
        parts = self.qkv(x).view(batch, length, 3, self.heads, hidden // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        weights = query @ key.transpose(-1, -2) / math.sqrt(hidden // self.heads) + mask
        mixed = (weights.softmax(-1) @ value).transpose(1, 2).reshape(batch, length, hidden)
        return self.out(mixed)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Transform (batch, tokens, hidden)."""
        x = self.norm1(x + self.attend(x, mask))
        return self.norm2(x + self.down(functional.gelu(self.up(x))))


class Trunk(nn.Module):  # type: ignore[misc]  # as above
    """Token ids and mask in, the mean-pooled output of every kept layer out."""

    def __init__(self, source: Pretrained, kept: list[int], layers: int) -> None:
        """Fill the weights.

        Args:
            source: The pretrained encoder.
            kept: Ids of the vocabulary that stay, in their new order.
            layers: How many of its first layers to keep.
        """
        super().__init__()
        tensors = source.tensors
        wide = tensors["l0.fi.b"].shape[0]
        self.words = nn.Embedding.from_pretrained(
            torch.from_numpy(tensors["emb.word"][kept]), freeze=False
        )
        places = tensors["emb.pos"] + tensors["emb.type"][:1]
        self.places = nn.Parameter(torch.from_numpy(places))
        self.norm = nn.LayerNorm(source.hidden, source.eps)
        self.layers = nn.ModuleList(
            Layer(source.hidden, source.heads, wide, source.eps) for _ in range(layers)
        )
        self._fill(source)

    def _fill(self, source: Pretrained) -> None:
        """Copy the pretrained tensors into the modules."""
        tensors = {name: torch.from_numpy(value) for name, value in source.tensors.items()}
        state = {"norm.weight": tensors["emb.ln.w"], "norm.bias": tensors["emb.ln.b"]}
        names = {"out": "ao", "norm1": "aln", "up": "fi", "down": "fo", "norm2": "oln"}
        for index in range(len(self.layers)):
            for end, short in (("weight", "w"), ("bias", "b")):
                parts = [tensors[f"l{index}.{part}.{short}"] for part in "qkv"]
                state[f"layers.{index}.qkv.{end}"] = torch.cat(parts)
                for ours, theirs in names.items():
                    state[f"layers.{index}.{ours}.{end}"] = tensors[f"l{index}.{theirs}.{short}"]
        self.load_state_dict(state, strict=False)

    def embed(self, ids: Tensor) -> Tensor:
        """Vectors of the tokens before the first layer: (batch, tokens, hidden)."""
        return self.norm(self.words(ids) + self.places[: ids.shape[1]])

    def climb(self, x: Tensor, mask: Tensor, start: int, stop: int) -> tuple[Tensor, list[Tensor]]:
        """Run layers ``start`` to ``stop``; also the mean over the tokens after each of them."""
        share = mask.to(self.places.dtype)
        additive = (1.0 - share)[:, None, None, :] * -1e4
        mean = (share / share.sum(1, keepdim=True))[:, None, :]
        pools = []
        for layer in self.layers[start:stop]:
            x = layer(x, additive)
            pools.append((mean @ x)[:, 0])
        return x, pools

    def pooled(self, ids: Tensor, mask: Tensor) -> list[Tensor]:
        """Mean over the tokens after each layer: one (batch, hidden) a layer."""
        return self.climb(self.embed(ids), mask, 0, len(self.layers))[1]
