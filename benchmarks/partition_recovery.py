"""Recover a planted partition in eight runs: the spread behind the one run of chapter 16.

Usage: python benchmarks/partition_recovery.py

Synthetic data and learner are those of the chapter, with seeds 0 to 7; the share of items in the
right subset and the learned sizes go to results/partition_recovery.json.
"""

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

import wslbook
from wslbook.distributions import RandomPartition, RandomPartitionStraightThrough

TARGET = Path(__file__).parents[1] / "results/partition_recovery.json"
SIZES, STEPS, SEEDS = (20, 14, 10, 6), 400, range(8)


def learn(loss: Callable[[Tensor], Tensor], size_rate: float) -> Tensor:
    """Return the most probable assignment after training, as in the chapter."""
    log_weights, logits = (torch.zeros(k, requires_grad=True) for k in (4, 50))
    groups = [{"params": log_weights, "lr": size_rate}, {"params": logits}]
    optimiser = torch.optim.Adam(groups, lr=0.1)
    for _ in range(STEPS):
        draws = RandomPartitionStraightThrough(10.0, log_weights, logits).rsample((8,))
        optimiser.zero_grad()
        loss(draws).mean().backward()
        optimiser.step()
    return RandomPartition(log_weights.detach(), logits.detach()).mode


def run(seed: int) -> dict[str, object]:
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    wslbook.set_seed(seed)
    planted = torch.arange(4).repeat_interleave(torch.tensor(SIZES))[torch.randperm(50)]
    centres = 2 * torch.randn(4, 20)
    x = centres[planted] + torch.randn(50, 20)
    truth = torch.nn.functional.one_hot(planted, 4).T.double()
    totals = truth @ x + torch.randn(4, 20)
    costs = torch.cdist(centres, x).square()
    modes = {
        "totals": learn(lambda y: (y @ x - totals).square().sum((-2, -1)) / 50, 0.1),
        "items": learn(lambda y: (y * costs).sum((-2, -1)) / 50, 0.1),
        "items, weights fixed": learn(lambda y: (y * costs).sum((-2, -1)) / 50, 0.0),
    }
    found = {
        name: {"right": float((mode * truth).sum() / 50), "sizes": mode.sum(1).int().tolist()}
        for name, mode in modes.items()
    }
    return {"seed": seed, **found}


def main() -> None:
    with ProcessPoolExecutor(max_workers=2) as pool:
        runs = list(pool.map(run, SEEDS))
    versions = {"torch": torch.__version__, "wslbook": wslbook.__version__}
    result = {
        "data": "synthetic, 50 items, sizes 20, 14, 10, 6",
        "versions": versions,
        "runs": runs,
    }
    TARGET.write_text(json.dumps(result, indent=1) + "\n")
    for name in ("totals", "items", "items, weights fixed"):
        shares = sorted(round(100 * r[name]["right"]) for r in runs)
        empty = sum(0 in r[name]["sizes"] for r in runs)
        print(f"loss on {name}: {shares} % right, {empty} runs with an empty subset")


if __name__ == "__main__":
    main()
