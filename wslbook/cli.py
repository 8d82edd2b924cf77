"""The command ``wslbook``: list, run and tabulate the experiments."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from wslbook.experiments import EXPERIMENTS, RESULTS, runs_of, table, thesis_tables

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: the words after ``wslbook``; those of the process by default.

    Returns:
        0, or 1 after an error that the message explains.
    """
    chosen = _parser().parse_args(arguments)
    try:
        chosen.command(chosen)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"wslbook: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wslbook", description="Run the book's experiments.")
    commands = parser.add_subparsers(required=True)
    listing = commands.add_parser("list", help="list experiments, presets and tables")
    listing.set_defaults(command=_list)
    _add_run(commands.add_parser("run", help="train and evaluate models"))
    _add_table(commands.add_parser("table", help="print a table of the thesis beside our results"))
    for command in commands.choices.values():
        command.add_argument(
            "--results",
            type=Path,
            default=RESULTS,
            metavar="DIR",
            help="result files (%(default)s)",
        )
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_run)
    parser.add_argument("name", choices=EXPERIMENTS)
    parser.add_argument("--preset", choices=("smoke", "cpu", "paper"), default="smoke")
    parser.add_argument("--seeds", type=int, nargs="+", help="by default the preset's")
    parser.add_argument("--methods", nargs="+", help="by default all of the experiment")
    parser.add_argument("--source", choices=("offline", "real"), help="by default the preset's")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (%(default)s)")


def _add_table(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_table)
    parser.add_argument("number", choices=thesis_tables())
    parser.add_argument("--preset", choices=("smoke", "cpu", "paper"), default="cpu")


def _list(chosen: argparse.Namespace) -> None:
    for name, experiment in EXPERIMENTS.items():
        print(f"{name:15} {experiment.summary}")
        for preset in experiment.presets:
            runs = runs_of(name, preset)
            done = sum((chosen.results / f"{run.name}.json").exists() for run in runs)
            print(f"{'':15}   {preset:6} {done} of {len(runs)} runs")
    print(f"\nTables: {', '.join(thesis_tables())}")
    print(f"Result files: {chosen.results.resolve()}")


def _run(chosen: argparse.Namespace) -> None:
    from wslbook.experiments.run import carry_out_all

    runs = runs_of(
        chosen.name,
        chosen.preset,
        methods=chosen.methods,
        seeds=chosen.seeds,
        source=chosen.source,
    )
    carry_out_all(runs, chosen.results, chosen.jobs)
    for run in runs:
        print(chosen.results / f"{run.name}.json")


def _table(chosen: argparse.Namespace) -> None:
    print(table(chosen.number, chosen.preset, chosen.results))
