"""Chapter 14: what merging the classes of an urn does to their counts."""

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["Merging"]


class Merging(LiveFigure):
    """Fisher's law and the merged scheme side by side, for three classes that the reader sets.

    Class 3 has weight 1, since only the ratios of the weights matter. The classes are drawn in the
    order 1, 2, 3. At most as many balls are drawn as the urn holds.

    Derived in: notebooks/14
    """

    module = "merging"
    size1 = traitlets.Int(20).tag(sync=True)
    size2 = traitlets.Int(20).tag(sync=True)
    size3 = traitlets.Int(20).tag(sync=True)
    draws = traitlets.Int(30).tag(sync=True)
    log_w1 = traitlets.Float(0.0).tag(sync=True)
    log_w2 = traitlets.Float(2.5).tag(sync=True)
