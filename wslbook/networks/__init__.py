"""Encoders, decoders and classifiers of the thesis' appendix.

A network returns a distribution: no pair of parameters leaves this package. A trunk or body is any
module; the classes of :mod:`wslbook.networks.gaussian` and :mod:`wslbook.networks.classifier` add
the last layer and say what its output means. The builders name the tables they follow, and
:doc:`/book/architectures` prints them.
"""

from wslbook.networks.classifier import AttributeClassifier, Classifier
from wslbook.networks.faces import caption_decoder, caption_encoder, face_decoder, face_encoder
from wslbook.networks.flat import flat_decoder, flat_encoder, mnist_decoder, mnist_encoder
from wslbook.networks.gaussian import Decoder, GaussianEncoder
from wslbook.networks.one_hot import OneHot
from wslbook.networks.polymnist import polymnist_decoder, polymnist_encoder
from wslbook.networks.residual import ResidualBlock
from wslbook.networks.svhn import svhn_decoder, svhn_encoder
from wslbook.networks.words import word_decoder, word_encoder

__all__ = [
    "AttributeClassifier",
    "Classifier",
    "Decoder",
    "GaussianEncoder",
    "OneHot",
    "ResidualBlock",
    "caption_decoder",
    "caption_encoder",
    "face_decoder",
    "face_encoder",
    "flat_decoder",
    "flat_encoder",
    "mnist_decoder",
    "mnist_encoder",
    "polymnist_decoder",
    "polymnist_encoder",
    "svhn_decoder",
    "svhn_encoder",
    "word_decoder",
    "word_encoder",
]
