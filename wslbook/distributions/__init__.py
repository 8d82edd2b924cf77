r"""Laws of discrete structures: counts, rankings and partitions, in the manner of torch.

Every class follows :mod:`torch.distributions`: it has ``sample``, ``log_prob``, ``support``,
``expand``, a batch shape and an event shape, and it checks its parameters. Three things about such
laws are worth knowing before using them.

**Names say what is exact.** ``X`` is a law with its exact probabilities. ``RelaxedX`` replaces its
samples by smooth ones, at a temperature: another law, close to ``X`` when the temperature is low.
``XStraightThrough`` returns hard samples with the gradient of a smooth quantity. A quantity that is
only a bound says so in its name.

**Gradients come in two kinds.** A loss E[f(N)] depends on the parameters through the law of N, and
samples of a discrete law have no derivative. The *score function* needs none:

.. math:: \nabla_\theta\, \mathbb E[f(N)] = \mathbb E[f(N)\, \nabla_\theta \log p_\theta(N)]

It is unbiased for any f, noisy, and needs only ``log_prob``::

    n = law.sample()
    loss = f(n).detach() * law.log_prob(n)

The *pathwise* gradient goes through the sample itself and needs ``rsample``, which only the relaxed
and straight-through classes have. It is less noisy, and biased::

    n = law.rsample()
    loss = f(n)

**An oracle is at hand.** Supports are finite; where they are small, ``enumerate_support`` lists
them, so that any expectation can be computed as a sum and compared.

Counts: :class:`.MultivariateHypergeometric` is Fisher's law, exactly, and
:class:`.MergedMultivariateHypergeometric` the thesis' approximation of it, kept for comparison.
:class:`.MultivariateHypergeometricStraightThrough` has the gradient of the mean;
:class:`.RelaxedMultivariateHypergeometric` and
:class:`.RelaxedMultivariateHypergeometricStraightThrough` relax either law, class by class.
Rankings: :class:`.PlackettLuce`, :class:`.RelaxedPlackettLuce`,
:class:`.PlackettLuceStraightThrough`. Partitions: :class:`.ChineseRestaurantProcess`,
:class:`.PitmanYorProcess`, :class:`.ProductPartition`; into a given number of ordered groups,
:class:`.RandomPartition` with its exact probabilities and :class:`.RandomPartitionStraightThrough`.
The continuous laws of a latent vector that several modalities speak about are not listed here; they
are :class:`.SubsetMixture`, :class:`.ProductMixture` and :class:`.Concatenated`.
Importing the package registers the exact divergences of :mod:`wslbook.distributions.kl`; those of
two random partitions are estimated by :func:`.kl_estimate`.
"""

from wslbook.distributions import kl as kl
from wslbook.distributions.hypergeometric import MultivariateHypergeometric
from wslbook.distributions.merged_hypergeometric import MergedMultivariateHypergeometric
from wslbook.distributions.partition import RandomPartition
from wslbook.distributions.partition_straight_through import RandomPartitionStraightThrough
from wslbook.distributions.plackett_luce import (
    PlackettLuce,
    PlackettLuceStraightThrough,
    RelaxedPlackettLuce,
)
from wslbook.distributions.processes import (
    ChineseRestaurantProcess,
    PitmanYorProcess,
    ProductPartition,
)
from wslbook.distributions.relaxed_hypergeometric import (
    RelaxedMultivariateHypergeometric,
    RelaxedMultivariateHypergeometricStraightThrough,
)
from wslbook.distributions.straight_through_hypergeometric import (
    MultivariateHypergeometricStraightThrough,
)

__all__ = [
    "ChineseRestaurantProcess",
    "MergedMultivariateHypergeometric",
    "MultivariateHypergeometric",
    "MultivariateHypergeometricStraightThrough",
    "PitmanYorProcess",
    "PlackettLuce",
    "PlackettLuceStraightThrough",
    "ProductPartition",
    "RandomPartition",
    "RandomPartitionStraightThrough",
    "RelaxedMultivariateHypergeometric",
    "RelaxedMultivariateHypergeometricStraightThrough",
    "RelaxedPlackettLuce",
]
