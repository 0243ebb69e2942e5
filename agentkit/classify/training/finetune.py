"""Tune the upper layers and all heads at once; the lower ones stay as they were pretrained.

Tuning every layer on the public sets raised their own figures and lowered those on CRM text, so
only the upper layers learn, and the features keep two pools from below. What the lower layers give
is computed once and kept, which makes two cores enough.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from agentkit.classify.training.data import OUTPUTS, Row
from agentkit.classify.training.fit import OURS, Linear, targets_of
from agentkit.classify.training.trunk import Trunk

__all__ = ["Below", "Schedule", "lower_layers", "tune"]

_BATCH = 32
_SCALE = 4.0
"""Features have unit length by pool; a little larger, the head learns at the encoder's pace."""
_HEAD_RATE = 2e-3
_LABEL = 0.4
"""Weight of a label's loss beside that of a head's score."""
_IN_DOMAIN = 2.0
"""Weight of the project's own text beside the public sets."""
_FOREIGN = 0.3
"""Weight of a row as a negative of a head it was not written for."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to tune.

    Attributes:
        epochs: Passes over the rows that are given.
        rate: Highest learning rate.
        seconds: The rate falls to nothing by then, whatever is left.
        seed: Of order and dropout.
    """

    epochs: int
    rate: float
    seconds: float
    seed: int = 7


@dataclass(frozen=True)
class Below:
    """What the lower layers give for a text: token vectors (half precision) and kept pools."""

    hidden: Tensor
    pools: Tensor


