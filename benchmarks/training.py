"""What the comforts of the fit loop cost: one epoch of the MNIST VAE with `fit` and bare.

Usage: python benchmarks/training.py
Both do the same arithmetic, alternately, in one process with one thread; the best of five counts.
"""

import time
from collections.abc import Callable

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

import wslbook
from wslbook.datasets import Batch, mnist
from wslbook.models import VAE
from wslbook.networks import mnist_decoder, mnist_encoder
from wslbook.objectives import elbo
from wslbook.training import fit

BATCH_SIZE, LEARNING_RATE, REPEATS = 128, 1e-3, 5


def bare(model: VAE, data: Batch) -> None:
    """Train for one epoch with the loss written out: no distributions, no checks, no records."""
    images = data.x["image"]
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for index in torch.randperm(len(images)).split(BATCH_SIZE):
        x = images[index]
        h = model.encoder.trunk(x)
        mean, log_variance = model.encoder.loc(h), model.encoder.log_variance(h)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        logits = model.decoder.body(z)
        loss = binary_cross_entropy_with_logits(logits, x, reduction="sum")
        loss = loss + 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()
        optimizer.zero_grad()
        (loss / len(index)).backward()
        optimizer.step()


def comfortable(model: VAE, data: Batch) -> None:
    fit(model, elbo, data, epochs=1, batch_size=BATCH_SIZE, learning_rate=LEARNING_RATE)


def seconds(train: Callable[[VAE, Batch], None], data: Batch) -> float:
    model = VAE(mnist_encoder(), mnist_decoder())
    start = time.perf_counter()
    train(model, data)
    return time.perf_counter() - start


def main() -> None:
    torch.set_num_threads(1)
    wslbook.set_seed(0)
    data = mnist("train").map(lambda x: (x > 0.5).to(x.dtype))
    runs = [(seconds(bare, data), seconds(comfortable, data)) for _ in range(REPEATS)]
    plain, ours = (min(times) for times in zip(*runs, strict=True))
    print(f"bare loop {len(data) / plain:8.0f} images/s")
    print(f"fit       {len(data) / ours:8.0f} images/s, {ours / plain:.2f} times the time")


if __name__ == "__main__":
    main()
