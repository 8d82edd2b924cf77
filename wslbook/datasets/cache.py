"""Tensors that take long to make, kept in the data folder."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

__all__ = ["cached"]


def cached(name: str, make: Callable[[], Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return stored tensors, or make them and store them for the next time.

    A file is verified when it is read, made again when it is damaged, and never half-written.
    Where the folder cannot be written, the tensors are made every time.

    Args:
        name: of the file, without its ending; it names the version and all arguments of ``make``.
        make: makes the tensors.

    Returns:
        The tensors, by name.
    """
    from wslbook.datasets.remote import data_folder

    path = data_folder() / f"{name}.safetensors"
    with suppress(OSError, SafetensorError, _DamageError):
        return _read(path)
    tensors = {key: tensor.contiguous() for key, tensor in make().items()}
    with suppress(OSError):
        _write(path, tensors)
    return tensors


class _DamageError(Exception):
    """The content of a file is not what was written."""


def _read(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        if (file.metadata() or {}).get("sha256") != _digest(tensors):
            raise _DamageError
    return tensors


def _write(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write beside the final place, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    os.close(handle)
    try:
        save_file(dict(tensors), temporary, metadata={"sha256": _digest(tensors)})
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for key in sorted(tensors):
        digest.update(f"{key} {tensors[key].dtype} {list(tensors[key].shape)}".encode())
        digest.update(tensors[key].numpy())
    return digest.hexdigest()
