"""How fast the classifiers are, and what they take: a table, then one line of JSON.

    python benchmarks/classify.py [--repeat 5]

CPU time is of the whole process; throughput is wall time. Six passes are what six separate
transformer classifiers over the same encoder would do: the same weights, the same run.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agentkit.classify import HEADS, Classifier
from agentkit.classify.manifest import MODELS

CORPUS = Path(__file__).with_name("corpus")
FILES = [CORPUS / f"{head}.jsonl" for head in HEADS]
"""The project's hard pairs."""


def texts_in(file: Path) -> list[str]:
    """The texts of one file."""
    return [json.loads(line)["text"] for line in file.read_text("utf-8").splitlines()]


def texts_of_30_words(count: int) -> list[str]:
    """Texts of the project's own set, cut or filled to 30 words."""
    found = []
    for file in (CORPUS / f"{head}.jsonl" for head in HEADS):
        for line in file.read_text("utf-8").splitlines()[: count // 6 + 1]:
            words = json.loads(line)["text"].split()
            found.append(" ".join((words * 30)[:30]))
    return found[:count]


def cpu_ms(action: Callable[[], object], repeat: int) -> float:
    """Median CPU milliseconds of one call."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        action()
        times.append((time.process_time() - start) * 1e3)
    return statistics.median(times)


def per_second(action: Callable[[], object], count: int, repeat: int) -> float:
    """Texts a second, the best of the repeats: the others were disturbed."""
    best = 0.0
    for _ in range(repeat):
        start = time.perf_counter()
        action()
        best = max(best, count / (time.perf_counter() - start))
    return best


def six_passes(classifier: Classifier, texts: Sequence[str]) -> None:
    """One pass of the encoder for every head."""
    for head in HEADS:
        classifier.scores(texts, [head], cascade=False)


def agreement(classifier: Classifier, texts: Sequence[str]) -> tuple[float, float]:
    """Share settled by the linear tier, and share of flags that both tiers agree on."""
    fast, whole = classifier.scores(texts), classifier.scores(texts, cascade=False)
    settled = sum(answer.tier == "linear" for answer in fast) / len(texts)
    pairs = [(a.flags[h], b.flags[h]) for a, b in zip(fast, whole, strict=True) for h in a.flags]
    return settled, sum(a == b for a, b in pairs) / max(1, len(pairs))


def measure(repeat: int = 5) -> dict[str, float]:
    """The classifiers: one text, batches, the cascade, six passes instead of one, size, memory."""
    one, two = Classifier.load(), Classifier.load(threads=2)
    texts = texts_of_30_words(120)
    everyday = texts_in(CORPUS / "plain.jsonl")
    one.scores(texts[:20], cascade=False)
    single = [cpu_ms(lambda t=t: one.scores([t], cascade=False), 3) for t in texts[:40]]  # type: ignore[misc]
    whole = per_second(lambda: one.scores(texts, cascade=False), len(texts), repeat)
    six = per_second(lambda: six_passes(one, texts), len(texts), repeat)
    settled, agree = agreement(one, everyday)
    own_settled, own_agree = agreement(
        one, [text for file in FILES for text in texts_in(file)[::8]]
    )
    return {
        "single_ms_cpu": statistics.median(single),
        "encoder_texts_per_s_1_thread": whole,
        "encoder_texts_per_s_2_threads": per_second(
            lambda: two.scores(texts, cascade=False), len(texts), repeat
        ),
        "cascade_texts_per_s_2_threads": per_second(
            lambda: two.scores(everyday), len(everyday), repeat
        ),
        "six_passes_texts_per_s_1_thread": six,
        "times_faster_than_six_passes": whole / six,
        "everyday_settled_by_linear_tier": settled,
        "everyday_flags_agree": agree,
        "own_set_settled_by_linear_tier": own_settled,
        "own_set_flags_agree": own_agree,
        "model_files_mb": sum(f.stat().st_size for f in MODELS.rglob("*") if f.is_file()) / 1e6,
        "resident_mb": resident_mb(),
    }


def resident_mb() -> float:
    """Peak resident memory of a fresh process that has scored a batch."""
    import subprocess
    import sys

    code = (
        "import resource; from agentkit.classify import Classifier; "
        "Classifier.load().scores(['Please call me on Friday about the invoice.'] * 256, "
        "cascade=False); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    return int(subprocess.check_output([sys.executable, "-c", code], text=True)) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=5)
    figures = measure(parser.parse_args().repeat)
    figures["peak_mb_here"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for name, value in figures.items():
        print(f"{name:36} {value:10.3f}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
