"""The thesis' experiments: presets at three scales, a runner, and tables beside the thesis'.

From a shell::

    wslbook run mst --preset smoke
    wslbook table 3.1

In a notebook::

    from wslbook.experiments import load_results, table
"""

from wslbook.experiments.compare import better, seed_values
from wslbook.experiments.presets import EXPERIMENTS, METHODS, Experiment, Preset, preset
from wslbook.experiments.results import RESULTS, load_results, stored_results
from wslbook.experiments.runs import Run, runs_of
from wslbook.experiments.tables import Table, table, thesis_tables

__all__ = [
    "EXPERIMENTS",
    "METHODS",
    "RESULTS",
    "Experiment",
    "Preset",
    "Run",
    "Table",
    "better",
    "load_results",
    "preset",
    "runs_of",
    "seed_values",
    "stored_results",
    "table",
    "thesis_tables",
]
