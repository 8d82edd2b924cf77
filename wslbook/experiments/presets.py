"""The settings of every experiment at three scales: plain keyword arguments.

``smoke`` takes seconds and shows that everything runs. ``cpu`` takes minutes on two cores and is
what ``results/`` holds. ``paper`` is the thesis' own configuration on the real data, for a GPU.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wslbook.datasets.batch import check_choice

__all__ = ["EXPERIMENTS", "METHODS", "Experiment", "Preset", "preset"]

METHODS = ("poe", "moe", "mopoe")
"""The ways of combining experts, those of chapter 9."""


@dataclass(frozen=True)
class Preset:
    """What one experiment is run with; everything else follows from method and seed.

    Args:
        epochs: passes over the training tuples.
        batch_size: tuples per step.
        learning_rate: Adam's step size.
        shared_dim: dimension of the latent space that all modalities share.
        private_dim: dimension of each modality's own space; 0 in the joint model.
        beta: weight of the whole KL term.
        beta_private: weight of the private KL terms inside it (beta_MS in the thesis).
        beta_modality: further weight of single modalities' private KL terms; 1 where missing.
        num_samples: stratified draws of z per tuple in training, by method; 1 where missing.
        sweep: one field of this class and the values to try.
        seeds: seeds of the runs, unless others are asked for.
        source: of the data, unless another is asked for.
        data: keyword arguments of the data set.
        networks: keyword arguments of the networks.
        train_examples: training tuples; all by default.
        test_examples: test tuples; all by default.
        classifier_epochs: passes over the training tuples for each coherence classifier.
        probe_examples: training tuples of the linear probe.
        importance_samples: draws of z per log-likelihood.
        likelihood_examples: test tuples whose log-likelihood is averaged.
        generated_examples: draws from the prior, for random coherence and precision-recall.
        subset_sizes: sizes of the sets of given modalities that are evaluated; all by default.
        clusterings: random starts of precision-recall.
        measures: what to measure, keys of :data:`wslbook.experiments.evaluate.MEASURES`.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    shared_dim: int
    private_dim: int = 0
    beta: float = 1.0
    beta_private: float = 1.0
    beta_modality: Mapping[str, float] = field(default_factory=dict)
    num_samples: Mapping[str, int] = field(default_factory=dict)
    sweep: tuple[str, tuple[float, ...]] | None = None
    seeds: tuple[int, ...] = (0,)
    source: str = "offline"
    data: Mapping[str, Any] = field(default_factory=dict)
    networks: Mapping[str, Any] = field(default_factory=dict)
    train_examples: int | None = None
    test_examples: int | None = None
    classifier_epochs: int = 10
    probe_examples: int = 500
    importance_samples: int = 12
    likelihood_examples: int | None = None
    generated_examples: int = 1000
    subset_sizes: tuple[int, ...] | None = None
    clusterings: int = 10
    measures: tuple[str, ...] = ("probe", "coherence", "coherence_random", "log_likelihood")


@dataclass(frozen=True)
class Experiment:
    """A family of runs: what it shows, on which data, with which methods and presets."""

    summary: str
    family: str
    presets: Mapping[str, Preset]
    methods: tuple[str, ...] = METHODS


FIVE = {"seeds": (0, 1, 2, 3, 4), "source": "real"}
THREE = {"seeds": (0, 1, 2)}
TINY = {
    "epochs": 2, "batch_size": 64, "learning_rate": 1e-3, "train_examples": 512,
    "test_examples": 100, "classifier_epochs": 2, "probe_examples": 200,
    "importance_samples": 2, "likelihood_examples": 50, "generated_examples": 100,
    "clusterings": 1,
}  # fmt: skip

MST_MEASURES = (
    "probe", "coherence", "coherence_random", "text_word", "random_word", "log_likelihood",
    "precision_recall",
)  # fmt: skip

# Thesis sections 3.3.2.1 and 4.2.2.1.
MST_PAPER = Preset(
    epochs=50, batch_size=256, learning_rate=1e-3, shared_dim=20, beta=5.0, measures=MST_MEASURES,
    classifier_epochs=2, generated_examples=10_000, **FIVE,
)  # fmt: skip
MST_SMOKE = Preset(
    shared_dim=20, beta=5.0, data={"pairs": 1}, measures=MST_MEASURES, **TINY
)  # fmt: skip
MST_CPU = Preset(
    epochs=2, batch_size=64, learning_rate=2e-3, shared_dim=20, beta=5.0,
    num_samples={"moe": 3, "mopoe": 3}, networks={"input_scale": 4.0}, measures=MST_MEASURES,
    classifier_epochs=2,
    likelihood_examples=500, **THREE,
)  # fmt: skip
SPLIT = {
    "shared_dim": 16, "private_dim": 4, "beta_private": 3.0, "beta_modality": {"text": 5.0},
}  # fmt: skip
SPLIT_PAPER = replace(MST_PAPER, epochs=100, **SPLIT)
SPLIT_SMOKE = replace(MST_SMOKE, **SPLIT)
SPLIT_CPU = replace(MST_CPU, **SPLIT)

