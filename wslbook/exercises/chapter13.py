"""Answers of chapter 13."""

import torch
from torch import Tensor

from wslbook.exercises.check import Exercise


def _read_caption(text: str, names: list[str]) -> Tensor:
    said = text.rstrip("*").split(", ")
    return torch.tensor([float(name in said) for name in names])


def _read_parts(text: str, names: list[str]) -> Tensor:
    return torch.tensor([float(name in text) for name in names])


def _read_padded(text: str, names: list[str]) -> Tensor:
    said = text.split(", ")
    return torch.tensor([float(name in said) for name in names])


def _excess(effect: Tensor, reference: Tensor) -> Tensor:
    difference = effect - reference
    return difference.sum(1) - difference.diag()


def _excess_with_hits(effect: Tensor, reference: Tensor) -> Tensor:
    return (effect - reference).sum(1)


def _excess_by_column(effect: Tensor, reference: Tensor) -> Tensor:
    return _excess(effect.T, reference.T)


def _without_reference(effect: Tensor, reference: Tensor) -> Tensor:
    return _excess(effect, torch.zeros_like(reference))


_NAMES = ["bangs", "gray hair", "hair", "young"]
_LEVEL = float((1 / torch.arange(1, 1001, dtype=torch.float64)).mean())

EXERCISES = {
    "13.1": Exercise(
        task="Hand in a function of a padded caption and a list of names.",
        expected=_read_caption,
        tolerance=1e-6,
        inputs=(
            ("bangs, young******", _NAMES),
            ("gray hair", _NAMES),
            ("*" * 12, _NAMES),
            ("bangs, gray hair, hair, young***", _NAMES),
        ),
        mistakes=(
            (_read_parts, "A name can be a part of another name: split at the separators first."),
            (_read_padded, "The last name still has its asterisks; cut them off."),
        ),
    ),
    "13.2": Exercise(
        task="Hand in the number of values that the heads receive.",
        expected=2560,
        tolerance=0.5,
        mistakes=(
            (640, "This is one place; with 96 pixels more than one is left."),
            (1280, "An image has two axes: two places on each."),
            (5760, "This is with the printed padding 1 in the last block."),
        ),
    ),
    "13.3": Exercise(
        task="Hand in the expected average precision.",
        expected=_LEVEL,
        tolerance=1e-5,
        mistakes=(
            (0.001, "This is the prevalence, the limit for many positives."),
            (2 / 1001, "This is the precision at the mean rank; average the precision instead."),
            (0.5, "This is the mean rank as a share; precision is one over the rank."),
        ),
    ),
    "13.4": Exercise(
        task="Hand in a function of two square tensors.",
        expected=_excess,
        tolerance=1e-5,
        inputs=(
            (
                torch.tensor([[0.9, 0.3, 0.0], [0.1, 0.5, 0.2], [0.6, 0.0, 0.8]]),
                torch.tensor([[1.0, 0.1, 0.0], [0.0, 0.9, 0.3], [0.0, 0.1, 0.7]]),
            ),
        ),
        mistakes=(
            (_excess_with_hits, "The diagonal holds the hits; leave it out."),
            (_excess_by_column, "Row j belongs to the flip of attribute j: sum over columns."),
            (_without_reference, "Subtract what the judge sees in perfect counterfactuals."),
        ),
    ),
    "13.5": Exercise(
        task="Hand in the pair (difference, effect).",
        expected=(0.4, 0.0),
        tolerance=1e-3,
        mistakes=(
            ((0.7, 0.0), "This is P(glasses | hat); subtract P(glasses | no hat)."),
            ((0.4, 0.4), "A flip is not a comparison of different faces: the drawing stays."),
        ),
    ),
}
