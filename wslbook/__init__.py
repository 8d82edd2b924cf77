"""wslbook: weakly-supervised multimodal generative learning, in the order of the book.

Each module is named after one idea and imported when it is needed::

    from wslbook.models import VAE
    from wslbook.objectives import elbo

Importing the package changes no global state and loads nothing beside torch.
"""

import torch

__version__ = "0.1.0"
__all__ = ["default_device", "set_seed"]


def set_seed(seed: int) -> None:
    """Seed torch's random numbers, the only source of randomness in the book.

    Args:
        seed: a non-negative integer.

    Raises:
        ValueError: if ``seed`` is not a non-negative integer.

    Example:
        >>> set_seed(0)
        >>> torch.rand(1)
        tensor([0.4963])

    Derived in: notebooks/01
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"seed: expected an integer of at least 0, got {seed!r}")
    torch.manual_seed(seed)


def default_device() -> torch.device:
    """Return the fastest device at hand: CUDA, then Apple's MPS, then the CPU.

    Nothing in the package asks for a device: tensors are made beside the tensors they meet.
    A chapter calls this once and moves its model and data there.

    Returns:
        The device to pass to ``model.to`` and ``batch.to``.

    Derived in: notebooks/03
    """
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
