"""Time the data sets: how fast they are drawn, read again, and handed out in batches.

Usage: python benchmarks/datasets.py [--folder FOLDER]

One thread, and seconds of the processor, so that busy neighbours count less. "first" makes the
training set of the source "offline" in an empty folder, "again" reads what is kept there; "batch"
is the median time for 64 random examples, as floats.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial

import torch

from wslbook.datasets import mnist, mnist_svhn_text, polymnist, svhn
from wslbook.datasets.batch import Examples

ROW = "{:<32} {:>8} {:>9} {:>9} {:>13} {:>10}"
BATCH_SIZE, REPEATS = 64, 200
DATASETS = {
    "mnist": mnist,
    "svhn": svhn,
    "mnist_svhn_text": mnist_svhn_text,
    "polymnist, size 14": partial(polymnist, size=14),
    "polymnist, size 28": polymnist,
    "polymnist, size 14, 20 modalities": partial(polymnist, size=14, num_modalities=20),
}


def seconds(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def batch_milliseconds(data: Examples) -> float:
    times = []
    for _ in range(REPEATS):
        index = torch.randint(len(data), (BATCH_SIZE,))
        times.append(seconds(lambda index=index: data[index]))
    return 1e3 * sorted(times)[REPEATS // 2]


def report(name: str, load: Callable[[], Examples]) -> None:
    first, again = seconds(load), seconds(load)
    data = load()
    speed = f"{len(data) / first:.0f}"
    milliseconds = f"{batch_milliseconds(data):.2f}"
    print(ROW.format(name, len(data), f"{first:.2f}", f"{again:.2f}", speed, milliseconds))


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", help="of stored drawings; a new, temporary one by default")
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["WSLBOOK_DATA"] = parser.parse_args().folder or temporary
        print(ROW.format("data set", "size", "first s", "again s", "examples/s", "batch ms"))
        for name, load in DATASETS.items():
            report(name, load)


if __name__ == "__main__":
    main()
