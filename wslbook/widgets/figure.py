"""The base of all live figures."""

import re
from pathlib import Path
from typing import Any, ClassVar

import anywidget

__all__ = ["LiveFigure", "javascript", "uniforms"]

HERE = Path(__file__).parent
WORD = 0xFFFFFFFF  # 32 bits
SHARED_IMPORT = re.compile(r'^import \{[^}]*\} from "\./figure\.mjs";\n', re.MULTILINE)


def javascript(name: str) -> str:
    """Return the code of ``name.mjs`` with the shared module in place of its import.

    A static page can load one module per figure, so the two files become one.

    Args:
        name: the figure's module, without its ending.

    Returns:
        One ES module.
    """
    shared = (HERE / "figure.mjs").read_text(encoding="utf-8")
    own = (HERE / f"{name}.mjs").read_text(encoding="utf-8")
    return shared.replace("\nexport function", "\nfunction") + SHARED_IMPORT.sub("", own)


def uniforms(seed: int, n: int) -> list[float]:
    """Return the numbers that a live figure draws from a seed (mulberry32).

    Args:
        seed: an integer of 32 bits.
        n: how many.

    Returns:
        Numbers in (0, 1), the same as those of ``uniforms`` in ``figure.mjs``.

    Example:
        >>> [round(u, 6) for u in uniforms(1, n=2)]
        [0.627074, 0.002736]
    """
    numbers = []
    for _ in range(n):
        seed = (seed + 0x6D2B79F5) & WORD
        t = (seed ^ (seed >> 15)) * (seed | 1) & WORD
        t ^= (t + (t ^ (t >> 7)) * (t | 61)) & WORD
        numbers.append(((t ^ (t >> 14)) + 0.5) / 2**32)
    return numbers


class LiveFigure(anywidget.AnyWidget):
    """A figure driven by labelled sliders; ``module`` names its JavaScript."""

    module: ClassVar[str]
    _css = (HERE / "figure.css").read_text(encoding="utf-8")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # ipywidgets derives a class of its own per object, which must keep its traits.
        if "module" in vars(cls):
            cls._esm = javascript(cls.module)
        super().__init_subclass__(**kwargs)

    def __repr__(self) -> str:
        # anywidget's own shows a memory address, which would differ in every stored notebook.
        return f"{type(self).__name__}()"
