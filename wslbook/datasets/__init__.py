"""Data sets. Each is a function of a split and a source that returns one :class:`Batch`.

``source="offline"`` (the default) needs no network; ``source="real"`` downloads once, into the
folder ``WSLBOOK_DATA`` or the user's cache.
"""

from wslbook.datasets.batch import Batch
from wslbook.datasets.mnist import mnist
from wslbook.datasets.remote import DownloadError, RemoteFile, data_folder

__all__ = ["Batch", "DownloadError", "RemoteFile", "data_folder", "mnist"]
