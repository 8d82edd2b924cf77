"""Chapter 01: the ELBO and the KL divergence share a constant."""

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["Evidence"]


class Evidence(LiveFigure):
    """The conjugate Gaussian model under a Gaussian q that the reader moves.

    The model is z ~ N(0, 1), x | z ~ N(z, noise²). Whatever q is, ELBO and KL(q || p(z | x)) add
    up to log p(x).

    Derived in: notebooks/01
    """

    module = "evidence"
    x = traitlets.Float(1.5).tag(sync=True)
    noise = traitlets.Float(0.8).tag(sync=True)
    mean = traitlets.Float(-0.5).tag(sync=True)
    scale = traitlets.Float(1.0).tag(sync=True)