# Thesis sections 3.3.2.2 and 3.4; it does not state the batch size, 256 is its public code's.
POLYMNIST_PAPER = Preset(
    epochs=300, batch_size=256, learning_rate=1e-3, shared_dim=512, beta=2.5,
    generated_examples=10_000, **FIVE,
)  # fmt: skip
SMALL = {"data": {"size": 14}}
POLYMNIST_SMOKE = Preset(shared_dim=32, data={"size": 14, "num_sets": 512}, **TINY)
POLYMNIST_CPU = Preset(
    epochs=8, batch_size=128, learning_rate=1e-3, shared_dim=32, classifier_epochs=12,
    test_examples=1000, likelihood_examples=300, **SMALL, **THREE,
)  # fmt: skip
BETAS = ("beta", (3e-4, 3e-3, 3e-2, 3e-1, 1.0, 3.0, 9.0))
FEWER_BETAS = ("beta", (3e-3, 3e-1, 1.0, 3.0, 9.0))
LARGE_SETS = {"subset_sizes": (4, 5)}

# Thesis section 4.2.2.2; it does not state beta_m: 5 for text as in its other experiment.
FACES_PAPER = Preset(
    epochs=100, batch_size=256, learning_rate=1e-3, shared_dim=32, private_dim=32, beta=2.5,
    beta_private=2.0, beta_modality={"text": 5.0}, networks={"width": 128}, source="real",
    generated_examples=10_000,
)  # fmt: skip
# In minutes of training, faces and captions follow each other only if captions are short, networks
# narrow (so steps many), and private spaces 20 times as dear as in the thesis: chapter 13 shows it.
FEW_ATTRIBUTES = (
    "Bald", "Black_Hair", "Blond_Hair", "Brown_Hair", "Eyeglasses", "Gray_Hair", "Smiling",
    "Wearing_Hat",
)  # fmt: skip
FACES_LITTLE = replace(
    FACES_PAPER, source="offline", beta_private=40.0, beta_modality={"text": 2.5},
    networks={"width": 8, "dropout": 0.0}, data={"attributes": FEW_ATTRIBUTES},
)  # fmt: skip
FACES_SMOKE = replace(FACES_LITTLE, **TINY)
FACES_CPU = replace(
    FACES_LITTLE, epochs=3, batch_size=16, learning_rate=1e-3, classifier_epochs=8,
    test_examples=1000, likelihood_examples=200, generated_examples=500, **THREE,
)  # fmt: skip
EXPERIMENTS = {
    "mst": Experiment(
        "MNIST-SVHN-Text with one joint latent space (tables 3.1 to 3.8)",
        "mst",
        {"smoke": MST_SMOKE, "cpu": MST_CPU, "paper": MST_PAPER},
    ),
    "polymnist": Experiment(
        "PolyMNIST with five modalities, by the number of given ones (figure 3.5)",
        "polymnist",
        {"smoke": POLYMNIST_SMOKE, "cpu": POLYMNIST_CPU, "paper": POLYMNIST_PAPER},
    ),
    "polymnist_beta": Experiment(
        "PolyMNIST over the weight beta, beside unimodal VAEs (figure 3.8)",
        "polymnist",
        {
            "smoke": replace(POLYMNIST_SMOKE, sweep=("beta", (0.3, 3.0)), **LARGE_SETS),
            "cpu": replace(POLYMNIST_CPU, epochs=3, seeds=(0,), sweep=FEWER_BETAS, **LARGE_SETS),
            "paper": replace(POLYMNIST_PAPER, sweep=BETAS, **LARGE_SETS),
        },
        (*METHODS, "unimodal"),
    ),
    "mst_split": Experiment(
        "MNIST-SVHN-Text with shared and private latent spaces (tables 4.2 to 4.9)",
        "mst",
        {"smoke": SPLIT_SMOKE, "cpu": SPLIT_CPU, "paper": SPLIT_PAPER},
    ),
    "mst_sizes": Experiment(
        "MNIST-SVHN-Text over the size of the shared space (figure 4.6)",
        "mst",
        {
            "smoke": replace(SPLIT_SMOKE, sweep=("shared_dim", (4, 16))),
            # 16 is mst_split, 20 is mst
            "cpu": replace(SPLIT_CPU, seeds=(0, 1), sweep=("shared_dim", (4, 8, 12))),
            "paper": replace(SPLIT_PAPER, sweep=("shared_dim", tuple(range(2, 20, 2)))),
        },
    ),
    "faces": Experiment(
        "Faces and captions with shared and private latent spaces (tables 4.11 and 4.12)",
        "faces",
        {"smoke": FACES_SMOKE, "cpu": FACES_CPU, "paper": FACES_PAPER},
    ),
    "faces_private": Experiment(
        "Faces and captions over the weight of the private spaces (beyond the thesis)",
        "faces",
        {
            "smoke": replace(FACES_SMOKE, sweep=("beta_private", (2.0,))),
            "cpu": replace(FACES_CPU, seeds=(0,), sweep=("beta_private", (2.0, 10.0))),
            "paper": replace(FACES_PAPER, sweep=("beta_private", (2.0, 10.0, 40.0))),
        },
        ("mopoe",),
    ),
}
"""All experiments by name."""


def preset(experiment: str, name: str) -> Preset:
    """Look up the settings of an experiment at a scale.

    Args:
        experiment: a key of :data:`EXPERIMENTS`.
        name: ``"smoke"``, ``"cpu"`` or ``"paper"``.

    Returns:
        The settings.

    Raises:
        ValueError: if the experiment or the scale is unknown.

    Example:
        >>> preset("mst", "paper").beta
        5.0
    """
    check_choice("experiment", experiment, list(EXPERIMENTS))
    check_choice("name", name, list(EXPERIMENTS[experiment].presets))
    return EXPERIMENTS[experiment].presets[name]
