"""The built site in Chromium, with the network off."""

import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build/html"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: apt install chromium")
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site():
    if not (SITE / "index.html").exists():
        pytest.fail("the site is not built: run `make book`")
    return SITE


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def address(site):
    """The site over HTTP from this machine, as a reader of a hosted copy gets it."""
    handler = partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Visit:
    """A page, with everything that went wrong on it."""

    def __init__(self, page, base):
        self.page, self.base, self.problems = page, base, []
        page.on("console", self.on_console)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("requestfailed", lambda request: self.problems.append(f"failed: {request.url}"))
        page.route("**/*", self.on_request)

    def on_console(self, message):
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def on_request(self, route):
        if route.request.url.startswith((self.base, "data:", "blob:")):
            route.continue_()
        else:
            self.problems.append(f"outside: {route.request.url}")
            route.abort()

    def open(self, document):
        self.page.goto(f"{self.base}/{document}.html", wait_until="load")
        # MathJax says when it has typeset the page
        self.page.evaluate("async () => { if (window.MathJax) await MathJax.startup.promise; }")
        return self.page


@pytest.fixture
def visit(chromium, request):
    """A function from a base address to a visit in a fresh profile."""
    contexts = []

    def start(base, **options):
        context = chromium.new_context(**options)
        contexts.append(context)
        return Visit(context.new_page(), base)

    yield start
    for context in contexts:
        context.close()
