"""Chapter 11: what an objective that averages over subsets can reach at best."""

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["PriceOfMixing"]


class PriceOfMixing(LiveFigure):
    """The best objective of PoE, MoPoE and MoE in a linear-Gaussian world, and what is generated.

    Each modality has one coordinate with ``shared`` bits about a cause common to all, and one with
    ``private`` bits about a cause of its own, both seen through noise of variance 1.

    Derived in: notebooks/11
    """

    module = "price_of_mixing"
    modalities = traitlets.Int(5, min=2, max=20).tag(sync=True)
    shared = traitlets.Float(1.0, min=0.1).tag(sync=True)
    private = traitlets.Float(1.5, min=0.1).tag(sync=True)
    subsets = traitlets.Int(4, min=1).tag(sync=True)
