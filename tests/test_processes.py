"""Laws of set partitions against enumeration, seating item by item, Bell and Stirling numbers.

Tests marked "statistical" fix the seed; with a random seed a correct implementation would fail
them once in 10,000 runs.
"""

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from wslbook.constraints import partition
from wslbook.distributions.gibbs_partition import canonical_labels
from wslbook.distributions.processes import (
    ChineseRestaurantProcess,
    PitmanYorProcess,
    ProductPartition,
)


@pytest.fixture(autouse=True)
def _double_precision():
    """Tolerances are those of float64; test_distributions.py holds float32 to the same oracle."""
    torch.set_default_dtype(torch.float64)


patient = settings(deadline=None)  # time depends on the machine
sizes = st.integers(1, 6)
discounts = st.one_of(st.just(0.0), st.floats(1e-6, 0.999))
# above minus the discount, over twelve orders of magnitude
margins = st.floats(-6, 6).map(lambda x: 10.0**x)

LAWS = {
    "chinese restaurant": lambda n: ChineseRestaurantProcess(1.7, n),
    "pitman-yor": lambda n: PitmanYorProcess(0.4, 0.8, n),
    "pitman-yor, negative concentration": lambda n: PitmanYorProcess(0.6, -0.3, n),
    "uniform": lambda n: ProductPartition(torch.zeros(n)),
    "cohesion": lambda n: ProductPartition(torch.linspace(-2, 1, n).square()),
    "no singletons": lambda n: ProductPartition(torch.where(torch.arange(n) == 0, -torch.inf, 0.5)),
}
LAW = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


def partitions(n):
    """List the partitions of n items by brute force: label sequences that grow by at most 1."""
    return [
        c
        for c in product(range(n), repeat=n)
        if all(c[i] <= max(c[:i], default=-1) + 1 for i in range(n))
    ]


def bell(n):
    return sum(special.stirling2(n, k, exact=True) for k in range(1, n + 1))


def log_seating(labels, discount, concentration):
    """Seat the items of a partition one by one."""
    total, seated = 0.0, []
    for i, label in enumerate(labels[1:], start=1):
        seated.append(labels[i - 1])
        groups, size = len(set(seated)), seated.count(label)
        weight = size - discount if size else concentration + groups * discount
        total += math.log(weight) - math.log(concentration + i)
    return total


def block_sizes(labels):
    return np.unique(labels, return_counts=True)[1]


def chi_square(observed, expected):
    """Pool the categories in which fewer than ten draws are expected."""
    rare = expected < 10
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    keep = expected > 0
    assert observed[~keep].sum() == 0
    return stats.chisquare(observed[keep], expected[keep], sum_check=False).pvalue


class TestSupport:
    @pytest.mark.parametrize("n", range(1, 8))
    def test_lists_every_partition_once(self, n):
        values = ProductPartition(torch.zeros(n)).enumerate_support()
        assert values.tolist() == [list(c) for c in partitions(n)]
        assert len(values) == bell(n)

    def test_has_batch_axes(self):
        law = ChineseRestaurantProcess(torch.ones(3, 2), 4)
        assert law.enumerate_support().shape == (15, 3, 2, 4)
        assert law.enumerate_support(expand=False).shape == (15, 1, 1, 4)

    def test_of_many_items_is_refused(self):
        with pytest.raises(ValueError, match="num_items: expected at most 10 to enumerate, got 11"):
            ChineseRestaurantProcess(1.0, 11).enumerate_support()


