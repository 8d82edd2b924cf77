"""The effect matrix against the enumeration of all attributes."""

import itertools

import pytest
import torch

from wslbook.metrics import effect_matrix

EVERY = torch.tensor(list(itertools.product([False, True], repeat=3)))


def test_a_perfect_painter_has_the_identity():
    assert torch.equal(effect_matrix(lambda y: y, lambda x: x, EVERY), torch.eye(3))


def test_a_painter_of_boolean_functions():
    """Hat, glasses = glasses or hat, smile = hat and smile, by the truth table."""

    def painter(y):
        hat, glasses, smile = y.T
        return torch.stack([hat, glasses | hat, smile & hat], 1)

    expected = torch.zeros(3, 3)
    for j, k, y in itertools.product(range(3), range(3), itertools.product([0, 1], repeat=3)):
        flipped = [value ^ (i == j) for i, value in enumerate(y)]
        shown = [(v[0], v[1] | v[0], v[2] & v[0])[k] for v in (y, flipped)]
        expected[j, k] += (shown[0] != shown[1]) / 8
    assert torch.equal(effect_matrix(painter, lambda x: x, EVERY), expected)
    assert expected.tolist() == [[1.0, 0.5, 0.5], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]]


def test_errors_of_the_judge_are_seen():
    """Independent errors at rate e change a verdict with 2e(1-e), a hit becomes 1 - 2e(1-e)."""
    torch.manual_seed(0)
    rate, size = 0.1, 40_000

    def judge(x):
        return x ^ (torch.rand(x.shape) < rate)

    found = effect_matrix(lambda y: y, judge, torch.rand(size, 2) < 0.5)
    wrong = 2 * rate * (1 - rate)
    expected = torch.tensor([[1 - wrong, wrong], [wrong, 1 - wrong]])
    assert (found - expected).abs().max() < 5 * (wrong * (1 - wrong) / size) ** 0.5


def test_wrong_verdicts_are_named():
    with pytest.raises(ValueError, match=r"judge: expected verdicts of shape \[8, 3\] .*\[8, 2\]"):
        effect_matrix(lambda y: y, lambda x: x[:, :2], EVERY)
