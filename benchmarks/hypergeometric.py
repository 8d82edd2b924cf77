"""Time Fisher's law against a naive log-domain convolution and against SciPy, on one thread.

Usage: python benchmarks/hypergeometric.py

The naive rival adds two tables of logarithms and calls logsumexp, as one writes it first. SciPy
has no law of three classes, so the comparison with it is on two. Each time is the best of five.
"""

import math
import time
from collections.abc import Callable, Sequence

import torch
from scipy.stats import nchypergeom_fisher
from torch import Tensor
from torch.nn.functional import pad

from wslbook.distributions import MergedMultivariateHypergeometric, MultivariateHypergeometric

ROW = "{:<30} {:<8} {:<22} {:>11} {:>11} {:>11}"


def naive_log_prob(sizes: Sequence[int], num_draws: int, log_weights: Tensor, n: Tensor) -> Tensor:
    y = torch.arange(num_draws + 1).to(log_weights)
    log_normalizer, log_terms = None, 0.0
    for k, m in enumerate(sizes):
        log_binomial = math.lgamma(m + 1) - (y + 1).lgamma() - (m - y).clamp(0).add(1).lgamma()
        a = log_binomial.masked_fill(y > m, -torch.inf) + y * log_weights[..., k : k + 1]
        log_terms = log_terms + a.gather(-1, n[..., k : k + 1].long())
        if log_normalizer is None:
            log_normalizer = a
        else:
            padded = pad(log_normalizer, (num_draws, 0), value=-torch.inf)
            windows = padded.unfold(-1, num_draws + 1, 1)
            log_normalizer = (windows + a.flip(-1).unsqueeze(-2)).logsumexp(-1)
    return log_terms.squeeze(-1) - log_normalizer[..., num_draws]


def milliseconds(function: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def compare(sizes: list[int], num_draws: int, batch: int, dtype: torch.dtype) -> None:
    log_weights = torch.randn(batch, len(sizes), dtype=dtype, requires_grad=True)
    n = MultivariateHypergeometric(sizes, num_draws, log_weights).sample()
    exact = MultivariateHypergeometric(sizes, num_draws, log_weights, validate_args=False)
    remaining = num_draws - n.long().cumsum(-1) + n.long()

    def make(law: type) -> object:
        return law(sizes, num_draws, log_weights, validate_args=False)

    def conditionals() -> Tensor:
        law = make(MultivariateHypergeometric)
        terms = [law.conditional_logits(k, remaining[:, k]) for k in range(len(sizes))]
        return sum(term.exp().square().sum() for term in terms)

    rivals = {
        "exact log_prob": lambda: make(MultivariateHypergeometric).log_prob(n).sum(),
        "naive log_prob": lambda: naive_log_prob(sizes, num_draws, log_weights, n).sum(),
        "merged log_prob": lambda: make(MergedMultivariateHypergeometric).log_prob(n).sum(),
        "exact mean": lambda: make(MultivariateHypergeometric).mean.square().sum(),
        "exact conditional_logits": conditionals,
    }
    name = f"{len(sizes)} x {sizes[0]}, n={num_draws}, batch {batch}"
    gap = (exact.log_prob(n) - naive_log_prob(sizes, num_draws, log_weights, n)).abs().max().item()
    for rival, function in rivals.items():
        forward = milliseconds(function)
        both = milliseconds(lambda f=function: f().backward())
        error = f"{gap:.0e}" if rival == "naive log_prob" else ""
        print(ROW.format(name, str(dtype)[6:], rival, f"{forward:.1f}", f"{both:.1f}", error))
    sampling = milliseconds(lambda: make(MultivariateHypergeometric).sample())
    print(ROW.format(name, str(dtype)[6:], "exact sample", f"{sampling:.1f}", "", ""))


def compare_with_scipy(m: int, num_draws: int, batch: int) -> None:
    log_weights = torch.randn(batch, 2, dtype=torch.double)
    law = MultivariateHypergeometric([m, m], num_draws, log_weights)
    n = law.sample()
    odds = (log_weights[:, 0] - log_weights[:, 1]).exp().numpy()
    first = n[:, 0].numpy()
    rivals = {
        "exact log_prob": lambda: MultivariateHypergeometric([m, m], num_draws, log_weights),
        "SciPy logpmf": lambda: nchypergeom_fisher.logpmf(first, 2 * m, m, num_draws, odds),
    }
    gap = abs(law.log_prob(n).numpy() - rivals["SciPy logpmf"]()).max()
    for rival, function in rivals.items():
        log_prob = (lambda f=function: f().log_prob(n)) if rival.startswith("exact") else function
        error = f"{gap:.0e}" if rival == "SciPy logpmf" else ""
        name = f"2 x {m}, n={num_draws}, batch {batch}"
        print(ROW.format(name, "float64", rival, f"{milliseconds(log_prob):.1f}", "", error))


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(ROW.format("urn", "dtype", "what", "forward/ms", "+ back/ms", "difference"))
    for dtype in (torch.float64, torch.float32):
        compare([200] * 3, 180, 1000, dtype)
        compare([256] * 10, 256, 1, dtype)
        compare([256] * 10, 256, 256, dtype)
    compare_with_scipy(200, 180, 1000)


if __name__ == "__main__":
    main()
