"""Live figures. Each computes its numbers in its own JavaScript, so a static page keeps it alive.

A figure is a Python class that declares what the reader may change, and beside it a module
``*.mjs`` with the mathematics as plain exported functions and one ``render``.
"""

from wslbook.widgets.evidence import Evidence
from wslbook.widgets.gradient_noise import GradientNoise
from wslbook.widgets.latent_plane import LatentPlane

__all__ = ["Evidence", "GradientNoise", "LatentPlane"]