class TestLogProb:
    @LAW
    @pytest.mark.parametrize("n", [2, 3, 7])
    def test_sums_to_one(self, law, n):
        law = law(n)
        total = law.log_prob(law.enumerate_support()).logsumexp(0)
        assert total.item() == pytest.approx(0, abs=1e-12)

    @patient
    @given(sizes, discounts, margins)
    def test_pitman_yor_is_the_product_of_seatings(self, n, discount, margin):
        concentration = margin - discount
        labels = partitions(n)[:: n + 1]
        law = PitmanYorProcess(discount, concentration, n)
        expected = [log_seating(c, discount, concentration) for c in labels]
        # a concentration close to -discount loses ten digits before the logarithm
        assert np.allclose(law.log_prob(torch.tensor(labels)).numpy(), expected, atol=1e-7)
        total = law.log_prob(law.enumerate_support()).logsumexp(0)
        assert total.item() == pytest.approx(0, abs=1e-7)

    @patient
    @given(sizes, margins)
    def test_chinese_restaurant_is_ewens_formula(self, n, alpha):
        labels = torch.tensor(partitions(n))
        expected = [
            # Pochhammer's symbol is alpha (alpha + 1) ... (alpha + n - 1)
            len(set(c)) * math.log(alpha)
            + special.gammaln(block_sizes(c)).sum()
            - math.log(special.poch(alpha, n))
            for c in labels.tolist()
        ]
        log_prob = ChineseRestaurantProcess(alpha, n).log_prob(labels)
        assert np.allclose(log_prob.numpy(), expected, atol=1e-8)

    @patient
    @given(st.lists(st.floats(-30, 30), min_size=1, max_size=6))
    def test_product_partition_is_cohesions_over_their_sum(self, log_cohesion):
        labels = partitions(len(log_cohesion))
        unnormalised = [sum(log_cohesion[s - 1] for s in block_sizes(c)) for c in labels]
        law = ProductPartition(torch.tensor(log_cohesion))
        log_z = special.logsumexp(unnormalised)
        assert law.log_normalizer.item() == pytest.approx(log_z, abs=1e-10)
        log_prob = law.log_prob(torch.tensor(labels))
        assert np.allclose(log_prob.numpy(), np.array(unnormalised) - log_z, atol=1e-10)

    @pytest.mark.parametrize("alpha", [1e-3, 1.0, 50.0])
    def test_chinese_restaurant_is_a_product_partition(self, alpha):
        size = torch.arange(1.0, 31)
        law = ProductPartition(math.log(alpha) + size.lgamma())
        crp = ChineseRestaurantProcess(alpha, 30)
        labels = crp.sample((20,))
        assert torch.allclose(law.log_prob(labels), crp.log_prob(labels), atol=1e-10)

    def test_pitman_yor_without_discount_is_the_chinese_restaurant(self):
        labels = ChineseRestaurantProcess(2.0, 12).sample((20,))
        assert torch.equal(
            PitmanYorProcess(0.0, 2.0, 12).log_prob(labels),
            ChineseRestaurantProcess(2.0, 12).log_prob(labels),
        )

    @pytest.mark.parametrize("n", [1, 5, 60, 200])
    def test_cohesion_one_counts_partitions(self, n):
        law = ProductPartition(torch.zeros(n))
        assert law.log_normalizer.item() == pytest.approx(math.log(bell(n)), rel=1e-13)

    @LAW
    def test_is_exchangeable(self, law):
        law = law(9)
        labels = canonical_labels(torch.randint(0, 4, (50, 9)))
        permuted = canonical_labels(labels[:, torch.randperm(9)])
        assert torch.allclose(law.log_prob(labels), law.log_prob(permuted), atol=1e-12)

    def test_seating_laws_agree_across_numbers_of_items(self):
        # Forgetting the last item gives the law of one item less ...
        for name in ("chinese restaurant", "pitman-yor", "pitman-yor, negative concentration"):
            law, less = LAWS[name](5), LAWS[name](4)
            values = law.enumerate_support()
            for c in less.enumerate_support():
                same = (values[:, :4] == c).all(-1)
                total = law.log_prob(values[same]).logsumexp(0)
                assert total.item() == pytest.approx(less.log_prob(c).item(), abs=1e-12)

    def test_uniform_law_does_not(self):
        # ... but not for the uniform law: two of three items together, 2/5, against 1/2 of two.
        uniform = ProductPartition(torch.zeros(3))
        together = uniform.log_prob(torch.tensor([[0, 0, 0], [0, 0, 1]])).exp().sum()
        assert together.item() == pytest.approx(2 / 5)
        assert ProductPartition(torch.zeros(2)).log_prob(
            torch.tensor([0, 0])
        ).exp().item() == pytest.approx(1 / 2)

    def test_batches_and_broadcasting(self):
        law = PitmanYorProcess(torch.tensor([[0.0], [0.5], [0.9]]), torch.tensor([1.0, 3.0]), 4)
        assert law.batch_shape == (3, 2)
        labels = torch.tensor([[0, 0, 1, 0], [0, 1, 2, 0]]).reshape(2, 1, 1, 4)
        log_prob = law.log_prob(labels)
        assert log_prob.shape == (2, 3, 2)
        expected = log_seating([0, 1, 2, 0], 0.9, 3.0)
        assert log_prob[1, 2, 1].item() == pytest.approx(expected)


