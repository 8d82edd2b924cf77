"""Chapter 04: a small world in which every measure of a generative model is an exact sum."""

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["Judges"]


class Judges(LiveFigure):
    """A generator of places and words, and what seven measures say of it.

    In the real world one of six words is drawn, and a place around the word's own: 120 places in
    six stretches of 20. The generator may keep fewer ``modes``, ``spread`` them, draw the word anew
    in a share ``mismatch`` of cases, and be ``noise`` in another share. The encoder blurs the place
    by ``blur`` places (standard deviation) before the probe reads the word.

    Derived in: notebooks/04
    """

    module = "judges"
    modes = traitlets.Int(6).tag(sync=True)
    spread = traitlets.Float(1.0).tag(sync=True)
    mismatch = traitlets.Float(0.0).tag(sync=True)
    noise = traitlets.Float(0.0).tag(sync=True)
    blur = traitlets.Float(0.0).tag(sync=True)
