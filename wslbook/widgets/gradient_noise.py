"""Chapter 02: how fast the noise of a gradient estimate falls."""

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["GradientNoise"]


class GradientNoise(LiveFigure):
    """The exact variance of three estimates of the ELBO's gradient against the number of draws.

    The model is z ~ N(0, 1), x | z ~ N(z, noise²), q = N(mean, scale²); the gradient is the one
    with respect to the mean.

    Derived in: notebooks/02
    """

    module = "gradient_noise"
    x = traitlets.Float(1.5).tag(sync=True)
    noise = traitlets.Float(0.8).tag(sync=True)
    mean = traitlets.Float(0.0).tag(sync=True)
    scale = traitlets.Float(0.5).tag(sync=True)
    draws = traitlets.Int(10).tag(sync=True)
