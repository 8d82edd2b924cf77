"""Chapter 05: what the temperature does to a relaxed choice among three classes."""

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["SimplexTemperature"]


class SimplexTemperature(LiveFigure):
    """Gumbel-softmax samples of three classes on the simplex, under scores the reader moves.

    The log-scores are (theta1, theta2, 0). Beside the samples stand the tempered categorical
    probabilities and the share of samples that each class wins, which are not the same.

    Derived in: notebooks/05
    """

    module = "simplex_temperature"
    theta1 = traitlets.Float(1.0).tag(sync=True)
    theta2 = traitlets.Float(0.0).tag(sync=True)
    tau = traitlets.Float(1.0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
