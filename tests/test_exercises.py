"""Checks, quizzes and the instructor's export."""

import importlib
import json
import math
import pkgutil
import random

import pytest
import torch

import wslbook.exercises
from wslbook.exercises import Exercise, check, grade, quiz, student_version
from wslbook.exercises import check as check_function

CHAPTERS = [
    m.name for m in pkgutil.iter_modules(wslbook.exercises.__path__) if m.name[:7] == "chapter"
]
EXERCISES = {
    key: exercise
    for name in CHAPTERS
    for key, exercise in importlib.import_module(f"wslbook.exercises.{name}").EXERCISES.items()
}


@pytest.mark.parametrize("key", EXERCISES)
def test_right_answers_pass(key):
    assert grade(key, EXERCISES[key].expected).correct


@pytest.mark.parametrize("key", EXERCISES)
def test_no_answer_names_the_task(key):
    verdict = grade(key, None)
    assert not verdict.correct
    assert EXERCISES[key].task in verdict.message


@pytest.mark.parametrize(
    ("key", "wrong", "hint"),
    [(key, *mistake) for key, e in EXERCISES.items() for mistake in e.mistakes],
)
def test_mistakes_get_their_hint(key, wrong, hint):
    verdict = grade(key, wrong)
    assert not verdict.correct
    assert hint in verdict.message


def test_every_chapter_has_enough_exercises_and_a_quiz():
    for name in CHAPTERS:
        chapter = name.removeprefix("chapter")
        assert sum(key.startswith(f"{chapter}.") for key in EXERCISES) >= 4
        quiz(chapter)


@pytest.fixture
def one(monkeypatch):
    """Replace the answers by three exercises made for the test."""

    def find(key):
        return {
            "number": Exercise("Hand in a number.", 2.0, 0.01, ((4.0, "Halve it."),)),
            "vector": Exercise("Hand in a pair.", torch.tensor([1.0, 2.0]), 0.1),
            "function": Exercise("Hand in f(x).", math.sqrt, 1e-6, inputs=((4.0,), (9.0,))),
        }[key]

    module = importlib.import_module("wslbook.exercises.check")
    monkeypatch.setattr(module, "_find", find)


@pytest.mark.usefixtures("one", "unhooked")
@pytest.mark.parametrize(
    ("key", "answer", "correct", "message"),
    [
        ("number", 2, True, "correct."),
        ("number", torch.tensor(2.005), True, "correct."),
        ("number", 4.0, False, "not yet. Halve it."),
        ("number", 2.5, False, "not yet. Your answer is off by 0.5; 0.01 is allowed."),
        ("number", math.nan, False, "not yet. Your answer is off by nan"),
        ("number", [2.0, 2.0], False, "expected shape [], got [2]. Hand in a number."),
        ("number", "two", False, "your answer raised"),
        ("vector", (1, 2), True, "correct."),
        ("function", lambda x: x**0.5, True, "correct."),
        ("function", 2.0, False, "expected a function, got float. Hand in f(x)."),
        ("function", lambda x: x / 0, False, "your answer raised ZeroDivisionError"),
    ],
)
def test_verdicts(key, answer, correct, message):
    verdict = grade(key, answer)
    assert verdict.correct is correct
    assert message in verdict.message


def test_check_prints_the_verdict(capsys):
    check("01.4", math.sqrt(3) / 2)
    assert capsys.readouterr().out == "Exercise 01.4: correct.\n"


@pytest.mark.parametrize("key", ["01.99", "99.1", "x"])
def test_unknown_exercises(key):
    with pytest.raises(ValueError, match="key: "):
        check_function(key, 1)


def test_unknown_quiz():
    with pytest.raises(ValueError, match="chapter: there is no quiz for '99'"):
        quiz("99")


def test_quiz_is_stable_and_leaves_the_generator_alone(capsys):
    random.seed(5)
    expected = random.random()
    random.seed(5)
    quiz("01")
    assert random.random() == expected


def notebook(*sources):
    cells = [
        {"cell_type": kind, "metadata": {}, "source": [text]}
        | ({"outputs": ["x"], "execution_count": 3} if kind == "code" else {})
        for kind, text in sources
    ]
    return {"cells": cells, "metadata": {"widgets": {}}, "nbformat": 4, "nbformat_minor": 5}


def test_student_version_has_no_solutions(tmp_path):
    (tmp_path / "a.ipynb").write_text(
        json.dumps(
            notebook(
                ("markdown", "an exercise"),
                ("code", "answer = None"),
                ("markdown", "```{solution-start} ex\n```\nbecause"),
                ("code", "check(42)"),
                ("markdown", "```{solution-end}\n```"),
                ("markdown", "more"),
            )
        )
    )
    student_version(tmp_path / "a.ipynb", tmp_path / "b.ipynb")
    made = json.loads((tmp_path / "b.ipynb").read_text())
    assert [c["source"] for c in made["cells"]] == [["an exercise"], ["answer = None"], ["more"]]
    assert made["cells"][1]["outputs"] == []
    assert "widgets" not in made["metadata"]


@pytest.mark.parametrize(
    "sources",
    [
        [("markdown", "```{solution-start} a"), ("markdown", "```{solution-start} b")],
        [("markdown", "```{solution-start} a")],
    ],
)
def test_student_version_rejects_open_solutions(tmp_path, sources):
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook(*sources)))
    with pytest.raises(ValueError, match="solution"):
        student_version(tmp_path / "a.ipynb", tmp_path / "b.ipynb")
    assert not (tmp_path / "b.ipynb").exists()
