"""Chapter 10: coherence against image quality, and who wins at which weight."""

from pathlib import Path
from typing import Any

import traitlets

from wslbook.experiments import RESULTS, table
from wslbook.experiments.tables import NAMES, Cell
from wslbook.widgets.figure import LiveFigure

__all__ = ["TradeOff", "coherence_and_quality"]

Points = dict[str, dict[str, dict[str, list[float]]]]


def coherence_and_quality(results: str | Path = RESULTS, preset: str = "cpu") -> Points:
    """Pair tables 3.3 and 3.5 with table 3.8: two marks for every generated image modality.

    Args:
        results: the folder of result files.
        preset: the scale of our runs.

    Returns:
        By what is generated (such as ``"M from S,T"``), ``"ours"`` or ``"thesis"``, and method:
        means of coherence and average precision, then their standard deviations over runs.

    Raises:
        FileNotFoundError: if there are no results.

    Derived in: notebooks/10
    """
    conditional, random, quality = (table(n, preset, results) for n in ("3.3", "3.5", "3.8"))
    points: Points = {}
    for column, name in enumerate(quality.columns):
        judge = conditional if name in conditional.columns else random
        place = judge.columns.index(name) if judge is conditional else 0
        points[name] = {
            source: {
                NAMES[method]: _point(getattr(judge, source)[method][place], cells[column])
                for method, cells in getattr(quality, source).items()
            }
            for source in ("ours", "thesis")
        }
    return points


def _point(coherence: Cell, quality: Cell) -> list[float]:
    return [coherence.mean, quality.mean, coherence.std or 0.0, quality.std or 0.0]


class TradeOff(LiveFigure):
    """Three methods by two marks, and their weighted mean for a weight that one chooses.

    Quality is average precision over its largest value 1/2 + log 2 / pi, so both marks end at 1.

    Args:
        points: what :func:`coherence_and_quality` returns.

    Derived in: notebooks/10
    """

    module = "trade_off"
    points = traitlets.List().tag(sync=True)
    generated = traitlets.Int(0, min=0).tag(sync=True)
    source = traitlets.Int(0, min=0, max=1).tag(sync=True)
    weight = traitlets.Float(0.5, min=0, max=1).tag(sync=True)

    def __init__(self, points: Points, **kwargs: Any) -> None:
        super().__init__(
            points=[{"name": name, **sources} for name, sources in points.items()], **kwargs
        )
