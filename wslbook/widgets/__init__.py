"""Live figures. Each computes its numbers in its own JavaScript, so a static page keeps it alive.

A figure is a Python class that declares what the reader may change, and beside it a module
``*.mjs`` with the mathematics as plain exported functions and one ``render``.
"""

from wslbook.widgets.evidence import Evidence
from wslbook.widgets.experts import Experts
from wslbook.widgets.face_ticks import FaceTicks
from wslbook.widgets.gradient_noise import GradientNoise
from wslbook.widgets.judges import Judges
from wslbook.widgets.ks_distance import KsDistance
from wslbook.widgets.latent_plane import LatentPlane
from wslbook.widgets.merging import Merging
from wslbook.widgets.partition_law import PartitionLaw
from wslbook.widgets.price_of_mixing import PriceOfMixing
from wslbook.widgets.ranking_scores import RankingScores
from wslbook.widgets.restaurant import Restaurant
from wslbook.widgets.simplex_temperature import SimplexTemperature
from wslbook.widgets.swap_codes import SwapCodes
from wslbook.widgets.trade_off import TradeOff
from wslbook.widgets.urn import Urn

__all__ = [
    "Evidence",
    "Experts",
    "FaceTicks",
    "GradientNoise",
    "Judges",
    "KsDistance",
    "LatentPlane",
    "Merging",
    "PartitionLaw",
    "PriceOfMixing",
    "RankingScores",
    "Restaurant",
    "SimplexTemperature",
    "SwapCodes",
    "TradeOff",
    "Urn",
]
