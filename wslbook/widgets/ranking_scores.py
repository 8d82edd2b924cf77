"""Chapter 06: the law of a ranking, and the relaxed matrix of its scores."""

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["RankingScores"]


class RankingScores(LiveFigure):
    """The Plackett-Luce law of four items and the NeuralSort matrix of their log-scores.

    Both come from the same four numbers: bars show the exact probabilities of the most probable
    of the 24 rankings, the heat map the relaxed permutation matrix at a temperature.

    Derived in: notebooks/06
    """

    module = "ranking_scores"
    score1 = traitlets.Float(1.2).tag(sync=True)
    score2 = traitlets.Float(0.4).tag(sync=True)
    score3 = traitlets.Float(-0.3).tag(sync=True)
    score4 = traitlets.Float(-0.9).tag(sync=True)
    temperature = traitlets.Float(0.5).tag(sync=True)
