"""Mean average precision against its definition and its expectation."""

import pytest
import torch

from wslbook.metrics import attribute_probe, mean_average_precision


def by_definition(scores, labels):
    """Σ (R_n - R_{n-1}) P_n for one attribute without ties."""
    truth = labels[scores.argsort(descending=True)].double()
    precision = truth.cumsum(0) / torch.arange(1, len(truth) + 1)
    return float((precision * truth).sum() / truth.sum())


def test_it_equals_the_definition():
    scores, labels = torch.randn(200, 6), (torch.rand(200, 6) < 0.3).long()
    expected = sum(by_definition(scores[:, k], labels[:, k]) for k in range(6)) / 6
    assert mean_average_precision(scores, labels) == pytest.approx(expected)
    # any monotone function of the scores ranks alike
    assert mean_average_precision(scores.sigmoid(), labels) == pytest.approx(expected)


def test_attributes_without_positives_do_not_count():
    scores, labels = torch.randn(50, 3), (torch.rand(50, 3) < 0.5).long()
    some = mean_average_precision(scores[:, :2], labels[:, :2])
    labels[:, 2] = 0
    assert mean_average_precision(scores, labels) == pytest.approx(some)


def test_equal_scores_reach_the_share_of_positives():
    labels = (torch.rand(1000, 4) < torch.tensor([0.1, 0.3, 0.5, 0.9])).long()
    value = mean_average_precision(torch.zeros(1000, 4), labels)
    assert value == pytest.approx(float(labels.double().mean()))


def test_the_probe_ranks_by_log_odds():
    codes = torch.randn(3000, 3)
    logits = 2 * codes @ torch.randn(3, 4)
    labels = (torch.rand(3000, 4) < logits.sigmoid()).long()
    probed = attribute_probe(codes[:1000], labels[:1000], codes[1000:], labels[1000:])
    best = mean_average_precision(logits[1000:], labels[1000:])
    assert best - 0.02 < probed < best + 0.005
    hard = mean_average_precision((logits[1000:] > 0).double(), labels[1000:])
    assert hard < probed - 0.05


def test_an_attribute_that_never_varies_gets_equal_scores():
    codes, labels = torch.randn(200, 2), torch.ones(200, 1, dtype=torch.long)
    test_labels = (torch.rand(200, 1) < 0.3).long()
    value = attribute_probe(codes, labels, codes, test_labels)
    assert value == pytest.approx(float(test_labels.double().mean()))


def test_bad_arguments_are_refused(unhooked):
    with pytest.raises(ValueError, match=r"scores: expected shape \[3, 2\] like labels"):
        mean_average_precision(torch.zeros(2, 2), torch.ones(3, 2, dtype=torch.long))
    with pytest.raises(ValueError, match="labels: expected at least one positive label"):
        mean_average_precision(torch.zeros(3, 2), torch.zeros(3, 2, dtype=torch.long))
