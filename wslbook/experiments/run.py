"""Carry out runs: train, evaluate, write one result file each; continue after a kill."""

import platform
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import wslbook
from wslbook.datasets.batch import Examples
from wslbook.experiments.build import build_model, build_objective, load_data
from wslbook.experiments.classifiers import classifier_scores, trained_classifiers
from wslbook.experiments.evaluate import Trial, evaluate
from wslbook.experiments.results import RESULTS, read_finished, write_result
from wslbook.experiments.runs import Run
from wslbook.training import fit

__all__ = ["carry_out", "carry_out_all", "run_folder", "trained_model"]


def carry_out(run: Run, results: Path = RESULTS) -> dict[str, Any]:
    """Train and evaluate a model, unless its result is there already.

    Training leaves a checkpoint after every epoch, so a run that was killed continues from there
    and gives the numbers of one that was not. The weights stay in the data folder.

    Args:
        run: what to do.
        results: the folder of result files.

    Returns:
        The content of the result file.

    Raises:
        ValueError: if the folder has a result of the same name with another configuration.
    """
    finished = read_finished(run, results)
    if finished is not None:
        return finished
    train, test = load_data(run, "train"), load_data(run, "test")
    classifiers = trained_classifiers(run, train, run_folder())
    start = time.perf_counter()
    model, history = trained_model(run, train)
    trained = time.perf_counter()
    wslbook.set_seed(0)
    numbers = evaluate(Trial(model, train, test, classifiers, run.settings))
    result = {
        "config": run.config,
        "data": train.source,
        "numbers": numbers,
        "classifiers": classifier_scores(classifiers, test),
        "history": [round(value, 3) for value in history.tolist()],
        "seconds": {
            "training": round(trained - start, 1),
            "evaluation": round(time.perf_counter() - trained, 1),
        },
        "versions": _versions(),
    }
    write_result(results / f"{run.name}.json", result)
    return result


def trained_model(run: Run, train: Examples | None = None) -> tuple[nn.Module, Tensor]:
    """Train the model of a run, or load it where it was trained before.

    Args:
        run: which.
        train: its training tuples; loaded by default.

    Returns:
        The model in evaluation mode, on the fastest device, and the mean objective of each epoch.
    """
    train = load_data(run, "train") if train is None else train
    settings = run.settings
    wslbook.set_seed(run.seed)
    # convolutions are faster with the channels of a pixel side by side
    model = build_model(run, train).to(memory_format=torch.channels_last)
    model = model.to(wslbook.default_device())
    history = fit(
        model,
        build_objective(run, train),
        train,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        checkpoint=run_folder() / f"{run.name}-{run.digest}.safetensors",
    )
    return model.eval(), history


def carry_out_all(runs: Iterable[Run], results: Path = RESULTS, jobs: int = 1) -> None:
    """Carry out runs, several at a time in processes of one thread each.

    Args:
        runs: what to do; those that are finished are skipped.
        results: the folder of result files.
        jobs: how many at a time.

    Raises:
        ValueError: if the folder has a result of the same name with another configuration.
    """
    waiting = [run for run in runs if read_finished(run, results) is None]
    if jobs == 1 or len(waiting) < 2:
        for run in waiting:
            carry_out(run, results)
        return
    import joblib

    # what all runs share is made before they start
    first = waiting[0]
    trained_classifiers(first, load_data(first, "train"), run_folder())
    joblib.Parallel(jobs)(joblib.delayed(_alone)(run, results) for run in waiting)


def _alone(run: Run, results: Path) -> None:
    torch.set_num_threads(1)
    carry_out(run, results)


def run_folder() -> Path:
    """Return the folder of checkpoints and classifiers, a part of the data folder."""
    from wslbook.datasets.remote import data_folder

    return data_folder() / "runs"


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "wslbook": wslbook.__version__,
    }
