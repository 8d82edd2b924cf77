"""The variational autoencoder."""

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from wslbook.datasets.batch import Batch
from wslbook.networks import Decoder, GaussianEncoder
from wslbook.typing import Float

__all__ = ["VAE"]


class VAE(nn.Module):
    r"""A latent Gaussian model of one modality with an amortised posterior.

    .. math:: p(x, z) = \mathcal N(z; 0, I)\, p_\theta(x \mid z), \qquad q_\phi(z \mid x)

    Args:
        encoder: gives the posterior.
        decoder: gives the likelihood.
        modality: the name of the observations in the batch.

    Raises:
        ValueError: if encoder and decoder disagree on the dimension of z.

    References:
        Kingma and Welling, Auto-encoding variational Bayes, 2014, arXiv:1312.6114.
        Thesis section 2.2.5.

    Example:
        >>> from wslbook.networks import mnist_decoder, mnist_encoder
        >>> from wslbook.objectives import elbo
        >>> _ = torch.manual_seed(0)
        >>> model = VAE(mnist_encoder(2), mnist_decoder(2))
        >>> batch = Batch({"image": torch.zeros(3, 1, 28, 28)})
        >>> elbo(model, batch).shape
        torch.Size([3])

    Derived in: notebooks/03
    """

    def __init__(self, encoder: GaussianEncoder, decoder: Decoder, modality: str = "image") -> None:
        super().__init__()
        if encoder.latent_dim != decoder.latent_dim:
            raise ValueError(
                f"decoder: expected latent_dim {encoder.latent_dim} like the encoder's, "
                f"got {decoder.latent_dim}"
            )
        self.encoder = encoder
        self.decoder = decoder
        self.modality = modality
        self.register_buffer("prior_loc", torch.zeros(encoder.latent_dim))
        self.register_buffer("prior_scale", torch.ones(encoder.latent_dim))

    @property
    def prior(self) -> Distribution:
        """The standard normal p(z), event ``[latent]``."""
        return Independent(Normal(self.prior_loc, self.prior_scale), 1)

    def posterior(self, batch: Batch) -> Distribution:
        """Return q(z | x), batch ``[batch]``, event ``[latent]``."""
        return self.encoder(batch.x[self.modality])

    def likelihoods(self, z: Float[Tensor, "*batch latent"]) -> dict[str, Distribution]:
        """Return p(x | z) under the name of the modality, batch ``[*batch]``."""
        return {self.modality: self.decoder(z)}
