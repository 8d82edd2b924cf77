"""Compare estimates of the gradient of E[f(N)] for a small urn, where the exact one is a sum.

Usage: python benchmarks/urn_gradients.py

f(n) = |n - t|^2, sizes (6, 6, 6), 8 draws, log-weights (0, 1, 2), t = (4, 2, 2). Bias is the norm
of the difference from the exact gradient of Fisher's law, with its standard error; deviation is the
root of the summed variances of one draw's estimate. The straight-through rows whose gradient is cut
do not let it reach the number of draws that remain. Times are those of a batch of 1000 draws and
its backward pass, every draw with its own weights, on one thread, the best of five.
"""

from collections.abc import Callable

import torch
from hypergeometric import milliseconds
from torch import Tensor
from torch.autograd import grad

import wslbook
from wslbook.distributions import (
    MergedMultivariateHypergeometric,
    MultivariateHypergeometric,
    MultivariateHypergeometricStraightThrough,
    RelaxedMultivariateHypergeometric,
    RelaxedMultivariateHypergeometricStraightThrough,
)

URN = {"class_sizes": [6, 6, 6], "num_draws": 8}
LOG_WEIGHTS = torch.tensor([0.0, 1.0, 2.0], dtype=torch.double)
TARGET = torch.tensor([4.0, 2.0, 2.0], dtype=torch.double)
DRAWS, TIMED = 200_000, 1_000
ROW = "{:<44} {:>5} {:>15} {:>10} {:>8}"

Loss = Callable[[Tensor], Tensor]


class CutStraightThrough(RelaxedMultivariateHypergeometricStraightThrough):
    """Straight-through counts whose gradient does not reach the number of remaining draws."""

    def _draw(self, k: int, remaining: Tensor) -> Tensor:
        return super()._draw(k, remaining.detach())


def f(n: Tensor) -> Tensor:
    return (n - TARGET).square().sum(-1)


def exact_gradient() -> Tensor:
    log_weights = LOG_WEIGHTS.clone().requires_grad_()
    law = MultivariateHypergeometric(log_weights=log_weights, **URN)
    n = law.enumerate_support()
    return grad((law.log_prob(n).exp() * f(n)).sum(), log_weights)[0]


def pathwise(kind: type, **options: object) -> Loss:
    return lambda weights: f(kind(log_weights=weights, **URN, **options).rsample())


def score_function(weights: Tensor) -> Tensor:
    """Return a loss with the gradient of log p times f less the mean of the other draws' f."""
    law = MultivariateHypergeometric(log_weights=weights, **URN)
    n = law.sample()
    loss = f(n)
    baseline = (loss.sum() - loss) / (len(loss) - 1)
    return (loss - baseline) * law.log_prob(n)


def estimators() -> dict[tuple[str, str], Loss]:
    relaxed = RelaxedMultivariateHypergeometric
    hard = RelaxedMultivariateHypergeometricStraightThrough
    merged = MergedMultivariateHypergeometric
    rows = {}
    for tau in (0.25, 0.5, 1.0):
        at = str(tau)
        rows |= {
            ("relaxed, merged conditionals", at): pathwise(relaxed, temperature=tau, law=merged),
            ("relaxed", at): pathwise(relaxed, temperature=tau),
            ("straight-through, merged, cut", at): pathwise(
                CutStraightThrough, temperature=tau, law=merged
            ),
            ("straight-through, merged", at): pathwise(hard, temperature=tau, law=merged),
            ("straight-through, cut", at): pathwise(CutStraightThrough, temperature=tau),
            ("straight-through", at): pathwise(hard, temperature=tau),
        }
    exact_mean = pathwise(MultivariateHypergeometricStraightThrough)
    return rows | {
        ("straight-through, exact mean", ""): exact_mean,
        ("score function with baseline", ""): score_function,
    }


def estimate(loss: Loss, draws: int) -> Tensor:
    """Return one estimate of the gradient for each draw ``[draws, class]``."""
    weights = LOG_WEIGHTS.repeat(draws, 1).requires_grad_()
    return grad(loss(weights).sum(), weights)[0]


def main() -> None:
    torch.set_num_threads(1)
    wslbook.set_seed(0)
    exact = exact_gradient()
    print("exact gradient", [round(g, 3) for g in exact.tolist()], f"norm {exact.norm():.2f}")
    print(ROW.format("estimator", "tau", "bias", "deviation", "ms"))
    for (name, tau), loss in estimators().items():
        gradients = estimate(loss, DRAWS)
        deviation = gradients.var(0).sum().sqrt().item()
        bias = (gradients.mean(0) - exact).norm().item()
        time = milliseconds(lambda run=loss: estimate(run, TIMED))
        error = f"{bias:.2f} +- {deviation / DRAWS**0.5:.2f}"
        print(ROW.format(name, tau, error, f"{deviation:.2f}", f"{time:.1f}"))


if __name__ == "__main__":
    main()
