"""Comparing methods over a few seeds."""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, variance
from typing import Any

__all__ = ["better", "seed_values"]


def seed_values(
    results: Iterable[Mapping[str, Any]], metric: str, method: str, key: str | None = None
) -> list[float]:
    """Collect one number of every run of a method.

    Args:
        results: what :func:`.load_results` returns.
        metric: a key of ``numbers``.
        method: how the experts are combined.
        key: what is measured, such as ``"text<-mnist"``; None where the metric is one number.

    Returns:
        One number for each run, in the order of the results.

    Example:
        >>> runs = [{"config": {"method": "poe"}, "numbers": {"probe": {"m0": 0.5}}}]
        >>> seed_values(runs, "probe", "poe", "m0")
        [0.5]
    """
    found = [r["numbers"][metric] for r in results if r["config"]["method"] == method]
    return found if key is None else [numbers[key] for numbers in found]


def better(first: Sequence[float], second: Sequence[float], margin: float) -> int:
    r"""Say whether the first method is better than the second by a margin.

    .. math:: d = \bar x - \bar y, \qquad e = 2 \sqrt{s_x^2 / n_x + s_y^2 / n_y}

    A single run has no spread of its own; its method then counts as exact.

    Args:
        first: the numbers of one method, one a run.
        second: those of another.
        margin: the smallest difference that matters, not negative.

    Returns:
        1 if the difference d exceeds the margin and e, -1 if d + e is below the margin, 0 if that
        is open.

    Example:
        >>> better([0.9, 0.91, 0.92], [0.8, 0.8, 0.81], margin=0.02)
        1
        >>> better([0.9, 0.91, 0.92], [0.91, 0.91, 0.92], margin=0.02)
        -1
        >>> better([0.9, 0.91, 0.92], [0.9, 0.8, 0.99], margin=0.02)
        0

    Derived in: notebooks/10
    """
    gap = fmean(first) - fmean(second)
    error = 2 * math.sqrt(sum(variance(v) / len(v) for v in (first, second) if len(v) > 1))
    return 1 if gap > max(margin, error) else -1 if gap + error < margin else 0