class TestForbiddenSizes:
    def test_pairs_only(self):
        log_cohesion = torch.full((6,), -torch.inf)
        log_cohesion[1] = 4.0
        law = ProductPartition(log_cohesion)
        labels = law.enumerate_support()
        log_prob = law.log_prob(labels)
        # 15 = 5 * 3 * 1 ways to pair six items
        assert (log_prob > -torch.inf).sum() == 15
        assert np.allclose(log_prob[log_prob > -torch.inf].numpy(), -math.log(15), atol=1e-12)
        assert (law.log_prob(law.sample((100,))) > -torch.inf).all()
        # exactly three subsets
        expected = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
        assert torch.allclose(law.log_prob_num_groups().exp(), expected, atol=1e-12)

    def test_gradient_is_finite(self):
        log_cohesion = torch.tensor([-torch.inf, 0.3, -torch.inf, 0.1], requires_grad=True)
        log_prob = ProductPartition(log_cohesion).log_prob(torch.tensor([0, 1, 0, 1]))
        (gradient,) = torch.autograd.grad(log_prob, log_cohesion)
        # log p = 2 c_2 - log(3 e^{2 c_2} + e^{c_4})
        p = 3 * math.exp(0.6) / (3 * math.exp(0.6) + math.exp(0.1))
        assert torch.allclose(gradient, torch.tensor([0, 2 - 2 * p, 0, p - 1]), atol=1e-12)
        two_groups = ProductPartition(log_cohesion).log_prob_num_groups()[1]
        (gradient,) = torch.autograd.grad(two_groups, log_cohesion)
        assert torch.allclose(gradient, torch.tensor([0, 2 - 2 * p, 0, p - 1]), atol=1e-12)

    def test_no_partition_at_all(self):
        log_cohesion = torch.full((5,), -torch.inf)
        log_cohesion[1] = 0.0
        with pytest.raises(ValueError, match=r"log_cohesion: .* allow a partition"):
            ProductPartition(log_cohesion)


