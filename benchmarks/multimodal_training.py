"""Training throughput of joint and split models at equal latent capacity, networks and data.

Usage: python benchmarks/multimodal_training.py [--steps 20] [--repeats 15]
For each experiment the two models take turns in one process with one thread; the median block of
steps counts. An image is one modality of one tuple, text included.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

import wslbook
from wslbook.aggregators import mopoe
from wslbook.distributions.mixture_divergence import kl_convexity_bound
from wslbook.experiments import Run
from wslbook.experiments.build import build_networks, build_objective, load_data
from wslbook.models import MultimodalVAE, SplitVAE

EXPERIMENTS = ("mst_split", "faces")


def trainer(run: Run, split: bool) -> Callable[[int], float]:
    """Return a function that takes some steps and returns the tuples trained on per second."""
    data = load_data(run, "train")
    networks = build_networks(run, data)
    dim = run.settings.shared_dim + run.settings.private_dim
    encoders = {name: n.encoder(dim) for name, n in networks.items()}
    decoders = {name: n.decoder(dim) for name, n in networks.items()}
    subsets, objective = mopoe(len(networks)), build_objective(run, data)
    if split:
        model: nn.Module = SplitVAE(encoders, decoders, subsets, run.settings.shared_dim)
    else:
        model = MultimodalVAE(encoders, decoders, subsets)
        objective = partial(objective, divergence=kl_convexity_bound)
    optimizer = torch.optim.Adam(model.parameters(), lr=run.settings.learning_rate)
    size = run.settings.batch_size

    def steps(number: int) -> float:
        start = time.perf_counter()
        for _ in range(number):
            value = objective(model, data[torch.randint(len(data), (size,))]).mean()
            optimizer.zero_grad()
            (-value).backward()
            optimizer.step()
        return number * size / (time.perf_counter() - start)

    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=15)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for experiment in EXPERIMENTS:
        wslbook.set_seed(0)
        run = Run(experiment, "cpu", "mopoe", seed=0)
        models = [trainer(run, split) for split in (False, True)]
        for warm_up in models:
            warm_up(2)
        blocks = [[steps(chosen.steps) for steps in models] for _ in range(chosen.repeats)]
        joint, split = (statistics.median(column) for column in zip(*blocks, strict=True))
        modalities = len(build_networks(run, load_data(run, "train")))
        print(
            f"{experiment:10} joint {modalities * joint:7.0f} images/s   "
            f"split {modalities * split:7.0f} images/s   time ratio {joint / split:.3f}"
        )


if __name__ == "__main__":
    main()
