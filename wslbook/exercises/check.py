"""Checks of the exercises. An exercise knows its answer, its tolerance and common mistakes."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

__all__ = ["Exercise", "Verdict", "check", "grade"]


@dataclass(frozen=True)
class Exercise:
    """What a right answer is, and what to say about wrong ones.

    Args:
        task: what to hand in, in one sentence; shown while nothing was.
        expected: the right number or tensor; for a function, the right function.
        tolerance: the largest absolute difference that counts as right.
        mistakes: pairs of a wrong answer, of the same kind as ``expected``, and a hint.
        inputs: for a function, the argument tuples on which it is compared.
    """

    task: str
    expected: Any
    tolerance: float
    mistakes: tuple[tuple[Any, str], ...] = ()
    inputs: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and a sentence for its author."""

    correct: bool
    message: str


def check(key: str, answer: Any) -> None:
    """Print whether an answer is right, and if not, what may have gone wrong.

    Args:
        key: chapter and number, as in the title of the exercise.
        answer: a number, a tensor or a function; None while there is no answer yet.

    Raises:
        ValueError: if there is no such exercise.

    Example:
        >>> check("01.1", None)
        Exercise 01.1: no answer yet. Hand in the log evidence log p(x) as a number.
    """
    print(f"Exercise {key}: {grade(key, answer).message}")


def grade(key: str, answer: Any) -> Verdict:
    """Return the verdict that :func:`check` prints.

    Args:
        key: chapter and number, as in the title of the exercise.
        answer: a number, a tensor or a function; None while there is no answer yet.

    Returns:
        The verdict.

    Raises:
        ValueError: if there is no such exercise.

    Example:
        >>> grade("01.1", -1.0).correct
        False
    """
    exercise = _find(key)
    if answer is None:
        return Verdict(False, f"no answer yet. {exercise.task}")
    if exercise.inputs and not callable(answer):
        return Verdict(False, f"expected a function, got {type(answer).__name__}. {exercise.task}")
    try:
        given, expected = _values(answer, exercise), _values(exercise.expected, exercise)
    except Exception as error:  # whatever the reader's own function raises is shown to the reader
        return Verdict(False, f"your answer raised {type(error).__name__}: {error}")
    return _compare(given, expected, exercise)


def _compare(given: torch.Tensor, expected: torch.Tensor, exercise: Exercise) -> Verdict:
    if given.shape != expected.shape:
        return Verdict(
            False,
            f"expected shape {list(expected.shape)}, got {list(given.shape)}. {exercise.task}",
        )
    error = (given - expected).abs().max()
    if error <= exercise.tolerance:
        return Verdict(True, "correct.")
    for wrong, hint in exercise.mistakes:
        if (given - _values(wrong, exercise)).abs().max() <= exercise.tolerance:
            return Verdict(False, f"not yet. {hint}")
    return Verdict(
        False,
        f"not yet. Your answer is off by {error:.3g}; {exercise.tolerance:g} is allowed. "
        f"{exercise.task}",
    )


def _values(answer: Any, exercise: Exercise) -> torch.Tensor:
    """Return the answer as one tensor; a function by its values on the inputs."""
    if exercise.inputs:
        function: Callable[..., Any] = answer
        return torch.stack([_tensor(function(*arguments)) for arguments in exercise.inputs])
    return _tensor(answer)


def _tensor(value: Any) -> torch.Tensor:
    return torch.as_tensor(value).detach().to(torch.float64)


def _find(key: str) -> Exercise:
    chapter = key.split(".")[0]
    try:
        exercises = importlib.import_module(f"wslbook.exercises.chapter{chapter}").EXERCISES
    except ModuleNotFoundError:
        raise ValueError(f"key: there is no chapter {chapter!r} with exercises") from None
    if key not in exercises:
        raise ValueError(f"key: expected one of {', '.join(exercises)}, got {key!r}")
    return exercises[key]
