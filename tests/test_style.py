"""The rules of the house that a program can check."""

import ast
import json
import re
from pathlib import Path

import pytest

from wslbook.typing import AXES

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "wslbook").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def name(path):
    return str(path.relative_to(ROOT))


def functions(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            doc = ast.get_docstring(node, clean=False)
            yield node, node.end_lineno - node.lineno + 1 - (doc.count("\n") + 1 if doc else 0)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_and_functions_are_short(path):
    assert path.read_text().count("\n") <= 300
    assert not [node.name for node, lines in functions(path) if lines > 50]


def test_the_median_function_is_short():
    lengths = sorted(lines for path in SOURCES for _, lines in functions(path))
    assert lengths[len(lengths) // 2] < 10


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_shapes_use_the_vocabulary(path):
    """Every axis in an annotation is in AXES, a number, or one of jaxtyping's wildcards."""
    for shape in re.findall(r'(?:Float|Int|Bool)\[\w+, "([^"]*)"\]', path.read_text()):
        for axis in shape.split():
            assert axis.lstrip("*#") in {*AXES, "_", "..."} or axis.isdigit(), shape


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_asks_for_a_device(path):
    """Tensors are made beside the tensors they meet; only the two entry points know devices."""
    if name(path) in {"wslbook/__init__.py", "wslbook/training.py", "wslbook/datasets/batch.py"}:
        return
    assert not re.search(r'\.cuda\(|\.to\((?:device|"c)|device\s*=\s*["\']', path.read_text())


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_variances_do_not_leave_the_networks(path):
    if "networks" not in path.relative_to(ROOT).parts:
        assert not re.search(r"log_?var(iance)?\b|log_sigma", path.read_text())


ORDER = [
    ["typing"],
    ["constraints", "relax", "sorting"],
    ["distributions"],
    ["aggregators", "likelihoods"],
    ["datasets.batch"],
    ["networks", "objectives"],
    ["models"],
    ["training", "metrics"],
    ["datasets"],
    ["experiments"],
    ["cli"],
]
LEAVES = ["plotting", "widgets", "exercises"]


def level(module):
    """The place of a module in the order of imports; leaves come last."""
    for place, names in enumerate(ORDER):
        if any(module == n or module.startswith(f"{n}.") for n in names):
            return place
    assert module.split(".")[0] in LEAVES, f"{module} has no place in the order of imports"
    return len(ORDER)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_imports_go_one_way(path):
    module = ".".join(path.relative_to(ROOT / "wslbook").with_suffix("").parts)
    module = module.removesuffix("__init__").strip(".")
    for node in ast.walk(ast.parse(path.read_text())):
        imported = getattr(node, "module", None) if isinstance(node, ast.ImportFrom) else None
        if module and imported and imported.startswith("wslbook."):
            assert level(imported.removeprefix("wslbook.")) <= level(module), imported


def cells(path, kind):
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == kind:
            yield cell, "".join(cell["source"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_cells_are_short(path):
    lengths = [text.count("\n") + 1 for _, text in cells(path, "code")]
    assert max(lengths) <= 40
    assert sum(length <= 15 for length in lengths) >= 0.8 * len(lengths)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_chapters_are_stored_executed_in_order(path):
    code = [cell for cell, _ in cells(path, "code")]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    assert not [o for c in code for o in c["outputs"] if o["output_type"] == "error"]
    assert path.stat().st_size < 1_000_000
    assert "execution" not in json.dumps([c["metadata"] for c in code])  # timing


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_chapters_check_themselves(path):
    """Every section but the last ones has an assertion, and every figure its alternative text."""
    text = "\n".join(t for _, t in cells(path, "code"))
    sections = [t for _, t in cells(path, "markdown") if t.startswith("## ")]
    assert text.count("assert ") >= len(sections) - 3
    for cell, source in cells(path, "code"):
        if "plt.show()" in source:
            figure = cell["metadata"]["mystnb"]
            assert len(figure["image"]["alt"]) > 40, source
            assert figure["figure"]["caption"]


PARTS = ["## Exercises", "## Quiz", "## What the thesis says and what we found", "## References"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_chapters_have_their_parts(path):
    text = "\n".join(t for _, t in cells(path, "markdown"))
    positions = [text.index(part) for part in PARTS]
    assert positions == sorted(positions)
    assert text.startswith("# ")
    assert "**After this chapter you can**" in text
    assert text.count(":::{exercise}") == text.count("{solution-start}") >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_chapters_have_a_live_figure(path):
    assert json.loads(path.read_text())["metadata"]["widgets"]
