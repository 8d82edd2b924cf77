"""Result files: one JSON a run, written atomically, never mixed."""

import json
import os
from pathlib import Path
from typing import Any

from wslbook.experiments.runs import Run

__all__ = ["RESULTS", "load_results", "read_finished", "stored_results", "write_result"]

RESULTS = Path("results")
"""Where runs write their result files and tables look for them, below the working directory."""


def stored_results() -> Path:
    """Find the result files that came with the book, wherever a chapter is run.

    Returns:
        The folder: inside an installed package, beside the package in a checkout.
    """
    package = Path(__file__).parents[1]
    installed = package / "results"
    return installed if installed.is_dir() else package.with_name("results")


def write_result(path: Path, result: dict[str, Any]) -> None:
    """Write a result beside its final place, then rename: the file is always complete.

    Args:
        path: the final place.
        result: what JSON can store.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    with partial.open("w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def read_finished(run: Run, results: Path = RESULTS) -> dict[str, Any] | None:
    """Return the result of a run that is finished, or None.

    Args:
        run: which.
        results: the folder of result files.

    Returns:
        The content of its file.

    Raises:
        ValueError: if the file holds a run with another configuration or source of data.
    """
    path = results / f"{run.name}.json"
    if not path.exists():
        return None
    stored = json.loads(path.read_text())
    differing = _differences(stored["config"], run.config)
    if differing:
        raise ValueError(
            f"results: {path} was written with {'; '.join(differing)}. Runs that differ are not "
            "mixed: choose another folder with --results, or delete the file"
        )
    return stored


def _differences(stored: dict[str, Any], wanted: dict[str, Any], within: str = "") -> list[str]:
    """Describe every entry in which two configurations differ."""
    found = []
    for key in sorted({*stored, *wanted}):
        old, new = stored.get(key), wanted.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{within}{key}.")
        elif old != new:
            found.append(f"{within}{key} = {old!r} (now {new!r})")
    return found


def load_results(
    experiment: str, preset: str = "cpu", results: str | Path = RESULTS
) -> list[dict[str, Any]]:
    """Load all finished runs of an experiment at one scale.

    Args:
        experiment: a key of :data:`.EXPERIMENTS`.
        preset: ``"smoke"``, ``"cpu"`` or ``"paper"``.
        results: the folder of result files.

    Returns:
        The contents of the files, in the order of their names: ``config``, ``numbers``,
        ``history``, ``seconds``, ``versions`` and ``data``, the source of the data.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if they come from different data.
    """
    paths = sorted(Path(results).glob(f"{experiment}-{preset}-*.json"))
    if not paths:
        raise FileNotFoundError(
            f"no results of {experiment} at scale {preset} in {Path(results).resolve()}; "
            f"make them with: wslbook run {experiment} --preset {preset}"
        )
    loaded = [json.loads(path.read_text()) for path in paths]
    sources = sorted({result["data"] for result in loaded})
    if len(sources) > 1:
        raise ValueError(
            f"results: {experiment} at scale {preset} was run on different data "
            f"({'; '.join(sources)}), which are not averaged: keep them in different folders"
        )
    return loaded
