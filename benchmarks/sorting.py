"""Time relaxed sorting against torch.sort, and Plackett-Luce against a loop, on one thread.

Usage: python benchmarks/sorting.py

torch.sort is the price of a hard ranking and of its inverse for the gradient; the relaxations give
a matrix, so their cost grows as n squared. Each time is the best of several, in milliseconds, in
single precision.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor

from wslbook.distributions import PlackettLuce
from wslbook.sorting import neural_sort, soft_sort

ROW = "{:<16} {:>5} {:>6} {:>10} {:>10}"


def looped_log_prob(logits: Tensor, ranking: Tensor) -> Tensor:
    """Pick the items one by one, the way the definition reads."""
    ranked = logits.gather(-1, ranking)
    terms = [ranked[:, k] - ranked[:, k:].logsumexp(-1) for k in range(ranked.shape[-1])]
    return torch.stack(terms).sum(0)


def milliseconds(function: Callable[[], object]) -> float:
    times = []
    stop = time.perf_counter() + 0.5
    while len(times) < 5 or time.perf_counter() < stop:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def report(name: str, n: int, batch: int, function: Callable[[Tensor], Tensor]) -> None:
    scores = torch.randn(batch, n, requires_grad=True)
    weights = torch.randn_like(function(scores))

    def both() -> None:
        torch.autograd.grad((weights * function(scores)).sum(), scores)

    forward = milliseconds(lambda: function(scores))
    print(ROW.format(name, n, batch, f"{forward:.3f}", f"{milliseconds(both):.3f}"))


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(ROW.format("function", "n", "batch", "forward", "+ backward"))
    for n in (10, 50, 256):
        for batch in (1, 64):
            ranking = torch.rand(batch, n).argsort(-1)
            functions = {
                "torch.sort": lambda s: s.sort(-1).values,
                "neural_sort": lambda s: neural_sort(s, 1.0),
                "soft_sort": lambda s: soft_sort(s, 1.0),
                "PL log_prob": lambda s, r=ranking: PlackettLuce(s).log_prob(r),
                "PL loop": lambda s, r=ranking: looped_log_prob(s, r),
            }
            for name, function in functions.items():
                report(name, n, batch, function)


if __name__ == "__main__":
    main()
