"""Chapter 08: what each class of an urn contributes to the draw."""

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["Urn"]


class Urn(LiveFigure):
    """Exact marginals of Fisher's law for three classes whose sizes and weights the reader sets.

    Class 3 has weight 1, since only the ratios of the weights matter. At most as many balls are
    drawn as the urn holds.

    Derived in: notebooks/08
    """

    module = "urn"
    size1 = traitlets.Int(6).tag(sync=True)
    size2 = traitlets.Int(8).tag(sync=True)
    size3 = traitlets.Int(12).tag(sync=True)
    draws = traitlets.Int(9).tag(sync=True)
    log_w1 = traitlets.Float(1.5).tag(sync=True)
    log_w2 = traitlets.Float(0.0).tag(sync=True)
