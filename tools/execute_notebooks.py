"""Execute notebooks in place so that two runs give identical files.

No timing metadata, no interpreter version, widget ids that depend on their order only. A
notebook is replaced when it ran to its end, so a failing one stays as it was.
"""

import hashlib
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient

STATE = "application/vnd.jupyter.widget-state+json"
TIMEOUT = 600  # seconds for one cell


def execute(path: Path) -> str:
    """Run one notebook, store it, and return a line that says how long it took."""
    start = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # on a busy machine one cell's prints arrive in pieces
        resources=where,
    ).execute()
    partial = path.with_suffix(".part")
    nbformat.write(stabilise(notebook, path.stem), partial)
    os.replace(partial, path)
    return f"{path.name}: {time.perf_counter() - start:.1f} s, {path.stat().st_size // 1024} KB"


def stabilise(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """Name widget models by the order of their creation and drop what depends on the machine."""
    notebook.metadata["language_info"] = {"name": "python"}
    models = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    text = nbformat.writes(notebook)
    for i, random_id in enumerate(models):
        text = text.replace(random_id, hashlib.md5(f"{name}/{i}".encode()).hexdigest())
    return nbformat.reads(text, as_version=4)


if __name__ == "__main__":
    with ProcessPoolExecutor(max_workers=2) as pool:
        for line in pool.map(execute, map(Path, sys.argv[1:])):
            print(line, flush=True)
