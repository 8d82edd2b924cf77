"""Chapter 15: how far the merged scheme is from Fisher's law, and how many samples show it."""

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["KsDistance"]


class KsDistance(LiveFigure):
    """Exact and merged distribution functions of the first count, and what a test can see.

    The urn is the thesis' own: three classes of 200 balls with weights 1, w2 and 1, and 180 draws.
    The number of samples on either side is a power of ten, rounded.

    Derived in: notebooks/15
    """

    module = "ks_distance"
    w2 = traitlets.Float(2.0).tag(sync=True)
    log_samples = traitlets.Float(3.0).tag(sync=True)