class TestGradient:
    def test_gradcheck_twice_seating(self):
        discount = torch.tensor([0.0, 0.3, 0.8], dtype=torch.float64, requires_grad=True)
        concentration = torch.tensor([2.0, 0.2, -0.5], dtype=torch.float64, requires_grad=True)
        labels = torch.tensor([0, 1, 0, 2, 1, 1])

        def log_prob(discount, concentration):
            # Finite differences step out of [0, 1) at discount 0.
            law = PitmanYorProcess(discount, concentration, 6, validate_args=False)
            return law.log_prob(labels), law.log_prob_num_groups()

        assert torch.autograd.gradcheck(log_prob, (discount, concentration))
        assert torch.autograd.gradgradcheck(log_prob, (discount, concentration))

    def test_gradcheck_twice_product(self):
        log_cohesion = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
        labels = torch.tensor([0, 1, 0, 2, 1, 1])

        def log_prob(log_cohesion):
            law = ProductPartition(log_cohesion)
            return law.log_prob(labels), law.log_prob_num_groups()

        assert torch.autograd.gradcheck(log_prob, log_cohesion)
        assert torch.autograd.gradgradcheck(log_prob, log_cohesion)

    def test_of_the_normaliser_is_the_mean_number_of_subsets_of_each_size(self):
        log_cohesion = torch.randn(5, requires_grad=True)
        law = ProductPartition(log_cohesion)
        (gradient,) = torch.autograd.grad(law.log_normalizer, log_cohesion)
        labels = law.enumerate_support()
        mean = sum(
            p * np.bincount(block_sizes(c), minlength=6)[1:]
            for p, c in zip(law.log_prob(labels).exp().tolist(), labels.tolist(), strict=True)
        )
        assert np.allclose(gradient.numpy(), mean, atol=1e-12)


class TestNumberOfGroups:
    @LAW
    def test_is_the_sum_over_partitions(self, law):
        law = law(7)
        labels = law.enumerate_support()
        p = law.log_prob(labels).exp()
        expected = torch.zeros(7).index_add(0, labels.amax(-1), p)
        assert torch.allclose(law.log_prob_num_groups().exp(), expected, atol=1e-12)

    @pytest.mark.parametrize("n", [1, 8, 50])
    def test_uniform_law_has_stirling_numbers(self, n):
        # definition 2.5.2 and equation 2.71
        law = ProductPartition(torch.zeros(n)).log_prob_num_groups()
        expected = [
            math.log(special.stirling2(n, k, exact=True)) - math.log(bell(n))
            for k in range(1, n + 1)
        ]
        assert np.allclose(law.numpy(), expected, rtol=1e-11, atol=1e-11)

    @patient
    @given(st.integers(1, 40), discounts, margins)
    def test_of_seating_is_a_markov_chain(self, n, discount, margin):
        concentration = margin - discount
        # P(K = k) item by item: a new group with probability (theta + d k) / (theta + i)
        p = np.array([1.0])
        for i in range(1, n):
            k = np.arange(1, i + 1)
            new = (concentration + discount * k) / (concentration + i)
            p = np.append(p * (1 - new), 0) + np.append(0, p * new)
        law = PitmanYorProcess(discount, concentration, n).log_prob_num_groups()
        assert np.allclose(law.exp().numpy(), p, atol=1e-7)

    def test_of_the_chinese_restaurant_is_a_sum_of_coins(self):
        alpha, n = 3.0, 100
        coin = alpha / (alpha + np.arange(n))
        p = np.array([1.0])
        for q in coin:
            p = np.convolve(p, [1 - q, q])
        law = ChineseRestaurantProcess(alpha, n).log_prob_num_groups().exp().numpy()
        assert np.allclose(law, p[1:], atol=1e-13)
        assert law @ np.arange(1, n + 1) == pytest.approx(coin.sum())

    def test_has_batch_axes(self):
        concentration = torch.tensor([[1.0, 5.0], [0.1, 2.0]])
        law = ChineseRestaurantProcess(concentration, 6).log_prob_num_groups()
        assert law.shape == (2, 2, 6)
        alone = ChineseRestaurantProcess(0.1, 6).log_prob_num_groups()
        assert torch.allclose(law[1, 0], alone, atol=1e-12)


