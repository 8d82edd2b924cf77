"""The registry of distributions: every public law with parameters and an oracle.

To test a new law, append one ``Case``. The contract in ``test_distributions.py`` then holds it to
everything that torch expects of a distribution, and compares its probabilities with the oracle.

A float, or a nested list of floats, becomes a tensor; such parameters have a batch axis of two in
front. Everything else is handed over as it is.
"""

import math
from collections.abc import Callable
from itertools import permutations, product
from typing import Any, NamedTuple

import torch
from scipy.stats import nchypergeom_fisher
from torch.distributions import Distribution

from wslbook import distributions


class Case(NamedTuple):
    name: str
    """The law's name in wslbook.distributions."""
    parameters: dict[str, Any]
    oracle: Callable[..., float] | None
    """Maps an event and the parameters of one entry of the batch to a probability, written without
    the package. It may lack a common factor: it is normalised over the support. None where the law
    has no probabilities."""
    bad: dict[str, Any]
    """For parameters, values that must be refused with a message that names the parameter."""
    outside: list
    """An event of the right shape outside the support."""

    def law(self, dtype: torch.dtype | None = None, **changes: Any) -> Distribution:
        arguments = {k: _tensor(v, dtype) for k, v in (self.parameters | changes).items()}
        return getattr(distributions, self.name)(**arguments)

    def entry(self, i: int) -> dict[str, Any]:
        return {k: v[i] if k in self.reals else v for k, v in self.parameters.items()}

    @property
    def reals(self) -> list[str]:
        return [k for k, v in self.parameters.items() if isinstance(_tensor(v), torch.Tensor)]


def _tensor(value: Any, dtype: torch.dtype | None = None) -> Any:
    first = value
    while isinstance(first, list):
        first = first[0]
    return torch.tensor(value, dtype=dtype) if isinstance(first, float) else value


def fisher(n, class_sizes, num_draws, log_weights):
    factors = zip(n, class_sizes, log_weights, strict=True)
    return math.prod(math.comb(m, int(y)) * math.exp(y * a) for y, m, a in factors)


def merged(n, class_sizes, num_draws, log_weights):
    probability, left = 1.0, num_draws
    for k in range(len(n) - 1):
        later = class_sizes[k + 1 :]
        masses = [m * math.exp(a) for m, a in zip(later, log_weights[k + 1 :], strict=True)]
        odds = math.exp(log_weights[k]) / (sum(masses) / sum(later))
        total = class_sizes[k] + sum(later)
        probability *= nchypergeom_fisher.pmf(n[k], total, class_sizes[k], left, odds)
        left -= int(n[k])
    return probability


def one_by_one(ranking, logits):
    scores = [math.exp(logits[item]) for item in ranking]
    return math.prod(s / sum(scores[k:]) for k, s in enumerate(scores))


def seated(labels, concentration, num_items, discount=0.0):
    probability = 1.0
    for i in range(1, num_items):
        tables, mine = len(set(labels[:i])), labels[:i].count(labels[i])
        weight = mine - discount if mine else concentration + discount * tables
        probability *= weight / (concentration + i)
    return probability


def cohesive(labels, log_cohesion):
    return math.prod(math.exp(log_cohesion[labels.count(c) - 1]) for c in set(labels))


def filled(assignment, log_weights, logits, temperature=None):
    """Fisher's law of the sizes times the sum over all rankings that fill the groups so."""
    n, groups = len(logits), [list(column).index(1) for column in zip(*assignment, strict=True)]
    rankings = [r for r in permutations(range(n)) if [groups[i] for i in r] == sorted(groups)]
    sizes = fisher([sum(row) for row in assignment], [n] * len(assignment), n, log_weights)
    return sizes * math.fsum(one_by_one(r, logits) for r in rankings)


def all_counts(class_sizes, num_draws):
    """List the count vectors of an urn by trying every one."""
    every = product(*(range(m + 1) for m in class_sizes))
    return [n for n in every if sum(n) == num_draws]


