"""Time the mixture of products of experts (MoPoE) against the MultiVae package, and our own growth.

Usage: python benchmarks/aggregation.py [--peer PYTHON] [--repeats 3] [--tasks fusion step random]

PYTHON is an interpreter whose environment has the MultiVae package; without it only our own numbers
are printed. "fusion" starts from the parameters of M Gaussian experts, with leaves for gradients:
aggregate all subsets, draw one z for each example, bound the divergence, go backward. "step" is a
step of Adam on the beta-ELBO (beta 2.5) of M PolyMNIST modalities of 28 x 28 pixels: data, networks
and likelihood are the same for both. "random" is our fusion with 32 subsets drawn at random.

Every row is a process of its own with one thread. Repeats alternate between the packages, the
median counts. Times are processor time, which other processes on the machine disturb little;
memory is the growth of the process' peak during the measurement. MultiVae draws from components
chosen by the row of the batch and adds the prior to the full product; neither changes the cost.
Without the full product its bound and gradients equal ours.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal

from wslbook.networks import polymnist_decoder, polymnist_encoder

SIZES = {"fusion": [(3, 128, 32), (5, 128, 32), (8, 128, 32)], "step": [(5, 256, 512)]}
SIZES["fusion"] += [(3, 256, 512), (5, 256, 512), (8, 256, 512)]
SIZES["step"] += [(8, 256, 512)]
SIZES["random"] = [(m, 256, 512) for m in (10, 20, 40)]
BETA, SUBSETS = 2.5, 32
LONG = 10  # seconds; a run that takes longer is not repeated
ROW = "{:<7} {:>3} {:>5} {:>6} {:>9} {:>9} {:>6} {:>8} {:>8}"

Run = Callable[[], object]


def parameters(size: int, batch: int, latent: int) -> tuple[list[Tensor], list[Tensor]]:
    """Return mean and log-variance of every expert."""
    loc = [torch.randn(batch, latent) for _ in range(size)]
    log_variance = [0.3 * torch.randn(batch, latent) for _ in range(size)]
    return [x.requires_grad_() for x in loc], [x.requires_grad_() for x in log_variance]


def images(size: int, batch: int) -> dict[str, Tensor]:
    return {f"m{k}": torch.rand(batch, 3, 28, 28) for k in range(size)}


def our_fusion(size: int, batch: int, latent: int, draw: Callable[[], Tensor] | None = None) -> Run:
    from wslbook.aggregators import aggregate, mopoe
    from wslbook.distributions.mixture_divergence import kl_convexity_bound

    means, log_variances = parameters(size, batch, latent)
    rows = draw or partial(mopoe, size)
    prior = Independent(Normal(torch.zeros(latent), torch.ones(latent)), 1)

    def run() -> None:
        loc, scale = torch.stack(means), torch.exp(0.5 * torch.stack(log_variances))
        q = aggregate(Independent(Normal(loc, scale), 1), rows())
        loss = q.rsample_stratified(1).mean() + kl_convexity_bound(q, prior).mean()
        torch.autograd.grad(loss, [*means, *log_variances])

    return run


def our_random(size: int, batch: int, latent: int) -> Run:
    from wslbook.aggregators import random_subsets

    return our_fusion(size, batch, latent, lambda: random_subsets(size, SUBSETS))


def our_step(size: int, batch: int, latent: int) -> Run:
    from wslbook.aggregators import mopoe
    from wslbook.datasets.batch import Batch
    from wslbook.models.multimodal import MultimodalVAE
    from wslbook.objectives import elbo

    x = images(size, batch)
    model = MultimodalVAE(
        {name: polymnist_encoder(latent) for name in x},
        {name: polymnist_decoder(latent) for name in x},
        mopoe(size),
    )
    return step(model, lambda: -elbo(model, Batch(x), beta=BETA).mean())


def step(model: nn.Module, loss: Callable[[], Tensor]) -> Run:
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)

    def run() -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return run


def their_model(encoders: dict[str, nn.Module], decoders: dict[str, nn.Module]) -> nn.Module:
    """Wrap modules that give (mean, log-variance) and an image for MultiVae's MoPoE."""
    from multivae.models.mopoe import MoPoE, MoPoEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn.base_architectures import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self, net: nn.Module) -> None:
            super().__init__()
            self.net, self.latent_dim = net, net.latent_dim

        def forward(self, x: Tensor) -> ModelOutput:
            h = self.net.trunk(x)
            return ModelOutput(embedding=self.net.loc(h), log_covariance=self.net.log_variance(h))

    class Decoder(BaseDecoder):
        def __init__(self, net: nn.Module) -> None:
            super().__init__()
            self.net, self.latent_dim = net, net.latent_dim

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.net.body(z))

    config = MoPoEConfig(
        n_modalities=len(encoders),
        latent_dim=next(iter(encoders.values())).latent_dim,
        beta=BETA,
        decoders_dist=dict.fromkeys(encoders, "laplace"),
        decoder_dist_params={name: {"scale": 0.75} for name in encoders},
    )
    return MoPoE(
        config,
        {name: Encoder(net) for name, net in encoders.items()},
        {name: Decoder(net) for name, net in decoders.items()},
    )


