"""Quizzes: a few questions at the end of a chapter, answered in the page."""

import json
import random
from importlib.resources import files

__all__ = ["quiz"]


def quiz(chapter: str) -> None:
    """Show the quiz of a chapter; it works in a static page too.

    Args:
        chapter: two digits.

    Raises:
        ValueError: if the chapter has no quiz.
        ModuleNotFoundError: if jupyterquiz is not installed.
    """
    file = files("wslbook.exercises").joinpath(f"quizzes/{chapter}.json")
    if not file.is_file():
        raise ValueError(f"chapter: there is no quiz for {chapter!r}")
    try:
        from jupyterquiz import display_quiz
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "quizzes need jupyterquiz: run %pip install jupyterquiz and this cell again"
        ) from error
    state = random.getstate()
    random.seed(chapter)  # jupyterquiz names its elements at random; stored pages must not vary
    display_quiz(
        json.loads(file.read_text(encoding="utf-8")), colors={"--jq-link-color": "#ffffff"}
    )
    random.setstate(state)
