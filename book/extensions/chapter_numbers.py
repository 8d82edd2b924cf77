"""Number each chapter by its file name: notebooks/05_name.ipynb is chapter 5, section 2 is 5.2.

Sphinx counts the chapters it finds. The book names them (exercise 05.1, chapter05.py), and both
must agree even while a chapter in between is not written yet.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_external_toc.collectors import TocTreeCollectorWithStyles as Collector

CHAPTER = re.compile(r"notebooks/(\d\d)_")


def renumber(env: BuildEnvironment) -> None:
    """Replace the first part of every section number of a chapter."""
    for document, numbers in env.toc_secnumbers.items():
        if match := CHAPTER.match(document):
            first = int(match[1])
            for anchor, number in numbers.items():
                numbers[anchor] = (first, *number[1:])
            env.titles[document]["secnumber"] = (first,)
            for link in env.tocs[document].findall(nodes.reference):
                link["secnumber"] = numbers[link["anchorname"]]


def setup(app: Sphinx) -> dict[str, Any]:
    counted = Collector.assign_section_numbers

    def assign(self: Collector, env: BuildEnvironment) -> list[str]:
        rewritten = counted(self, env)
        renumber(env)
        return rewritten

    Collector.assign_section_numbers = assign
    return {"parallel_read_safe": True}
