"""The multimodal variational autoencoder with one latent space."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from wslbook.datasets.batch import Batch
from wslbook.distributions.subset_mixture import SubsetMixture
from wslbook.models.aggregated import AggregatedModel, Subsets
from wslbook.networks import Decoder, GaussianEncoder
from wslbook.typing import Float

__all__ = ["MultimodalVAE"]


class MultimodalVAE(AggregatedModel):
    r"""A latent Gaussian model of several modalities whose unimodal posteriors are aggregated.

    .. math::
        p(X, z) = \mathcal N(z; 0, I) \prod_m p_{\theta_m}(x_m \mid z), \qquad
        q(z \mid X) = \frac{1}{|\mathcal A|} \sum_{A \in \mathcal A} q_A(z \mid X_A)

    The number of networks is linear in the number of modalities. Which model it is depends on
    ``subsets`` alone: :func:`.poe`, :func:`.moe`, :func:`.mopoe`, or any other rows.

    Args:
        encoders: the expert of each modality, by name.
        decoders: the likelihood of each modality, with the same names.
        subsets: rows over the modalities in the order of ``encoders``; a function, such as
            ``partial(random_subsets, 20, 8)``, is called for every posterior.
        prior_expert: whether p(z) takes part in every product, which keeps the products of few
            experts close to where decoders were trained. The thesis' equations have none, its
            public code has one in products of experts.

    Raises:
        ValueError: if names, dimensions or subsets do not fit.

    References:
        Thesis section 3.2. Sutter, Daunhawer and Vogt, Generalized multimodal ELBO, 2021,
        arXiv:2105.02470.

    Example:
        >>> from wslbook.aggregators import mopoe
        >>> from wslbook.networks import mnist_decoder, mnist_encoder
        >>> from wslbook.objectives import elbo
        >>> _ = torch.manual_seed(0)
        >>> names = ("left", "right")
        >>> encoders = {name: mnist_encoder(2) for name in names}
        >>> model = MultimodalVAE(encoders, {name: mnist_decoder(2) for name in names}, mopoe(2))
        >>> batch = Batch({name: torch.zeros(3, 1, 28, 28) for name in names})
        >>> elbo(model, batch).shape, model.subset_posterior(batch, ["left"]).mean.shape
        (torch.Size([3]), torch.Size([3, 2]))

    Derived in: notebooks/09
    """

    def __init__(
        self,
        encoders: Mapping[str, GaussianEncoder],
        decoders: Mapping[str, Decoder],
        subsets: Subsets,
        prior_expert: bool = False,
    ) -> None:
        super().__init__(encoders, decoders, subsets, prior_expert)
        latent_dim = next(iter(encoders.values())).latent_dim
        for kind, networks in (("encoders", encoders), ("decoders", decoders)):
            for name, network in networks.items():
                if network.latent_dim != latent_dim:
                    raise ValueError(
                        f"{kind}[{name!r}]: expected latent_dim {latent_dim} like the first, "
                        f"got {network.latent_dim}"
                    )
        self.register_buffer("prior_loc", torch.zeros(latent_dim), persistent=False)

    @property
    def prior(self) -> Independent:
        """The standard normal p(z), event ``[latent]``."""
        return Independent(Normal(self.prior_loc, torch.ones_like(self.prior_loc)), 1)

    def likelihoods(self, z: Float[Tensor, "*batch latent"]) -> dict[str, Distribution]:
        """Return p(x_m | z) by modality, batch ``[*batch]``."""
        return {name: decoder(z) for name, decoder in self.decoders.items()}

    def shared(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch latent"]:
        """Return the part of z that all modalities share: all of it."""
        return z

    def _infer(self, batch: Batch, rows: Tensor) -> SubsetMixture:
        return self._aggregate(batch, self._heads(batch), rows, self.prior)
