"""The directive {ledger}: a page of the book from a data file in book/ledgers.

Each entry names the section that treats it, as ``document#heading``. A link to a document or a
heading that does not exist is a warning, and the build turns warnings into errors.
"""

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

COLUMNS = {
    "claims": {"id": "Claim", "says": "The thesis says", "verdict": "Verdict", "found": "We found"},
    "errata": {"id": "Error", "where": "Where", "says": "It says", "should": "It should say"},
    "map": {"id": "Item", "states": "What it states"},
}
WIDTHS = {"claims": "8 34 12 46", "errata": "8 16 37 39", "map": "30 70"}


class Ledger(SphinxDirective):
    """Render one ledger as a table whose first column links to the book."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        path = Path(self.env.srcdir) / f"book/ledgers/{name}.yml"
        self.env.note_dependency(str(path))
        columns = COLUMNS[name]
        options = [":header-rows: 1", ":class: ledger", f":widths: {WIDTHS[name]}"]
        lines = [":::{list-table}", *options, ""]
        lines += row([*columns.values()])
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        for entry in sorted(entries, key=chapter):  # chapters append; readers want book order
            lines += row([link(entry), *(str(entry[c]) for c in columns if c != "id")])
        parent = nodes.container()
        self.state.nested_parse(StringList([*lines, ":::"], source=str(path)), 0, parent)
        return parent.children


def chapter(entry: dict[str, Any]) -> str:
    """Return the document that treats an entry."""
    return entry["anchor"].partition("#")[0]


def row(cells: list[str]) -> list[str]:
    """Return the lines of a row of a list-table."""
    first, *rest = (" ".join(cell.split()) for cell in cells)
    return [f"* - {first}", *(f"  - {cell}" for cell in rest)]


def link(entry: dict[str, Any]) -> str:
    """Return the entry's name as a link to the section that treats it."""
    document, _, heading = entry["anchor"].partition("#")
    return f"[{entry['id']}](/{document}.ipynb#{heading})"


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("ledger", Ledger)
    return {"parallel_read_safe": True}