def _padded(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids and mask of a batch."""
    longest = max(map(len, ids))
    padded = torch.ones(len(ids), longest, dtype=torch.long)
    mask = torch.zeros(len(ids), longest)
    for row, tokens in enumerate(ids):
        padded[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
    return padded, mask


def lower_layers(
    trunk: Trunk, ids: list[list[int]], frozen: int, kept: Sequence[int]
) -> list[Below]:
    """Run the frozen layers over every text once."""
    found: list[Below | None] = [None] * len(ids)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    for start in range(0, len(order), _BATCH):
        group = order[start : start + _BATCH]
        padded, mask = (t.to(trunk.places.device) for t in _padded([ids[i] for i in group]))
        with torch.inference_mode():
            x, pools = trunk.climb(trunk.embed(padded), mask, 0, frozen)
            stacked = torch.stack([pools[layer - 1] for layer in kept], 1)
        for row, i in enumerate(group):
            half = x[row, : len(ids[i])].to("cpu", torch.float16).clone()
            found[i] = Below(half, stacked[row].cpu().clone())
    return [below for below in found if below is not None]


def _stacked(below: Sequence[Below]) -> tuple[Tensor, Tensor, Tensor]:
    """Token vectors, mask and kept pools of a batch."""
    longest = max(len(b.hidden) for b in below)
    x = torch.zeros(len(below), longest, below[0].hidden.shape[1])
    mask = torch.zeros(len(below), longest)
    for row, one in enumerate(below):
        x[row, : len(one.hidden)] = one.hidden.float()
        mask[row, : len(one.hidden)] = 1
    return x, mask, torch.stack([one.pools for one in below])


def _features(trunk: Trunk, below: Sequence[Below], frozen: int, upper: Sequence[int]) -> Tensor:
    """Normalised pools side by side: kept ones from below, then the upper ones."""
    x, mask, kept = (t.to(trunk.places.device) for t in _stacked(below))
    _, pools = trunk.climb(x, mask, frozen, len(trunk.layers))
    chosen = [pools[layer - frozen - 1].float() for layer in upper]
    both = [*kept.unbind(1), *chosen]
    return torch.cat([nn.functional.normalize(pool, dim=-1) for pool in both], -1)


def _batches(below: Sequence[Below], rng: random.Random) -> list[list[int]]:
    """Rows in random order, those of like length in one batch."""
    order = list(range(len(below)))
    rng.shuffle(order)
    found = []
    for start in range(0, len(order), _BATCH * 16):
        near = sorted(order[start : start + _BATCH * 16], key=lambda i: len(below[i].hidden))
        found += [near[k : k + _BATCH] for k in range(0, len(near), _BATCH)]
    rng.shuffle(found)
    return found


def _emphasis(rows: Sequence[Row]) -> Tensor:
    """Weight of each output's loss by row."""
    heads = [name.split(".")[0] for name in OUTPUTS]
    labels = [1.0 if name == head else _LABEL for name, head in zip(OUTPUTS, heads, strict=True)]
    each = [[w * (1 if h == row.head else _FOREIGN) * (_IN_DOMAIN if row.source in OURS else 1)
             for w, h in zip(labels, heads, strict=True)] for row in rows]  # fmt: skip
    return torch.tensor(each)


def _optimiser(trunk: Trunk, frozen: int, head: nn.Linear, rate: float) -> torch.optim.Optimizer:
    """AdamW over the upper layers and the head."""
    upper = [p for layer in trunk.layers[frozen:] for p in layer.parameters()]
    groups = [{"params": upper, "lr": rate}, {"params": list(head.parameters()), "lr": _HEAD_RATE}]
    for group in groups:
        group["initial_lr"] = group["lr"]
    return torch.optim.AdamW(groups, weight_decay=0.01)


def _has_bfloat16(device: torch.device) -> bool:
    """Whether half precision is faster there: an older processor emulates it, far slower."""
    fast = torch.cpu.get_capabilities().get("avx512_bf16", False)
    return device.type != "cpu" or bool(fast)


def _head(width: int, start: Linear | None) -> nn.Linear:
    """The heads before the first step."""
    head = nn.Linear(width, len(OUTPUTS))
    with torch.no_grad():
        if start is None:
            head.weight.zero_()
        else:
            head.weight.copy_(torch.from_numpy(start.weight.T / _SCALE))
            head.bias.copy_(torch.from_numpy(start.bias))
    return head


def tune(
    trunk: Trunk,
    below: Sequence[Below],
    rows: Sequence[Row],
    schedule: Schedule,
    *,
    frozen: int,
    upper: Sequence[int],
    start: Linear | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Trunk, Linear]:
    """Tune a copy of the trunk; what it was given stays as it was.

    The loss is binary cross-entropy of every known output, with smoothed targets.

    Args:
        trunk: Where the encoder goes on from.
        below: What its frozen layers give for each row.
        rows: What it learns.
        schedule: How long and how fast.
        frozen: Number of layers that do not learn.
        upper: Pools read from those that do.
        start: Where the heads go on from; zero without it.
        say: Hears of progress.

    Returns:
        The tuned trunk, and the head it was tuned under.
    """
    torch.manual_seed(schedule.seed)
    rng = random.Random(schedule.seed)  # noqa: S311  (a reproducible order)
    trunk = copy.deepcopy(trunk)
    trunk.train()
    device = trunk.places.device
    targets, emphasis = torch.from_numpy(targets_of(rows)).to(device), _emphasis(rows).to(device)
    width = below[0].hidden.shape[1] * (len(below[0].pools) + len(upper))
    head = _head(width, start).to(device)
    optimiser = _optimiser(trunk, frozen, head, schedule.rate)
    batches = [b for _ in range(schedule.epochs) for b in _batches(below, rng)]
    began, mean = time.monotonic(), 0.0
    for step, group in enumerate(batches):
        done = max(step / len(batches), (time.monotonic() - began) / schedule.seconds)
        if done >= 1:
            break
        pace = min(1.0, (step + 1) / 50) * max(0.02, 1 - done)
        for part in optimiser.param_groups:
            part["lr"] = part["initial_lr"] * pace
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=_has_bfloat16(device)):
            features = _features(trunk, [below[i] for i in group], frozen, upper) * _SCALE
        loss = _loss(head, features.float(), targets[group], emphasis[group])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trunk.parameters(), 1.0)
        optimiser.step()
        mean += (float(loss.detach()) - mean) * 0.02
        if step % 100 == 0:
            pace_ = (step + 1) * _BATCH / (time.monotonic() - began)
            say(f"step {step} of {len(batches)}, {pace_:.0f} texts/s, loss {mean:.3f}")
    trunk.eval()
    weight = head.weight.detach().cpu().numpy().T * _SCALE
    return trunk, Linear(np.ascontiguousarray(weight), head.bias.detach().cpu().numpy())


def _loss(head: nn.Linear, features: Tensor, targets: Tensor, emphasis: Tensor) -> Tensor:
    """Weighted cross-entropy over what is known."""
    logits = head(nn.functional.dropout(features, 0.15))
    known = ~torch.isnan(targets)
    smooth = targets[known] * 0.94 + 0.03
    each = nn.functional.binary_cross_entropy_with_logits(
        logits[known], smooth, weight=emphasis[known], reduction="sum"
    )
    return each / len(targets)