class TestSamples:
    @LAW
    def test_follow_the_law(self, law):
        # statistical: chi-square over the 52 partitions of five items
        law, draws = law(5), 50_000
        support = law.enumerate_support()
        observed = (law.sample((draws,)).unsqueeze(1) == support).all(-1).sum(0)
        expected = draws * law.log_prob(support).exp()
        assert chi_square(observed.numpy(), expected.numpy()) > 1e-4

    @LAW
    def test_of_many_items_have_the_right_number_of_groups(self, law):
        # statistical: chi-square over the number of groups
        law, draws = law(40), 20_000
        labels = law.sample((draws,))
        assert partition.check(labels).all()  # E-11: a new label is the largest so far plus 1
        observed = torch.bincount(labels.amax(-1), minlength=40)
        expected = draws * law.log_prob_num_groups().exp()
        assert chi_square(observed.numpy(), expected.numpy()) > 1e-4

    def test_differ_along_the_batch(self):
        for law in (ChineseRestaurantProcess(1.0, 6), ProductPartition(torch.zeros(6))):
            assert law.expand((100,)).sample().unique(dim=0).shape[0] > 20

    def test_extreme_concentrations(self):
        alone = torch.arange(8)
        assert (ChineseRestaurantProcess(1e-12, 8).sample((50,)) == 0).all()
        assert (ChineseRestaurantProcess(1e12, 8).sample((50,)) == alone).all()

    def test_single_item(self):
        for law in (ChineseRestaurantProcess(1.0, 1), ProductPartition(torch.tensor([3.0]))):
            assert law.sample((2,)).tolist() == [[0], [0]]
            assert law.log_prob(torch.tensor([0])).item() == 0
            assert law.log_prob_num_groups().tolist() == [0]


class TestCanonicalLabels:
    @patient
    @given(st.lists(st.integers(-5, 5), min_size=1, max_size=9))
    def test_numbers_the_values_as_they_come(self, labels):
        order = list(dict.fromkeys(labels))
        expected = [order.index(label) for label in labels]
        assert canonical_labels(torch.tensor(labels)).tolist() == expected

    def test_of_a_batch(self):
        labels = torch.randint(0, 5, (3, 2, 7))
        canonical = canonical_labels(labels)
        assert partition.check(canonical).all()
        assert torch.equal(canonical[2, 1], canonical_labels(labels[2, 1]))


class TestBadInput:
    @pytest.mark.parametrize("num_items", [0, -3, 2.0, True])
    def test_num_items(self, num_items, unhooked):
        with pytest.raises(ValueError, match="num_items: expected an integer of at least 1"):
            ChineseRestaurantProcess(1.0, num_items)

    @pytest.mark.parametrize("concentration", [0.0, -1.0, torch.nan, torch.inf])
    def test_concentration_of_the_chinese_restaurant(self, concentration):
        with pytest.raises(ValueError, match="concentration"):
            ChineseRestaurantProcess(concentration, 3)

    @pytest.mark.parametrize("concentration", [-0.5, -1.0, torch.nan, torch.inf])
    def test_concentration_of_pitman_yor(self, concentration):
        with pytest.raises(ValueError, match="concentration"):
            PitmanYorProcess(0.5, concentration, 3)

    @pytest.mark.parametrize("discount", [-0.1, 1.0, torch.nan])
    def test_discount(self, discount):
        with pytest.raises(ValueError, match="parameter discount"):
            PitmanYorProcess(discount, 1.0, 3)

    @pytest.mark.parametrize("log_cohesion", [torch.nan, torch.inf])
    def test_log_cohesion(self, log_cohesion):
        with pytest.raises(ValueError, match="log_cohesion"):
            ProductPartition(torch.tensor([0.0, log_cohesion]))

    @pytest.mark.parametrize("log_cohesion", [torch.tensor(1.0), torch.zeros(3, 0)])
    def test_no_items(self, log_cohesion, unhooked):
        with pytest.raises(ValueError, match=r"log_cohesion|num_items"):
            ProductPartition(log_cohesion)

    @pytest.mark.parametrize("labels", [[1, 0, 0], [0, 2, 1], [0, -1, 0], [0, 1]])
    def test_labels(self, labels):
        with pytest.raises(ValueError, match=r"support|event_shape"):
            ChineseRestaurantProcess(1.0, 3).log_prob(torch.tensor(labels))
