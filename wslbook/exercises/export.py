"""A student's copy of a chapter: the exercises without their solutions."""

import json
from pathlib import Path

__all__ = ["student_version"]


def student_version(chapter: str | Path, target: str | Path) -> None:
    """Write a copy of a chapter without solutions and outputs.

    What stands between ``{solution-start}`` and ``{solution-end}`` is left out, markers included.

    Args:
        chapter: a notebook of the book.
        target: the notebook to write.

    Raises:
        ValueError: if a solution is opened twice or never closed.
    """
    notebook = json.loads(Path(chapter).read_text(encoding="utf-8"))
    kept, inside = [], False
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if "{solution-start}" in text:
            if inside:
                raise ValueError(f"chapter: {chapter} opens a solution inside a solution")
            inside = True
        if not inside:
            kept.append(_without_outputs(cell))
        if "{solution-end}" in text:
            inside = False
    if inside:
        raise ValueError(f"chapter: {chapter} opens a solution and never closes it")
    notebook["cells"] = kept
    notebook["metadata"].pop("widgets", None)
    Path(target).write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _without_outputs(cell: dict) -> dict:
    if cell["cell_type"] != "code":
        return cell
    return cell | {"outputs": [], "execution_count": None}