class Given(nn.Module):
    """An encoder without a network."""

    def __init__(self, loc: Tensor, log_variance: Tensor) -> None:
        super().__init__()
        self.latent_dim = loc.shape[-1]
        self.trunk, self.loc, self.log_variance = (
            nn.Identity(),
            lambda _: loc,
            lambda _: log_variance,
        )


def their_fusion(size: int, batch: int, latent: int) -> Run:
    from multivae.data.datasets.base import MultimodalBaseDataset
    from multivae.models.base.base_utils import rsample_from_gaussian

    means, log_variances = parameters(size, batch, latent)
    data = MultimodalBaseDataset({f"m{k}": torch.zeros(batch, 1) for k in range(size)})
    pairs = zip(data.data, means, log_variances, strict=True)
    encoders = {name: Given(loc, log_variance) for name, loc, log_variance in pairs}
    model = their_model(encoders, {name: polymnist_decoder(latent) for name in encoders})

    def run() -> None:
        q = model.inference(data)
        z = rsample_from_gaussian(*q["joint"])
        bound = model.calc_joint_divergence(q["mus"], q["logvars"], q["weights"])
        loss = z.mean() + bound["joint_divergence"]
        torch.autograd.grad(loss, [*means, *log_variances])

    return run


def their_step(size: int, batch: int, latent: int) -> Run:
    from multivae.data.datasets.base import MultimodalBaseDataset

    x = images(size, batch)
    model = their_model(
        {name: polymnist_encoder(latent) for name in x},
        {name: polymnist_decoder(latent) for name in x},
    )
    return step(model, lambda: model(MultimodalBaseDataset(x)).loss)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(owner: str, task: str, *size: int) -> None:
    """Print milliseconds and megabytes: a second's worth after the first run, or one long run."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    run = globals()[f"{owner}_{task}"](*size)
    before, times = peak(), []
    while sum(times) < 1 or (len(times) == 1 and times[0] < LONG):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    print(json.dumps([1e3 * median(times[1:] or times), peak() - before]))


def launch(python: str, owner: str, task: str, size: tuple[int, ...]) -> list[float]:
    """Measure in a fresh process."""
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "OMP_NUM_THREADS": "1",
    }
    command = [python, __file__, "--measure", owner, task, *map(str, size)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def report(task: str, size: tuple[int, ...], rivals: dict[str, str], repeats: int) -> None:
    runs = {owner: [] for owner in rivals}
    for _ in range(repeats):
        for owner, python in rivals.items():
            runs[owner].append(launch(python, owner, task, size))
        if max(results[-1][0] for results in runs.values()) > 1e3 * LONG:
            break
    ours, theirs = (
        [median(column) for column in zip(*runs[owner], strict=True)] if owner in runs else None
        for owner in ("our", "their")
    )
    cells = [f"{theirs[0]:.1f}", f"{theirs[0] / ours[0]:.1f}"] if theirs else ["", ""]
    memory = [f"{x[1]:.0f}" if x else "" for x in (ours, theirs)]
    print(ROW.format(task, *size, f"{ours[0]:.1f}", *cells, *memory), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="an interpreter that can import multivae")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tasks", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        owner, task, *size = arguments.measure
        return measure(owner, task, *map(int, size))
    print(
        ROW.format(
            "task", "M", "batch", "latent", "ours ms", "peer ms", "ratio", "ours MB", "peer MB"
        )
    )
    for task in arguments.tasks:
        rivals = {"our": sys.executable}
        if arguments.peer and task != "random":
            rivals["their"] = arguments.peer
        for size in SIZES[task]:
            report(task, size, rivals, arguments.repeats)


if __name__ == "__main__":
    main()
