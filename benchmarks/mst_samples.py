"""Draw the thesis' figure 3.6: random samples of the three models of MNIST-SVHN-Text.

Usage: python benchmarks/mst_samples.py

Loads the models of preset cpu, seed 0, from the data folder, or trains them (about 3 minutes each),
and writes book/static/mst_samples.png.
"""

import os
from pathlib import Path

os.environ.setdefault("TQDM_DISABLE", "1")

import matplotlib.pyplot as plt
import torch

import wslbook
from wslbook.datasets import mnist_svhn_text
from wslbook.datasets.words import decode
from wslbook.experiments import Run
from wslbook.experiments.run import trained_model
from wslbook.metrics import representative

TARGET = Path(__file__).parents[1] / "book/static/mst_samples.png"
METHODS = {"poe": "PoE", "moe": "MoE", "mopoe": "MoPoE"}
COLUMNS = 12


def samples(method: str, z: torch.Tensor) -> dict[str, torch.Tensor]:
    """Decode the same latents with the model of a method."""
    model, _ = trained_model(Run("mst", "cpu", method, seed=0), mnist_svhn_text("train"))
    with torch.no_grad():
        return {name: representative(p) for name, p in model.likelihoods(z).items()}


def main() -> None:
    wslbook.set_seed(0)
    z = torch.randn(COLUMNS, 20)
    figure, axes = plt.subplots(6, COLUMNS, figsize=(9, 6.8))
    for row, (method, name) in enumerate(METHODS.items()):
        drawn = samples(method, z)
        pairs = zip(drawn["mnist"].clamp(0, 1), drawn["svhn"].clamp(0, 1), strict=True)
        words = decode(drawn["text"])
        for (digit, number), word, (above, below) in zip(
            pairs, words, axes[2 * row : 2 * row + 2].T, strict=True
        ):
            above.imshow(digit[0], cmap="gray", vmin=0, vmax=1)
            below.imshow(number.permute(1, 2, 0))
            below.set_title(word.replace(" ", "·"), y=-0.4, fontsize=7, family="monospace")
        axes[2 * row, 0].set_title(name, loc="left", fontsize=9, fontweight="bold")
    for axis in axes.flat:
        axis.set_axis_off()
    figure.subplots_adjust(0.01, 0.04, 0.99, 0.96, wspace=0.05, hspace=0.42)
    figure.savefig(TARGET, dpi=80, metadata={"Software": None})
    print(TARGET)


if __name__ == "__main__":
    main()
