"""Data, networks, model and objective of a run."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from wslbook.aggregators import moe, mopoe, poe
from wslbook.datasets import mnist_svhn_text, polymnist
from wslbook.datasets.batch import Batch, Examples
from wslbook.datasets.celeba import celeba
from wslbook.distributions.concatenated import split_kl
from wslbook.experiments.runs import Run
from wslbook.likelihoods import dimension_weights, laplace
from wslbook.models import MultimodalVAE, SplitVAE
from wslbook.networks import (
    Decoder,
    GaussianEncoder,
    caption_decoder,
    caption_encoder,
    face_decoder,
    face_encoder,
    flat_decoder,
    flat_encoder,
    mnist_decoder,
    mnist_encoder,
    polymnist_decoder,
    polymnist_encoder,
    svhn_decoder,
    svhn_encoder,
    word_decoder,
    word_encoder,
)
from wslbook.objectives import elbo
from wslbook.typing import Float

__all__ = ["Networks", "build_model", "build_networks", "build_objective", "load_data"]

LOADERS = {"mst": mnist_svhn_text, "polymnist": polymnist, "faces": celeba}
SUBSETS = {"poe": poe, "moe": moe, "mopoe": mopoe, "unimodal": poe}


class Networks(NamedTuple):
    """What builds the two networks of a modality, each from the dimension of its latents."""

    encoder: Callable[[int], GaussianEncoder]
    decoder: Callable[[int], Decoder]


def load_data(run: Run, split: str) -> Examples:
    """Load the training or test tuples of a run.

    Args:
        run: which.
        split: ``"train"`` or ``"test"``.

    Returns:
        The tuples, as many as the preset asks for.
    """
    settings = run.settings
    data = LOADERS[run.family](split, source=run.source, **settings.data)
    wanted = settings.train_examples if split == "train" else settings.test_examples
    return data if wanted is None or wanted >= len(data) else data[:wanted]


def build_networks(run: Run, data: Examples) -> dict[str, Networks]:
    """Choose the networks of every modality: those of the thesis' appendix for the data's shapes.

    The option ``input_scale`` centres the pixels of house numbers at 1/2 and multiplies them before
    table A.3 sees them. The thesis does not say how pixels are scaled. Without it the encoder of a
    mixture stays at chance for long; a scale of 4, which gives about unit variance, ends that soon.

    Args:
        run: its family and its preset decide.
        data: tells the names and shapes of the modalities.

    Returns:
        Builders by modality.
    """
    options = run.settings.networks
    shapes = _shapes(data)
    if run.family == "mst":
        return {
            "mnist": Networks(mnist_encoder, partial(mnist_decoder, likelihood=laplace)),
            "svhn": Networks(partial(_svhn_encoder, **options), svhn_decoder),
            "text": Networks(word_encoder, word_decoder),
        }
    if run.family == "faces":
        return {
            "image": Networks(partial(face_encoder, **options), partial(face_decoder, **options)),
            "text": Networks(
                partial(caption_encoder, **options), partial(caption_decoder, **options)
            ),
        }
    return {name: _polymnist_networks(shape) for name, shape in shapes.items()}


def _svhn_encoder(latent_dim: int, input_scale: float = 1.0) -> GaussianEncoder:
    encoder = svhn_encoder(latent_dim)
    if input_scale != 1.0:
        encoder.trunk = nn.Sequential(Centred(input_scale), encoder.trunk)
    return encoder


class Centred(nn.Module):
    """The map from x to (x - 1/2) times a scale."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Float[Tensor, "batch *data"]) -> Float[Tensor, "batch *data"]:
        """Return the centred and scaled pixels."""
        return self.scale * (x - 0.5)


def _polymnist_networks(shape: torch.Size) -> Networks:
    """Return table A.7's networks for its images, flat ones for smaller images."""
    if shape == (3, 28, 28):
        return Networks(polymnist_encoder, polymnist_decoder)
    return Networks(
        lambda dim: flat_encoder(shape, latent_dim=dim),
        lambda dim: flat_decoder(shape, latent_dim=dim),
    )


def build_model(run: Run, data: Examples) -> nn.Module:
    """Build the model of a run with fresh random weights.

    Products of experts take the prior as one more expert, as in public code of the thesis' author:
    without it the posterior of a subset is not trained and has no sensible width. Independent
    unimodal VAEs are a split model with nothing shared.

    Args:
        run: which.
        data: tells the names and shapes of the modalities.

    Returns:
        The model.
    """
    settings = run.settings
    networks = build_networks(run, data)
    dim = settings.shared_dim + settings.private_dim
    encoders = {name: n.encoder(dim) for name, n in networks.items()}
    decoders = {name: n.decoder(dim) for name, n in networks.items()}
    subsets = SUBSETS[run.method](len(networks))
    prior_expert = run.method == "poe"
    if settings.private_dim == 0:
        return MultimodalVAE(encoders, decoders, subsets, prior_expert=prior_expert)
    return SplitVAE(encoders, decoders, subsets, settings.shared_dim, prior_expert=prior_expert)


def build_objective(run: Run, data: Examples) -> Callable[[nn.Module, Batch], Tensor]:
    """Build the training objective: equation 3.40, with the KL weights of section 4.2.2.

    Args:
        run: which.
        data: tells the sizes of the modalities, hence their weights (3.41).

    Returns:
        A function of model and batch with one number per example.
    """
    settings = run.settings
    options = {
        "num_samples": settings.num_samples.get(run.method, 1),
        "beta": settings.beta,
        "weights": dimension_weights(_shapes(data)),
    }
    if settings.private_dim:
        private = {
            name: settings.beta_private * settings.beta_modality.get(name, 1.0)
            for name in _shapes(data)
        }
        options["divergence"] = partial(split_kl, weights=private)
    return partial(elbo, **options)


def _shapes(data: Examples) -> Mapping[str, torch.Size]:
    return {name: values.shape[1:] for name, values in data[:1].x.items()}
