"""Precision and recall against closed forms of discrete laws and of well separated clusters."""

import math

import pytest
import torch

from wslbook.metrics import average_precision, histogram_precision_recall, precision_recall

LARGEST_MEAN = 0.5 + math.log(2) / math.pi


def test_equal_laws_reach_the_maxima():
    p = torch.distributions.Dirichlet(torch.ones(12)).sample()
    frontier = histogram_precision_recall(p, p)
    # min(λ, 1) and min(1, 1/λ)
    slopes = torch.tan(math.pi / 2 * (torch.arange(1001).double() + 0.5) / 1001).to(p)
    assert torch.allclose(frontier.precision, slopes.clamp(max=1))
    assert torch.allclose(frontier.recall, (1 / slopes).clamp(max=1))
    assert frontier.area == pytest.approx(1)
    assert frontier.mean == pytest.approx(LARGEST_MEAN, abs=1e-6)
    for beta in (1 / 8, 1.0, 8.0):
        assert frontier.f_score(beta) == pytest.approx(1)


def test_disjoint_laws_have_nothing():
    p, q = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.0, 0.0, 1.0])
    frontier = histogram_precision_recall(p, q)
    assert frontier.mean == frontier.area == frontier.f_score(8) == 0


@pytest.mark.parametrize(("kept", "invented"), [(0.5, 0.0), (1.0, 0.25), (0.3, 0.6)])
def test_lost_and_invented_classes(kept, invented):
    """q shows a share of the real classes and spends a share of its mass on others.

    With p uniform on the real classes and q uniform on the kept ones:
    P = min(λ kept, 1 - invented), so that the greatest P is 1 - invented and the greatest R kept.
    """
    p, q = torch.zeros(110), torch.zeros(110)
    p[:100] = 0.01
    number = round(100 * kept)
    q[:number] = (1 - invented) / number
    q[100:] = invented / 10
    frontier = histogram_precision_recall(p, q, 20_001)
    slopes = frontier.precision / frontier.recall
    assert torch.allclose(frontier.precision, (slopes * kept).clamp(max=1 - invented))
    assert frontier.precision.max() == pytest.approx(1 - invented)
    assert frontier.recall.max() == pytest.approx(kept)
    # a rectangle has the area of its corner, where every F score is attained
    assert frontier.area == pytest.approx((1 - invented) * kept, abs=1e-4)
    for beta in (1 / 8, 1.0, 8.0):
        precision, recall = 1 - invented, kept
        score = (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
        assert frontier.f_score(beta) == pytest.approx(score, abs=1e-3)


def test_it_never_exceeds_one_minus_the_total_variation_on_the_diagonal():
    p, q = torch.distributions.Dirichlet(torch.ones(9)).sample((2,))
    frontier = histogram_precision_recall(p, q)
    # at λ = 1 precision and recall are Σ min(p, q) = 1 - TV
    assert frontier.precision[500] == pytest.approx(1 - float((p - q).abs().sum()) / 2)
    assert frontier.recall[500] == pytest.approx(float(frontier.precision[500]))


def test_exchanging_the_laws_exchanges_precision_and_recall():
    p, q = torch.distributions.Dirichlet(torch.ones(9)).sample((2,))
    forth, back = histogram_precision_recall(p, q), histogram_precision_recall(q, p)
    assert torch.allclose(forth.precision, back.recall.flip(0))
    assert forth.mean == pytest.approx(back.mean)
    assert forth.f_score(8) == pytest.approx(back.f_score(1 / 8))


def clusters(counts):
    """Tight clusters on a line, with known numbers of points."""
    centres = torch.cat([torch.full((n,), 100.0 * k) for k, n in enumerate(counts)])
    return torch.stack([centres, torch.zeros(len(centres))], 1) + 0.1 * torch.randn(len(centres), 2)


def test_separated_clusters_are_found():
    counts = [50, 30, 20, 0], [10, 40, 0, 50]
    real, generated = (clusters(n) for n in counts)
    exact = histogram_precision_recall(*(torch.tensor(n) / 100.0 for n in counts))
    found = precision_recall(real, generated, num_clusters=4, num_runs=3)
    assert torch.allclose(found.precision, exact.precision)
    assert torch.allclose(found.recall, exact.recall)


def test_sets_of_features():
    real, other = torch.randn(2, 500, 8)
    assert average_precision(real, real, num_runs=2) == pytest.approx(LARGEST_MEAN, abs=1e-5)
    assert average_precision(real, other + 50, num_runs=2) == 0
    alike = precision_recall(real, other, num_runs=3)
    assert 0.9 < alike.f_score(8) < 1
    assert abs(alike.f_score(8) - alike.f_score(1 / 8)) < 0.05
    half = precision_recall(real, torch.cat([other[:250], other[250:] + 50]), num_runs=3)
    # half of what is generated has no like, and nothing real is missing
    assert half.precision.max() < 0.6
    assert half.recall.max() > 0.9
    assert alike.mean > half.mean > 0


def test_the_seed_is_torchs():
    real, generated = torch.randn(2, 100, 3)
    values = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        values.append(average_precision(real, generated, num_runs=2))
    assert values[0] == values[1] != values[2]


def test_bad_arguments_are_refused(unhooked):
    x = torch.zeros(5, 2)
    with pytest.raises(ValueError, match=r"generated: expected shape \[5, 2\] like real"):
        precision_recall(x, x[:3])
    with pytest.raises(ValueError, match="num_clusters: expected at most the 10 points, got 20"):
        precision_recall(x, x)
    with pytest.raises(ValueError, match="num_runs: expected at least 1, got 0"):
        precision_recall(x, x, 2, num_runs=0)
