"""Time a draw and the gradient of its log-probability: exact law, thesis' algorithms, SciPy's loop.

Usage: python benchmarks/urn_sampling.py [--plot]

One thread, one run, side by side; each time is the best of five. The thesis' Algorithms 1 to 4 are
written out as printed (with errata E-21, E-24, E-25, E-31 mended, or they would not run): class by
class, every outcome's logit from four log-Gammas, Gumbel-softmax, straight-through, Count-Index.
With --plot the growth with K, n and the batch is measured too, and drawn for the book.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from hypergeometric import milliseconds
from scipy.stats import nchypergeom_fisher
from torch import Tensor

import wslbook
from wslbook.distributions import MergedMultivariateHypergeometric, MultivariateHypergeometric

ROOT = Path(__file__).parents[1]
TEMPERATURE = 1.0


def thesis(sizes: list[int], num_draws: int, log_weights: Tensor) -> tuple[Tensor, Tensor]:
    """Draw as Algorithm 4 does and return the counts with the log-probability of the sequence."""
    remaining = log_weights.new_full(log_weights.shape[:-1], num_draws)
    counts, log_prob = [], log_weights.new_zeros(log_weights.shape[:-1])
    for k, m in enumerate(sizes[:-1]):
        rest = torch.tensor(sizes[k + 1 :]).to(log_weights)
        log_right = (log_weights[..., k + 1 :] + rest.log() - rest.sum().log()).logsumexp(-1)
        j = torch.arange(m + 1).to(log_weights)
        other = remaining.unsqueeze(-1) - j
        feasible = (other >= 0) & (other <= rest.sum())
        clamped = other.clamp(0).minimum(rest.sum())
        ways = -(j + 1).lgamma() - (m - j + 1).lgamma()
        ways = ways - (clamped + 1).lgamma() - (rest.sum() - clamped + 1).lgamma()
        logits = ways + j * log_weights[..., k, None] + other * log_right.unsqueeze(-1)
        logits = logits.masked_fill(~feasible, -torch.inf)
        gumbel = -torch.empty_like(logits).exponential_().log()
        soft = ((logits + gumbel) / TEMPERATURE).softmax(-1)
        hard = torch.zeros_like(soft).scatter_(-1, soft.argmax(-1, keepdim=True), 1.0)
        chosen = hard - soft.detach() + soft
        counts.append((chosen * j).sum(-1))
        log_p = logits.log_softmax(-1).masked_fill(~feasible, 0.0)
        log_prob = log_prob + (hard * log_p).sum(-1)
        remaining = (remaining - counts[-1]).detach()
    return torch.stack([*counts, remaining], -1), log_prob


def exact(sizes: list[int], num_draws: int, log_weights: Tensor) -> tuple[Tensor, Tensor]:
    law = MultivariateHypergeometric(sizes, num_draws, log_weights, validate_args=False)
    n = law.sample()
    return n, law.log_prob(n)


def merged(sizes: list[int], num_draws: int, log_weights: Tensor) -> tuple[Tensor, Tensor]:
    law = MergedMultivariateHypergeometric(sizes, num_draws, log_weights, validate_args=False)
    n = law.sample()
    return n, law.log_prob(n)


def scipy_loop(sizes: list[int], num_draws: int, log_weights: Tensor) -> None:
    """Draw class by class with SciPy's univariate sampler, row by row; no gradient exists."""
    for weights in log_weights.detach().exp().double().numpy():
        remaining = num_draws
        for k, m in enumerate(sizes[:-1]):
            rest = np.array(sizes[k + 1 :])
            odds = weights[k] * rest.sum() / (weights[k + 1 :] @ rest)
            if remaining:
                remaining -= nchypergeom_fisher.rvs(m + rest.sum(), m, remaining, odds)


def draw_and_differentiate(
    draw: Callable[..., tuple[Tensor, Tensor]], sizes: list[int], num_draws: int, batch: int
) -> float:
    """Return the milliseconds of a draw and the backward pass of its log-probability."""
    log_weights = torch.randn(batch, len(sizes), requires_grad=True)
    return milliseconds(lambda: draw(sizes, num_draws, log_weights)[1].sum().backward())


def compare(sizes: list[int], num_draws: int, batch: int) -> None:
    ours, theirs, merging = (
        draw_and_differentiate(draw, sizes, num_draws, batch) for draw in (exact, thesis, merged)
    )
    loop = milliseconds(lambda: scipy_loop(sizes, num_draws, torch.randn(batch, len(sizes))))
    print(f"{len(sizes)} x {sizes[0]}, n = {num_draws}, batch {batch}, float32")
    print(f"  exact, draw and gradient         {ours:9.1f} ms")
    print(f"  thesis' algorithms, the same     {theirs:9.1f} ms, {theirs / ours:6.1f} times")
    print(f"  merged law of the package        {merging:9.1f} ms, {merging / ours:6.1f} times")
    print(f"  SciPy in a loop, draw only       {loop:9.1f} ms, {loop / ours:6.1f} times")


GROWTH = {
    "classes K": [([50] * k, 50, 64) for k in (2, 4, 8, 16, 32)],
    "draws n": [([n] * 3, n, 64) for n in (32, 64, 128, 256, 512)],
    "batch": [([100] * 3, 100, b) for b in (16, 64, 256, 1024, 4096)],
}


def measure_growth() -> dict[str, dict[str, list[float]]]:
    result = {}
    for axis, urns in GROWTH.items():
        at = {"classes K": lambda u: len(u[0]), "draws n": lambda u: u[1], "batch": lambda u: u[2]}
        result[axis] = {"at": [at[axis](urn) for urn in urns]} | {
            name: [round(draw_and_differentiate(draw, *urn), 3) for urn in urns]
            for name, draw in {"exact": exact, "thesis": thesis}.items()
        }
    return result


def plot(growth: dict[str, dict[str, list[float]]]) -> None:
    import matplotlib.pyplot as plt

    from wslbook.plotting import use_style

    use_style()
    figure, axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True)
    for axis, (name, series) in zip(axes, growth.items(), strict=True):
        axis.loglog(series["at"], series["exact"], marker="o", label="exact")
        axis.loglog(series["at"], series["thesis"], marker="s", label="thesis' algorithms")
        axis.minorticks_off()
        axis.set_xticks(series["at"], series["at"])
        axis.set(xlabel=name)
    axes[0].set(ylabel="milliseconds")
    axes[0].legend()
    path = ROOT / "book/static/urn_growth.png"
    figure.savefig(path, metadata={"Software": None})
    print(path.relative_to(ROOT))


def main(arguments: list[str]) -> None:
    torch.set_num_threads(1)
    wslbook.set_seed(0)
    compare([200] * 3, 180, 1000)
    compare([256] * 10, 256, 16)
    if "--plot" in arguments:
        growth = measure_growth()
        result = {
            "what": "milliseconds of a draw and the gradient of its log-probability, one thread",
            "versions": {"torch": torch.__version__, "wslbook": wslbook.__version__},
            "growth": growth,
        }
        (ROOT / "results/urn_growth.json").write_text(json.dumps(result, indent=1) + "\n")
        plot(growth)


if __name__ == "__main__":
    main(sys.argv[1:])
