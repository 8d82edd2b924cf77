"""Time random partitions, drawn with gradients and scored exactly, on one thread.

Usage: python benchmarks/partition.py

The thesis' public code draws a partition and its gradient in 0.41 s at n = 256, K = 10, and 256 of
them in 0.14 s at n = 50, K = 2, measured with two threads; the ratios are to these two times. The
exact log-probability has no public rival. Each time is the best of several, in milliseconds, and
includes the making of the law; the growth with n is a fitted power.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from wslbook.distributions import RandomPartition, RandomPartitionStraightThrough
from wslbook.distributions.contour import contour_mean
from wslbook.distributions.race import log_prob_of_groups

ROW = "{:<34} {:>5} {:>3} {:>6} {:<8} {:>9} {:>9} {:>7}"
PUBLIC = {(256, 10, 1): 410.0, (50, 2, 256): 140.0}


def milliseconds(function: Callable[[], object]) -> float:
    times = []
    stop = time.perf_counter() + 0.7
    while len(times) < 5 or time.perf_counter() < stop:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def report(
    name: str, shape: tuple[int, int, int], leaves: list[Tensor], function: Callable[[], Tensor]
) -> float:
    weights = torch.randn_like(function())
    forward = milliseconds(function)
    both = milliseconds(lambda: torch.autograd.grad((weights * function()).sum(), leaves))
    public = PUBLIC[shape] / both if name == "draw" else None
    n, num_groups, batch = shape
    ratio = f"{public:.0f} x" if public else ""
    dtype = str(leaves[0].dtype)[6:]
    print(ROW.format(name, n, num_groups, batch, dtype, f"{forward:.2f}", f"{both:.2f}", ratio))
    return both


def parameters(shape: tuple[int, int, int], dtype: torch.dtype) -> list[Tensor]:
    n, num_groups, batch = shape
    return [torch.randn(batch, k, dtype=dtype, requires_grad=True) for k in (num_groups, n)]


def compare(shape: tuple[int, int, int], dtype: torch.dtype) -> None:
    log_weights, logits = leaves = parameters(shape, dtype)
    exact = RandomPartition(log_weights, logits, validate_args=False)
    y = exact.sample()
    groups, k = y.argmax(-2), shape[1]
    sizes, log_odds = exact.size_law.class_sizes, exact.size_law._log_odds.detach()
    log_odds.requires_grad_()

    def draw() -> Tensor:
        law = RandomPartitionStraightThrough(0.5, log_weights, logits, validate_args=False)
        return law.rsample()

    def log_prob() -> Tensor:
        return RandomPartition(log_weights, logits, validate_args=False).log_prob(y)

    report("draw", shape, leaves, draw)
    report("exact log_prob", shape, leaves, log_prob)
    report("  of it, the groups", shape, [logits], lambda: log_prob_of_groups(logits, groups, k))

    def by_convolution() -> Tensor:
        return RandomPartition(log_weights, logits, validate_args=False).size_law.mean

    def by_contour() -> Tensor:
        return contour_mean(sizes, shape[0], log_odds)

    report("sizes' mean, by convolution", shape, [log_weights], by_convolution)
    report("sizes' mean, by a contour", shape, [log_odds], by_contour)


def growth(dtype: torch.dtype) -> None:
    names = ["exact log_prob", "  of it, the groups"]
    times: dict[str, list[float]] = {name: [] for name in names}
    sizes = (64, 128, 256, 512, 1024)
    for n in sizes:
        shape = (n, 10, 1)
        log_weights, logits = leaves = parameters(shape, dtype)
        y = RandomPartition(log_weights, logits, validate_args=False).sample()
        groups = y.argmax(-2)
        functions = [
            lambda w=log_weights, s=logits, y=y: RandomPartition(
                w, s, validate_args=False
            ).log_prob(y),
            lambda s=logits, g=groups: log_prob_of_groups(s, g, 10),
        ]
        for name, function in zip(names, functions, strict=True):
            used = leaves if name == names[0] else [logits]
            times[name].append(report(name, shape, used, function))
    for name in names:
        power = np.polyfit(np.log(sizes[2:]), np.log(times[name][2:]), 1)[0]
        print(f"{name.strip()}: from n = {sizes[2]} on, time grows as n^{power:.2f}")


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(ROW.format("what", "n", "K", "batch", "dtype", "forward", "+ back", "public"))
    for dtype in (torch.float32, torch.float64):
        for shape in PUBLIC:
            compare(shape, dtype)
    growth(torch.float64)


if __name__ == "__main__":
    main()
