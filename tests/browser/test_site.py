"""Every page of the built site: no console error, no request outside, formulas typeset."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from check_site import TOC, pages

DOCUMENTS = [*pages(yaml.safe_load(TOC.read_text())), "search", "genindex"]
CHAPTERS = [d for d in DOCUMENTS if d.startswith("notebooks/")]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_page_is_whole_without_a_network(visit, address, site, document):
    there = visit(address)
    page = there.open(document)
    page.wait_for_timeout(300)
    formulas = page.locator("span.math, div.math").count()
    assert page.locator("mjx-container").count() >= formulas
    assert page.locator("mjx-merror").count() == 0
    assert there.problems == []


@pytest.mark.parametrize("document", ["book/intro", *CHAPTERS[:1]])
def test_page_works_from_the_file_system(visit, site, document):
    there = visit(site.resolve().as_uri())
    page = there.open(document)
    if document in CHAPTERS:
        page.locator(".wsl-figure output[data-value]").first.wait_for()
    assert there.problems == []


@pytest.mark.parametrize("document", CHAPTERS)
def test_pictures_have_alternative_text(visit, address, document):
    page = visit(address).open(document)
    alts = page.locator("article img").evaluate_all("images => images.map(i => i.alt)")
    assert all(len(alt) > 40 for alt in alts), alts


@pytest.mark.parametrize("document", CHAPTERS)
def test_a_narrow_screen_does_not_scroll_sideways(visit, address, document):
    there = visit(address, viewport={"width": 390, "height": 844})
    page = there.open(document)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 400, width


@pytest.mark.parametrize("document", CHAPTERS)
def test_solutions_are_folded_and_unfold(visit, address, document):
    page = visit(address).open(document)
    solution = page.locator("div.solution.dropdown").first
    content = solution.locator("p").nth(1)
    assert not content.is_visible()
    solution.get_by_role("button").first.click()
    content.wait_for(state="visible")


@pytest.mark.parametrize("document", CHAPTERS)
def test_the_quiz_answers(visit, address, document):
    page = visit(address).open(document)
    quiz = page.locator(".Quiz").first
    quiz.locator("label").first.click()
    page.wait_for_function("document.querySelector('.Feedback').textContent.trim().length > 0")


def test_the_chapter_can_be_downloaded_and_opened_on_colab(visit, address):
    page = visit(address).open(CHAPTERS[0])
    links = page.locator("a[href]").evaluate_all("links => links.map(a => a.href)")
    assert any(link.startswith("https://colab.research.google.com/github/") for link in links)
    assert any(link.endswith(f"{Path(CHAPTERS[0]).name}.ipynb") for link in links)


def test_search_finds_a_word_of_the_text(visit, address):
    there = visit(address)
    page = there.open("search")
    page.goto(f"{address}/search.html?q=Gibbs")
    page.wait_for_function("document.querySelectorAll('#search-results li').length > 0")
    assert "Variational inference" in page.locator("#search-results").inner_text()
    assert there.problems == []


@pytest.mark.parametrize("document", CHAPTERS)
def test_stored_code_names_no_network(site, document):
    """Scripts, styles and images of a chapter are all local."""
    html = (site / f"{document}.html").read_text()
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?:[^"]+)', html)


def test_a_page_with_figures_stores_their_state(site):
    html = (site / f"{CHAPTERS[0]}.html").read_text()
    state = re.search(
        r'<script type="application/vnd.jupyter.widget-state\+json">(.*?)</script>', html, re.S
    )
    assert "_esm" in json.dumps(json.loads(state.group(1)))