URN = {
    "class_sizes": [2, 3, 1],
    "num_draws": 3,
    "log_weights": [[0.0, 1.0, -0.5], [2.0, -1.0, 0.3]],
}
BAD_URN = {
    "class_sizes": [2, 3, -1],
    "num_draws": 7,
    "log_weights": [[0.0, 1.0, math.inf], [0.0, 0.0, 0.0]],
}
LOGITS = [[0.5, -1.0, 0.0, 2.0], [0.0, 3.0, 0.1, -0.2]]
BAD_LOGITS = [[0.5, -1.0, 0.0, math.nan], [0.0, 3.0, 0.1, -0.2]]
COHESION = [[0.0, 0.5, -1.0, 2.0], [0.0, -0.7, 0.3, 0.1]]
RELAXED = {"temperature": [0.5, 2.0], "logits": LOGITS}
BAD_RELAXED = {"temperature": [0.5, -2.0], "logits": BAD_LOGITS}
RELAXED_URN = {"temperature": [0.5, 2.0]} | URN
BAD_RELAXED_URN = {"temperature": [0.5, math.nan]} | BAD_URN
PARTITION = {"log_weights": [[0.0, 1.0, -0.5], [2.0, -1.0, 0.3]], "logits": LOGITS}
BAD_PARTITION = {"log_weights": BAD_URN["log_weights"], "logits": BAD_LOGITS}
TWICE = [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]

CASES = [
    Case("MultivariateHypergeometric", URN, fisher, BAD_URN, [2, 2, -1]),
    Case("MergedMultivariateHypergeometric", URN, merged, BAD_URN, [2, 2, 0]),
    Case("MultivariateHypergeometricStraightThrough", URN, fisher, BAD_URN, [2, 2, -1]),
    Case(
        "RelaxedMultivariateHypergeometric",
        RELAXED_URN,
        None,
        BAD_RELAXED_URN,
        [0.5, 1.0, 1.5],
    ),
    Case(
        "RelaxedMultivariateHypergeometricStraightThrough",
        RELAXED_URN,
        None,
        BAD_RELAXED_URN,
        [0.5, 1.5, 1.0],
    ),
    Case("RandomPartition", PARTITION, filled, BAD_PARTITION, TWICE),
    Case(
        "RandomPartitionStraightThrough",
        {"temperature": [0.5, 2.0]} | PARTITION,
        filled,
        {"temperature": [0.5, -2.0]} | BAD_PARTITION,
        TWICE,
    ),
    Case("PlackettLuce", {"logits": LOGITS}, one_by_one, {"logits": BAD_LOGITS}, [0, 1, 1, 3]),
    Case("RelaxedPlackettLuce", RELAXED, None, BAD_RELAXED, [[1.0, 1.0, 0.0, 0.0]] * 4),
    Case("PlackettLuceStraightThrough", RELAXED, None, BAD_RELAXED, [[1.0, 0.0, 0.0, 0.0]] * 4),
    Case(
        "ChineseRestaurantProcess",
        {"concentration": [0.5, 3.0], "num_items": 5},
        seated,
        {"concentration": [0.5, -3.0], "num_items": 0},
        [0, 2, 1, 0, 0],
    ),
    Case(
        "PitmanYorProcess",
        {"discount": [0.3, 0.8], "concentration": [-0.1, 3.0], "num_items": 5},
        seated,
        {"discount": [0.3, 1.0], "concentration": [-0.4, 3.0], "num_items": 0},
        [1, 0, 0, 0, 0],
    ),
    Case(
        "ProductPartition",
        {"log_cohesion": COHESION},
        cohesive,
        {"log_cohesion": [[0.0, 0.5, math.nan, 2.0], [0.0, -0.7, 0.3, 0.1]]},
        [0, 1, 3, 0],
    ),
]
