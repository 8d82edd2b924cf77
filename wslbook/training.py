"""The fit loop and its checkpoints."""

import os
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm.auto import trange

from wslbook.datasets.batch import Batch, Examples
from wslbook.typing import Float

__all__ = ["fit"]

Objective = Callable[[nn.Module, Batch], Tensor]


def fit(
    model: nn.Module,
    objective: Objective,
    data: Examples,
    *,
    epochs: int,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    checkpoint: str | Path | None = None,
) -> Float[Tensor, "_"]:
    """Maximise the mean of an objective with Adam, in shuffled mini-batches.

    With a checkpoint the state is saved after every epoch, and a later call with the same
    arguments continues from there as if nothing had happened, random numbers included.

    Args:
        model: trained in place.
        objective: maps model and batch to one number per example.
        data: the training examples.
        epochs: passes over the data, in total, counting those of the checkpoint.
        batch_size: examples per step.
        learning_rate: Adam's step size.
        checkpoint: a ``.safetensors`` file to write after every epoch and continue from.

    Returns:
        The mean objective of each epoch, in the objective's unit.

    Raises:
        ValueError: if an argument is out of range, or the checkpoint belongs to other settings.
        FloatingPointError: if the objective becomes NaN or infinite.

    Example:
        >>> import wslbook
        >>> from wslbook.models import VAE
        >>> from wslbook.networks import mnist_decoder, mnist_encoder
        >>> from wslbook.objectives import elbo
        >>> wslbook.set_seed(0)
        >>> data = Batch({"image": torch.zeros(64, 1, 28, 28)})
        >>> history = fit(VAE(mnist_encoder(2), mnist_decoder(2)), elbo, data, epochs=3)
        >>> bool(history[-1] > history[0])
        True

    Derived in: notebooks/03
    """
    settings = {"batch_size": batch_size, "learning_rate": learning_rate}
    _check_positive(epochs=epochs, **settings)
    device = next(model.parameters()).device
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    history: list[float] = []
    path = Path(checkpoint) if checkpoint else None
    if path and path.exists():
        history = _load(path, model, optimizer, settings)
    # tqdm's notebook bar does not read this variable itself.
    quiet = os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
    span = {"initial": len(history), "total": epochs, "disable": quiet}
    for epoch in trange(len(history), epochs, desc="epochs", **span):
        total = torch.zeros((), device=device)
        for index in torch.randperm(len(data)).split(batch_size):
            value = objective(model, data[index].to(device))
            total += value.detach().sum()
            if not torch.isfinite(total):
                raise FloatingPointError(
                    f"objective: it became {float(value.detach().mean())} in epoch {epoch + 1}; "
                    "lower learning_rate, or look for a scale that tends to zero"
                )
            optimizer.zero_grad()
            (-value.mean()).backward()
            optimizer.step()
        history.append(float(total) / len(data))
        if path:
            _save(path, model, optimizer, settings, history)
    return torch.tensor(history)


def _check_positive(**arguments: float) -> None:
    for name, value in arguments.items():
        if not value > 0:
            raise ValueError(f"{name}: expected a positive number, got {value!r}")


def _save(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: dict[str, float],
    history: list[float],
) -> None:
    """Write everything a continuation needs, then rename: the file is always complete."""
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    for i, state in optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{i}.{k}": v for k, v in state.items()}
    tensors["history"] = torch.tensor(history, dtype=torch.float64)
    tensors |= {f"rng.{k}": v for k, v in _random_state(model).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    save_file(
        {
            k: v.detach().cpu().clone(memory_format=torch.contiguous_format)
            for k, v in tensors.items()
        },
        partial,
        metadata={k: repr(v) for k, v in settings.items()},
    )
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(partial, path)


def _load(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, settings: dict[str, float]
) -> list[float]:
    """Restore what :func:`_save` wrote and return the history."""
    with safe_open(path, framework="pt") as file:
        stored = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name, value in settings.items():
        if stored.get(name) != repr(value):
            raise ValueError(
                f"{name}: {path} was written with {stored.get(name)}, got {value!r}; "
                "use the same value, or delete the file to start again"
            )
    model.load_state_dict(_below("model.", tensors))
    adam = optimizer.state_dict()
    adam["state"] = {
        i: _below(f"adam.{i}.", tensors) for i in range(len(adam["param_groups"][0]["params"]))
    }
    optimizer.load_state_dict(adam)
    torch.set_rng_state(tensors["rng.cpu"])
    if "rng.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["rng.cuda"], next(model.parameters()).device)
    return tensors["history"].tolist()


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _random_state(model: nn.Module) -> dict[str, Tensor]:
    """Return the state of every generator that training on the model's device draws from."""
    device = next(model.parameters()).device
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state
