"""Time the drawing of faces, the reading of a batch and the conversion of photographs, one thread.

Usage: python benchmarks/faces.py

Images per second: the best of several runs, and the mean per second of processor time
(for a busy machine). A photograph is a JPEG of noise of CelebA's size; real ones are smoother
and faster to read. Stored faces are read as a batch of floats and captions.
"""

import io
import time
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image

from wslbook.datasets.captions import encode_captions
from wslbook.datasets.cartoon_faces import render
from wslbook.datasets.celeba import Faces
from wslbook.datasets.celeba_files import _crop_and_scale
from wslbook.datasets.face_attributes import DRAWN_ATTRIBUTES, sample_attributes

ROW = "{:<34} {:>6} {:>14} {:>20}"


def report(name: str, count: int, function: Callable[[], object]) -> None:
    times, work = [], time.process_time()
    stop = time.perf_counter() + 2
    while len(times) < 3 or time.perf_counter() < stop:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    work = (time.process_time() - work) / len(times)
    print(ROW.format(name, count, f"{count / min(times):,.0f}", f"{count / work:,.0f}"))


def photograph() -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (218, 178, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=75)
    return file.getvalue()


def main() -> None:
    torch.set_num_threads(1)
    attributes = sample_attributes(640, torch.Generator().manual_seed(0))

    def draw(size: int) -> torch.Tensor:
        return render(attributes, torch.Generator().manual_seed(1), size)

    print(ROW.format("what", "count", "images/s", "images/processor s"))
    for size in (64, 32):
        report(f"draw faces of {size} x {size}", 640, lambda size=size: draw(size))
    faces = Faces(draw(64), attributes, DRAWN_ATTRIBUTES, "drawn faces")
    rows = torch.randperm(640)[:256]
    report("write captions", 256, lambda: encode_captions(attributes[:256], DRAWN_ATTRIBUTES))
    report("read a batch of stored faces", 256, lambda: faces[rows])
    jpeg = photograph()
    report("crop and scale a photograph", 1, lambda: _crop_and_scale(jpeg, 64))


if __name__ == "__main__":
    main()
