"""What must agree across files: the environment, the ledgers, the notation, the versions."""

import importlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import wslbook
from wslbook.typing import AXES

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
VERDICTS = {"holds", "holds at this scale", "does not hold", "not testable offline"}
LEDGERS = {p.stem: yaml.safe_load(p.read_text()) for p in (ROOT / "book/ledgers").glob("*.yml")}


def test_environment_agrees_with_pyproject():
    """Conda users get the package with the same extras and the same pins."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    python, _, pip = environment
    assert python == f"python{PROJECT['requires-python']}"
    extras = ",".join(PROJECT["optional-dependencies"])
    assert pip["pip"] == ["-c constraints.txt", f"-e .[{extras}]"]


def normal(requirement):
    return re.split(r"[<>=\[; ]", requirement)[0].lower().replace("_", "-").replace(".", "-")


def test_every_dependency_is_pinned_and_bounded_below():
    pins = {normal(line) for line in (ROOT / "constraints.txt").read_text().splitlines()}
    extras = [r for group in PROJECT["optional-dependencies"].values() for r in group]
    for requirement in PROJECT["dependencies"] + extras:
        assert normal(requirement) in pins, requirement
        assert ">=" in requirement
    for requirement in PROJECT["dependencies"]:
        assert "<" not in requirement, "an upper bound would replace what Colab ships"


def test_nothing_needs_torchvision():
    assert "torchvision" not in (ROOT / "constraints.txt").read_text()


def test_the_version_is_the_same_everywhere():
    version = wslbook.__version__
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert f'wslbook=={version}\\"' in path.read_text(), path.name


def slug(heading):
    """The anchor that MyST gives to a heading."""
    text = re.sub(r"[^\w\s-]", "", heading.strip().lower().replace("$", ""))
    return re.sub(r"\s", "-", text)


def headings(document):
    path = ROOT / document
    if path.with_suffix(".ipynb").exists():
        cells = json.loads(path.with_suffix(".ipynb").read_text())["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    else:
        text = path.with_suffix(".md").read_text()
    return {slug(h) for h in re.findall(r"^#{1,3} (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize(
    ("ledger", "entry"),
    [(name, entry) for name, entries in LEDGERS.items() for entry in entries],
    ids=lambda value: value["id"] if isinstance(value, dict) else value,
)
def test_ledger_anchors_exist(ledger, entry):
    document, heading = entry["anchor"].split("#")
    assert heading in headings(document)
    if ledger == "claims":
        assert entry["verdict"] in VERDICTS


def test_there_are_three_ledgers_with_distinct_ids():
    assert set(LEDGERS) == {"claims", "errata", "map"}
    for entries in LEDGERS.values():
        ids = [entry["id"] for entry in entries]
        assert len(ids) == len(set(ids))


def test_names_in_the_notation_occur_in_the_package():
    source = "\n".join(p.read_text() for p in (ROOT / "wslbook").rglob("*.py"))
    rows = re.findall(r"^\|.*?\| (`[^|]+`) \|", (ROOT / "book/notation.md").read_text(), re.M)
    assert len(rows) > 8
    for row in rows:
        for symbol in re.findall(r"[a-z_]+", row.replace("model.", "").replace("batch.", ""), re.I):
            assert re.search(rf"\b{symbol}\b", source), symbol


def test_the_reference_lists_the_axes():
    page = (ROOT / "book/api/index.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(AXES)


MODULES = [
    ".".join(p.relative_to(ROOT).with_suffix("").parts)
    for p in (ROOT / "wslbook").rglob("*.py")
    if p.name != "__init__.py"
]


@pytest.mark.parametrize("module", MODULES)
def test_public_names_exist(module):
    loaded = importlib.import_module(module)
    for public in getattr(loaded, "__all__", []):
        assert hasattr(loaded, public)


def imported_after(statement):
    """The modules that a statement loads, in a fresh interpreter, and its time in seconds."""
    script = (
        f"import time; t = time.perf_counter(); {statement}; t = time.perf_counter() - t\n"
        "import sys; print(t, *sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout
    seconds, *modules = output.decode().split()
    return float(seconds), set(modules)


def test_importing_the_package_costs_little_more_than_torch():
    # alternately, so that a busy moment meets both; the best of five
    pairs = [
        (imported_after("import wslbook")[0], imported_after("import torch")[0]) for _ in "abcde"
    ]
    ours, torch = (min(times) for times in zip(*pairs, strict=True))
    assert ours < 1.3 * torch


def test_heavy_libraries_load_when_first_used():
    _, modules = imported_after("import wslbook, wslbook.models, wslbook.objectives")
    assert not modules & {"matplotlib", "sklearn", "anywidget", "pooch", "requests"}


def test_the_package_works_without_jaxtyping():
    """Colab does not have it; there the shape annotations are documentation."""
    script = "import sys; sys.modules['jaxtyping'] = None; import wslbook.training, wslbook.models"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_chapter_finds_what_it_reads_when_only_the_wheel_is_installed(tmp_path):
    """As on Colab: no checkout beside the package, and another working directory."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", tmp_path], cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    script = (
        f"import sys; sys.path.insert(0, {str(wheel.with_suffix(''))!r})\n"
        "import wslbook; from wslbook.experiments import load_results, stored_results\n"
        "from wslbook.exercises import quiz; from wslbook.widgets import FaceTicks\n"
        "print(wslbook.__file__, len(load_results('mst', results=stored_results())))"
    )
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(wheel.with_suffix(""))
        names = archive.namelist()
    output = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert output.stdout.split() == [str(wheel.with_suffix("") / "wslbook/__init__.py"), "9"]
    for kind in (
        "widgets/*.mjs",
        "exercises/quizzes/*.json",
        "experiments/*.json",
        "datasets/files/*",
    ):
        assert {str(p.relative_to(ROOT)) for p in (ROOT / "wslbook").glob(kind)} <= set(names)


def test_npm_of_the_wheel_runs():
    """Python is all a reader must have."""
    sys.path.insert(0, str(ROOT / "tools"))
    from browser_libraries import wheel_npm

    output = subprocess.run([*wheel_npm(), "--version"], check=True, capture_output=True, text=True)
    assert int(output.stdout.split(".")[0]) >= 10


def test_the_lock_file_has_hashes_and_no_addresses():
    lock = json.loads((ROOT / "book/package-lock.json").read_text())["packages"]
    assert all("integrity" in package for name, package in lock.items() if name)
    assert not any("resolved" in package for package in lock.values())


SHIPPED = [
    p
    for p in subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    if Path(p).suffix in {".py", ".md", ".ipynb", ".yml", ".toml", ".json", ".mjs", ".js", ".css"}
]


def test_no_file_holds_a_path_of_the_machine_that_made_it():
    own = re.compile(re.escape(str(Path.home())) + r"/|" + re.escape(str(ROOT)))
    assert not [p for p in SHIPPED if (ROOT / p).exists() and own.search((ROOT / p).read_text())]
