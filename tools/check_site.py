"""Fail when a page of the table of contents is missing from the built site; print its address.

Usage: python tools/check_site.py SITE
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

TOC = Path(__file__).parents[1] / "book/_toc.yml"


def pages(node: Any) -> Iterator[str]:
    """Yield every document named in a table of contents."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("root", "file"):
                yield value
            else:
                yield from pages(value)
    elif isinstance(node, list):
        for value in node:
            yield from pages(value)


def main(site: str) -> None:
    documents = list(pages(yaml.safe_load(TOC.read_text())))
    missing = [d for d in documents if not (Path(site) / f"{d}.html").is_file()]
    if missing:
        raise SystemExit(f"{site}: pages are missing: {', '.join(missing)}")
    print(f"{len(documents)} pages. First page: {(Path(site) / 'index.html').resolve().as_uri()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
