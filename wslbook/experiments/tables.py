"""The thesis' tables with our numbers beside its own."""

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from wslbook.datasets.batch import check_choice
from wslbook.experiments.results import RESULTS, load_results

__all__ = ["Cell", "Table", "table", "thesis_tables"]

NAMES = {"poe": "PoE", "moe": "MoE", "mopoe": "MoPoE"}


@dataclass(frozen=True)
class Cell:
    """A mean over runs, their standard deviation where there are several, and their number."""

    mean: float
    std: float | None = None
    runs: int | None = None

    def text(self, digits: int) -> str:
        """Render the cell with a number of decimals."""
        spread = "" if self.std is None else f" ± {self.std:.{digits}f}"
        return f"{self.mean:.{digits}f}{spread}"


@dataclass(frozen=True)
class Table:
    """A table of the thesis: for each method a row of its cells and a row of ours.

    Printing it gives aligned text; a notebook shows it as a table.
    """

    number: str
    title: str
    provenance: str
    columns: tuple[str, ...]
    thesis: Mapping[str, tuple[Cell, ...]]
    ours: Mapping[str, tuple[Cell, ...]]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The header and the rows, as text."""
        digits = 1 if max(abs(c.mean) for row in self.thesis.values() for c in row) > 1 else 2
        rows = [("", "", *self.columns)]
        for method, name in NAMES.items():
            for label, cells in (("ours", self.ours.get(method)), ("thesis", self.thesis[method])):
                if cells is not None:
                    rows.append((name, label, *(c.text(digits) for c in cells)))
        return rows

    def markdown(self) -> str:
        """Render the table in Markdown, its caption below."""
        header, *rows = (f"| {' | '.join(row)} |" for row in self.rows)
        rule = "|" + "---|" * (len(self.columns) + 2)
        return "\n".join([header, rule, *rows, "", self.caption])

    @property
    def caption(self) -> str:
        """What the table shows and where the numbers come from."""
        return f"Table {self.number}. {self.title}. {self.provenance}"

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in self.rows
        ]
        return "\n".join([self.caption, "", *lines])

    def _repr_markdown_(self) -> str:
        return self.markdown()


def thesis_tables() -> dict[str, dict[str, Any]]:
    """Return the thesis' numbers: tables of chapters 3 and 4 by their number.

    Returns:
        For each table ``title``, ``experiment``, ``metric``, ``columns`` (label to key in the
        result files) and ``thesis`` (method to pairs of mean and standard deviation).
    """
    return json.loads(files("wslbook.experiments").joinpath("thesis_tables.json").read_text())


def table(number: str, preset: str = "cpu", results: str | Path = RESULTS) -> Table:
    """Set our results beside a table of the thesis.

    Args:
        number: the thesis' number, such as ``"3.1"``.
        preset: the scale of our runs.
        results: the folder of result files.

    Returns:
        Means and standard deviations over seeds.

    Raises:
        ValueError: if the thesis has no such table, or our runs come from different data.
        FileNotFoundError: if there are no results.
    """
    known = thesis_tables()
    check_choice("number", number, list(known))
    entry = known[number]
    found = load_results(entry["experiment"], preset, results)
    by_method = {m: [r for r in found if r["config"]["method"] == m] for m in NAMES}
    ours = {
        method: tuple(_cell(runs, entry["metric"], key) for key in entry["columns"].values())
        for method, runs in by_method.items()
        if runs
    }
    thesis = {m: tuple(Cell(*pair) for pair in row) for m, row in entry["thesis"].items()}
    counts = " to ".join(str(n) for n in sorted({len(runs) for runs in by_method.values() if runs}))
    provenance = (
        f"Ours: preset {preset} on {found[0]['data']}, runs a method: {counts}; "
        "mean ± standard deviation."
    )
    return Table(number, entry["title"], provenance, tuple(entry["columns"]), thesis, ours)


def _cell(runs: list[dict[str, Any]], metric: str, key: str) -> Cell:
    values = [_value(run["numbers"][metric], key) for run in runs]
    std = statistics.stdev(values) if len(values) > 1 else None
    return Cell(statistics.fmean(values), std, len(values))


def _value(numbers: Mapping[str, float] | float, key: str) -> float:
    return numbers[key] if isinstance(numbers, Mapping) else numbers
