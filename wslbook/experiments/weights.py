"""The weights of a stored run and of its judges, for chapters that ask a trained model."""

import os
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from wslbook.datasets.batch import Examples
from wslbook.experiments.build import build_model, build_networks
from wslbook.experiments.classifiers import build_classifier, trained_classifiers
from wslbook.experiments.results import RESULTS
from wslbook.experiments.run import run_folder, trained_model
from wslbook.experiments.runs import Run

__all__ = ["load_weights", "store_weights"]


def store_weights(run: Run, train: Examples, results: Path = RESULTS) -> Path:
    """Write the weights of a trained model and of its judges beside the result of the run.

    Args:
        run: which; it is trained now if it was not before.
        train: its training tuples.
        results: the folder of result files.

    Returns:
        The ``.safetensors`` file, which is complete or absent.
    """
    parts = _parts(trained_model(run, train)[0], trained_classifiers(run, train, run_folder()))
    tensors = {
        f"{part}.{name}": tensor.detach().cpu().contiguous()
        for part, module in parts.items()
        for name, tensor in module.state_dict().items()
    }
    path = _path(run, results)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    save_file(tensors, partial, metadata={"digest": run.digest})
    os.replace(partial, path)
    return path


def load_weights(
    run: Run, data: Examples, results: Path = RESULTS
) -> tuple[nn.Module, dict[str, nn.Module]]:
    """Read a trained model and its judges.

    Args:
        run: which.
        data: labelled tuples of its kind, one is enough; they tell names and shapes.
        results: the folder of result files.

    Returns:
        The model and the classifiers by modality, in evaluation mode.

    Raises:
        FileNotFoundError: if no weights of the run are stored.
        ValueError: if they were trained with other settings.
        RuntimeError: if they do not fit ``data``.
    """
    path = _path(run, results)
    if not path.exists():
        raise FileNotFoundError(f"run: no weights of {run.name} in {Path(results).resolve()}")
    with safe_open(path, framework="pt") as file:
        if file.metadata()["digest"] != run.digest:
            raise ValueError(
                f"run: {path} was trained with other settings than {run.name} has now; "
                "make it again with tools/store_weights.py"
            )
    tensors = load_file(path)
    model, labels = build_model(run, data), data[:1].labels
    classifiers = {
        name: build_classifier(networks, labels)
        for name, networks in build_networks(run, data).items()
    }
    for part, module in _parts(model, classifiers).items():
        start = f"{part}."
        module.load_state_dict(
            {key[len(start) :]: value for key, value in tensors.items() if key.startswith(start)}
        )
        module.eval()
    return model, classifiers


def _parts(model: nn.Module, classifiers: dict[str, nn.Module]) -> dict[str, nn.Module]:
    return {"model": model, **{f"judge.{name}": c for name, c in classifiers.items()}}


def _path(run: Run, results: Path) -> Path:
    return Path(results) / f"{run.name}.safetensors"
