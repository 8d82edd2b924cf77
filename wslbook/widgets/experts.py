"""Chapter 09: three experts on a plane, and what products and mixtures make of them."""

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["Experts"]


def _position(value: float) -> traitlets.Float:
    return traitlets.Float(value).tag(sync=True)


def _spread(value: float) -> traitlets.Float:
    return traitlets.Float(value, min=0.1).tag(sync=True)


class Experts(LiveFigure):
    """The product, the mixture and the mixture of products of three Gaussians that one moves.

    Expert m is N((acrossM, upM), diag(wideM², tallM²)). One expert may be missing, and the
    standard normal prior may take part in every product.

    Derived in: notebooks/09
    """

    module = "experts"
    across1, up1, wide1, tall1 = _position(-1.0), _position(0.0), _spread(0.5), _spread(1.6)
    across2, up2, wide2, tall2 = _position(-0.4), _position(1.0), _spread(1.6), _spread(0.5)
    across3, up3, wide3, tall3 = _position(1.5), _position(-1.0), _spread(0.8), _spread(0.8)
    chosen = traitlets.Int(3, min=1, max=3).tag(sync=True)
    missing = traitlets.Int(0, min=0, max=3).tag(sync=True)
    prior = traitlets.Int(0, min=0, max=1).tag(sync=True)
