"""Chapter 16: the law of a two-stage random partition of four items into three subsets."""

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["PartitionLaw"]


class PartitionLaw(LiveFigure):
    """All 81 ways to put four items into three labelled subsets, with their exact probabilities.

    The reader sets the log-scores of the items and the log-weights of two subsets; subset 3 has
    log-weight 0, since only differences matter.

    Derived in: notebooks/16
    """

    module = "partition_law"
    score1 = traitlets.Float(2.0).tag(sync=True)
    score2 = traitlets.Float(1.0).tag(sync=True)
    score3 = traitlets.Float(0.0).tag(sync=True)
    score4 = traitlets.Float(-1.0).tag(sync=True)
    log_w1 = traitlets.Float(0.5).tag(sync=True)
    log_w2 = traitlets.Float(0.0).tag(sync=True)
