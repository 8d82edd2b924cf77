"""Data sets: functions of a split and a source that return :class:`.Examples`.

``source="offline"`` (the default) needs no network; ``source="real"`` downloads once, into the
folder ``WSLBOOK_DATA`` or the user's cache (:mod:`wslbook.datasets.remote`, loaded on demand).
"""

from wslbook.datasets.batch import Batch, Examples
from wslbook.datasets.celeba import celeba
from wslbook.datasets.mnist import mnist
from wslbook.datasets.mnist_svhn_text import mnist_svhn_text
from wslbook.datasets.polymnist import polymnist
from wslbook.datasets.svhn import svhn

__all__ = ["Batch", "Examples", "celeba", "mnist", "mnist_svhn_text", "polymnist", "svhn"]
