"""Models. Each has three members and no loss: ``prior``, ``posterior`` and ``likelihoods``."""

from wslbook.models.vae import VAE

__all__ = ["VAE"]
