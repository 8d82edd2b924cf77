"""Models. Each has three members and no loss: ``prior``, ``posterior`` and ``likelihoods``."""

from wslbook.models.multimodal import MultimodalVAE
from wslbook.models.split import SplitVAE
from wslbook.models.vae import VAE

__all__ = ["VAE", "MultimodalVAE", "SplitVAE"]
