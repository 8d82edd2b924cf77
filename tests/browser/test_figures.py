"""Each live figure: it moves with the keyboard, and its numbers are Python's to 1e-9."""

import json
import math
from itertools import combinations, pairwise
from pathlib import Path

import pytest
import torch
from scipy import special, stats
from torch.distributions import Independent, Normal

from wslbook.aggregators import aggregate, moe, mopoe, poe
from wslbook.distributions import (
    MergedMultivariateHypergeometric,
    MultivariateHypergeometric,
    PitmanYorProcess,
    RandomPartition,
)
from wslbook.distributions.mixture_divergence import kl_convexity_bound
from wslbook.metrics import histogram_precision_recall
from wslbook.widgets import Restaurant
from wslbook.widgets.trade_off import coherence_and_quality

ROOT = Path(__file__).parents[2]


def evidence(x, noise, mean, scale):
    """ELBO, KL and log evidence of the conjugate model, by SciPy's densities and by hand."""
    posterior = stats.norm(x / (1 + noise**2), noise / math.sqrt(1 + noise**2))
    kl = math.log(posterior.std() / scale) - 0.5
    kl += (scale**2 + (mean - posterior.mean()) ** 2) / (2 * posterior.var())
    log_evidence = stats.norm(0, math.sqrt(1 + noise**2)).logpdf(x)
    return {"elbo": log_evidence - kl, "kl": kl, "logEvidence": log_evidence}


def gradient_noise(x, noise, mean, scale, draws):
    """The exact gradient and two of the variances; the third is tested in node."""
    precision = 1 + 1 / noise**2
    gradient = (x - mean) / noise**2 - mean
    return {"gradient": gradient, "path": (scale * precision) ** 2 / draws}


def experts(missing, prior, **numbers):
    """Means and bounds of the package's aggregators; the divergences are tested in node."""
    loc, scale = (
        torch.tensor([[[numbers[f"{k}{m}"] for k in keys]] for m in (1, 2, 3)], dtype=torch.float64)
        for keys in (("across", "up"), ("wide", "tall"))
    )
    standard = Independent(Normal(torch.zeros(2, dtype=torch.float64), 1.0), 1)
    present = torch.tensor([[m != missing] for m in (1, 2, 3)])
    shown = {}
    for name, rows in (("PoE", poe(3)), ("MoE", moe(3)), ("MoPoE", mopoe(3))):
        unimodal = Independent(Normal(loc, scale), 1)
        q = aggregate(unimodal, rows, present, standard if prior else None)
        shown[f"{name}Across"], shown[f"{name}Up"] = q.mean[0].tolist()
        shown["PoEKl" if name == "PoE" else f"{name}Bound"] = kl_convexity_bound(q, standard).item()
    return shown


def latent_plane(z1, z2):
    return {"z1": z1, "z2": z2, "logPrior": float(stats.norm.logpdf([z1, z2]).sum())}


def restaurant(customers, concentration, discount, seed):
    """The law of the package for the partition that Python seats."""
    labels = torch.tensor(
        Restaurant(
            customers=customers, concentration=concentration, discount=discount, seed=seed
        ).labels()
    )
    alpha = torch.tensor(concentration, dtype=torch.float64)
    law = PitmanYorProcess(discount, alpha, customers)
    number = torch.arange(1.0, customers + 1, dtype=torch.float64)
    return {
        "tables": len(labels.unique()),
        "expected": (law.log_prob_num_groups().exp() @ number).item(),
        "logProbability": law.log_prob(labels).item(),
    }


def swap_codes(shared, first, second):
    """The stored notebook's own numbers, which its training made, looked up by the sources."""
    notebook = json.loads((ROOT / "notebooks/12_splitting_the_latent_space.ipynb").read_text())
    widgets = notebook["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]
    states = (widget["state"] for widget in widgets["state"].values())
    one, two = next(state["agreement"] for state in states if "agreement" in state)
    return {
        "agreement1": one[shared - 1][first - 1],
        "agreement2": two[shared - 1][second - 1],
    }


def simplex_temperature(theta1, theta2, tau, seed):
    """Tempered probabilities and the density at the centre; the samples are tested in node."""
    theta = torch.tensor([theta1, theta2, 0.0], dtype=torch.float64)
    law = torch.distributions.RelaxedOneHotCategorical(torch.tensor(tau), logits=theta)
    centre = law.log_prob(torch.full_like(theta, 1 / 3)).exp().item()
    tempered = torch.softmax(theta / tau, 0).tolist()
    return {"centre": centre, **{f"tempered{k + 1}": p for k, p in enumerate(tempered)}}


def ranking_scores(score1, score2, score3, score4, temperature):
    """The law of four items by repeated choice, and the first row of NeuralSort by its steps."""
    scores = [score1, score2, score3, score4]
    left, top = sorted(map(math.exp, scores), reverse=True), 1.0
    while left:
        top *= left[0] / sum(left)
        left = left[1:]
    first = [3 * s - sum(abs(s - t) for t in scores) for s in scores]
    corner = 1 / sum(math.exp((f - first[0]) / temperature) for f in first)
    return {"top": top, "total": 1.0, "corner": corner}


def urn(size1, size2, size3, draws, log_w1, log_w2):
    """The exact law of the package; enumeration judges the JavaScript in node."""
    drawn = min(draws, size1 + size2 + size3)
    log_weights = torch.tensor([log_w1, log_w2, 0.0], dtype=torch.float64)
    law = MultivariateHypergeometric([size1, size2, size3], drawn, log_weights)
    means = {f"mean{k + 1}": mean for k, mean in enumerate(law.mean.tolist())}
    return {"drawn": drawn, "logNormalizer": law.log_normalizer.item(), **means}


def merging(size1, size2, size3, draws, log_w1, log_w2):
    """Both laws of the package; enumeration judges the JavaScript in node."""
    drawn = min(draws, size1 + size2 + size3)
    log_weights = torch.tensor([log_w1, log_w2, 0.0], dtype=torch.float64)
    urn = [size1, size2, size3], drawn, log_weights
    exact, merged = MultivariateHypergeometric(*urn), MergedMultivariateHypergeometric(*urn)
    shown = {"drawn": drawn}
    for k in range(3):
        shown[f"exact{k + 1}"] = exact.mean[k].item()
        shown[f"merged{k + 1}"] = merged.mean[k].item()
        difference = exact.marginal_probs(k) - merged.marginal_probs(k)
        shown[f"ks{k + 1}"] = difference.cumsum(0).abs().max().item()
    return shown


def ks_distance(w2, log_samples):
    """Distance and power from the laws of the package."""
    log_weights = torch.tensor([1.0, w2, 1.0], dtype=torch.float64).log()
    F, G = (
        law([200] * 3, 180, log_weights).marginal_probs(0).cumsum(0)
        for law in (MultivariateHypergeometric, MergedMultivariateHypergeometric)
    )
    at, samples = (F - G).abs().argmax(), round(10**log_samples)
    distance, critical = (F - G)[at].abs().item(), special.kolmogi(0.05) * math.sqrt(2 / samples)
    spread = math.sqrt((F[at] * (1 - F[at]) + G[at] * (1 - G[at])) / samples)
    power = stats.norm.cdf((distance - critical) / spread)
    return {"samples": samples, "distance": distance, "critical": critical, "power": power}


def partition_law(score1, score2, score3, score4, log_w1, log_w2):
    """The exact law of the package, over all 81 assignments."""
    logits = torch.tensor([score1, score2, score3, score4], dtype=torch.float64)
    law = RandomPartition(torch.tensor([log_w1, log_w2, 0.0], dtype=torch.float64), logits)
    support = law.enumerate_support()
    p = law.log_prob(support).exp()
    sizes = (p @ support.sum(-1)).tolist()
    named = {f"size{k + 1}": size for k, size in enumerate(sizes)}
    first = (p @ support[:, 0, 0]).item()
    return {"mode": p.max().item(), "total": 1.0, "first": first} | named


def judges(modes, spread, mismatch, noise, blur):
    """Coherence and likelihood by sums, the frontier from the package; the rest is in node."""
    place = torch.arange(120, dtype=torch.float64)
    centres = 20 * torch.arange(6, dtype=torch.float64)[:, None] + 9.5
    bumps, real = (
        torch.softmax(-0.5 * ((place - centres) / (2.5 * s)) ** 2, 1) for s in (spread, 1.0)
    )
    kept = bumps * (torch.arange(6)[:, None] < modes) / modes
    law = (1 - noise) * ((1 - mismatch) * kept + mismatch / 6 * kept.sum(0)) + noise / 720
    frontier = histogram_precision_recall(real.mean(0), law.sum(0))
    return {
        "precision": frontier.f_score(1 / 8),
        "recall": frontier.f_score(8),
        "coherence": law[place.long() // 20, place.long()].sum().item(),
        "logLikelihood": torch.special.xlogy(real / 6, law).sum().item(),
    }


def price_of_mixing(modalities, shared, private, subsets):
    """The sizes of all subsets by binomials; enumerated subsets judge the JavaScript in node."""
    M, V, signal = modalities, 4**private, 4**shared - 1
    weights = {k: math.comb(M, k) / (2**M - 1) for k in range(1, M + 1)}
    kept = sum(w * k for k, w in weights.items()) / M
    evidence = stats.norm.entropy() * 2 * M + 0.5 * math.log((1 + M * signal) * V**M)
    return {
        "evidence": -evidence,
        "PoEValue": -evidence,
        "MoEPrivate": max(V / M - 1, 0) / (V - 1),
        "MoPoEPrivate": max(kept * V - 1, 0) / (V - 1),
    }


def face_ticks(**ticks):
    """How many boxes are ticked; node tests the rest, which depends on trained painters."""
    return {"ticked": sum(ticks.values())}


def trade_off(generated, source, weight):
    """Scores and shares of all weights from the tables, by crossing every pair of lines."""
    sources = list(coherence_and_quality(ROOT / "results").values())[generated]
    points = sources[("ours", "thesis")[source]]
    top = 0.5 + math.log(2) / math.pi
    ends = {name: (quality / top, c) for name, (c, quality, *_) in points.items()}

    def score(name, w):
        return (1 - w) * ends[name][0] + w * ends[name][1]

    crossings = {0.0, 1.0}
    for (a, b), (c, d) in combinations(ends.values(), 2):
        if (a - c) * (b - d) < 0:
            crossings.add((a - c) / ((a - c) - (b - d)))
    shares = dict.fromkeys(ends, 0.0)
    for low, high in pairwise(sorted(crossings)):
        shares[max(ends, key=lambda name: score(name, (low + high) / 2))] += high - low
    named = {f"{name}Share": share for name, share in shares.items()}
    return named | {f"{name}Score": score(name, weight) for name in ends}


FIGURES = {
    "notebooks/01_variational_inference": (
        evidence,
        {"x": 1.5, "noise": 0.8, "mean": -0.5, "scale": 1.0},
        [("mean", 3, 0.05), ("scale", -4, 0.05), ("x", 2, 0.1), ("noise", 5, 0.1)],
    ),
    "notebooks/02_black_box_variational_inference": (
        gradient_noise,
        {"x": 1.5, "noise": 0.8, "mean": 0.0, "scale": 0.5, "draws": 10},
        [("mean", -6, 0.05), ("scale", 3, 0.05), ("draws", 15, 1)],
    ),
    "notebooks/03_variational_autoencoders": (
        latent_plane,
        {"z1": 0.0, "z2": 0.0},
        [("z1", 12, 0.05), ("z2", -7, 0.05)],
    ),
    "notebooks/06_rankings": (
        ranking_scores,
        {"score1": 1.2, "score2": 0.4, "score3": -0.3, "score4": -0.9, "temperature": 0.5},
        [("score1", -5, 0.1), ("score4", 7, 0.1), ("temperature", 20, 0.01)],
    ),
    "notebooks/07_partitions": (
        restaurant,
        {"customers": 12, "concentration": 1.0, "discount": 0.0, "seed": 1},
        [("customers", 5, 1), ("concentration", 20, 0.1), ("discount", 6, 0.05), ("seed", 3, 1)],
    ),
    "notebooks/04_many_senses": (
        judges,
        {"modes": 6, "spread": 1.0, "mismatch": 0.0, "noise": 0.0, "blur": 0.0},
        [("modes", -2, 1), ("noise", 4, 0.01), ("spread", 6, 0.1), ("mismatch", 5, 0.01)],
    ),
    "notebooks/05_choosing_with_gradients": (
        simplex_temperature,
        {"theta1": 1.0, "theta2": 0.0, "tau": 1.0, "seed": 0},
        [("theta1", -7, 0.1), ("theta2", 4, 0.1), ("tau", -6, 0.05), ("seed", 3, 1)],
    ),
    "notebooks/12_splitting_the_latent_space": (
        swap_codes,
        {"shared": 1, "first": 2, "second": 3},
        [("shared", 2, 1), ("first", 2, 1), ("second", -2, 1)],
    ),
    "notebooks/16_random_partitions": (
        partition_law,
        {"score1": 2.0, "score2": 1.0, "score3": 0.0, "score4": -1.0, "log_w1": 0.5, "log_w2": 0.0},
        [("score1", -9, 0.1), ("score4", 6, 0.1), ("log_w1", -8, 0.1), ("log_w2", 12, 0.1)],
    ),
    "notebooks/08_urns": (
        urn,
        {"size1": 6, "size2": 8, "size3": 12, "draws": 9, "log_w1": 1.5, "log_w2": 0.0},
        [
            ("log_w1", -9, 0.05),
            ("log_w2", 7, 0.05),
            ("draws", 16, 1),
            ("size1", -3, 1),
            ("size2", -4, 1),
            ("size3", -2, 1),
        ],
    ),
    "notebooks/14_differentiable_hypergeometric": (
        merging,
        {"size1": 20, "size2": 20, "size3": 20, "draws": 30, "log_w1": 0.0, "log_w2": 2.5},
        [
            ("log_w2", -12, 0.05),
            ("log_w1", 9, 0.05),
            ("draws", 7, 1),
            ("size1", -3, 1),
            ("size2", 4, 1),
            ("size3", -6, 1),
        ],
    ),
    "notebooks/09_combining_experts": (
        experts,
        {
            **{f"across{m}": x for m, x in ((1, -1.0), (2, -0.4), (3, 1.5))},
            **{f"up{m}": x for m, x in ((1, 0.0), (2, 1.0), (3, -1.0))},
            **{f"wide{m}": x for m, x in ((1, 0.5), (2, 1.6), (3, 0.8))},
            **{f"tall{m}": x for m, x in ((1, 1.6), (2, 0.5), (3, 0.8))},
            "missing": 0,
            "prior": 0,
        },
        [
            ("across3", -9, 0.1),
            ("up3", 7, 0.1),
            ("wide3", 4, 0.05),
            ("tall3", -3, 0.05),
            ("missing", 2, 1),
            ("prior", 1, 1),
        ],
    ),
    "notebooks/11_more_modalities": (
        price_of_mixing,
        {"modalities": 5, "shared": 1.0, "private": 1.5, "subsets": 4},
        [("modalities", 5, 1), ("shared", 6, 0.05), ("private", -9, 0.05), ("subsets", 3, 1)],
    ),
    "notebooks/13_faces_and_captions": (
        face_ticks,
        {"wearing_hat": 0, "eyeglasses": 0, "blond_hair": 0},
        [("wearing_hat", 1, 1), ("eyeglasses", 1, 1), ("blond_hair", 1, 1), ("wearing_hat", -1, 1)],
    ),
    "notebooks/10_digits_house_numbers_words": (
        trade_off,
        {"generated": 0, "source": 0, "weight": 0.5},
        [("source", 1, 1), ("weight", -25, 0.01), ("generated", 3, 1), ("source", -1, 1)],
    ),
    "notebooks/15_testing_and_learning_an_urn": (
        ks_distance,
        {"w2": 2.0, "log_samples": 3.0},
        [("w2", 13, 0.1), ("log_samples", -9, 0.05), ("w2", -4, 0.1)],
    ),
}


def numbers(page):
    """The named numbers of the first live figure, with every digit."""
    return page.locator(".wsl-figure output[data-name]").evaluate_all(
        "outputs => Object.fromEntries(outputs.map(o => [o.dataset.name, Number(o.dataset.value)]))"
    )


@pytest.mark.parametrize("document", FIGURES)
def test_figure_follows_the_keyboard(visit, address, document):
    oracle, state, moves = FIGURES[document]
    there = visit(address)
    page = there.open(document)
    page.locator(".wsl-figure output[data-value]").first.wait_for()
    for name, value in oracle(**state).items():
        assert numbers(page)[name] == pytest.approx(value, abs=1e-9)
    for trait, presses, step in moves:
        before, picture = numbers(page), page.locator(".wsl-figure svg").first.inner_html()
        slider = page.locator(f".wsl-figure input[data-trait={trait}]")
        slider.focus()
        for _ in range(abs(presses)):
            arrow = "ArrowRight" if presses > 0 else "ArrowLeft"
            page.keyboard.press("Space" if slider.get_attribute("type") == "checkbox" else arrow)
        state[trait] = round(state[trait] + presses * step, 10)
        for name, value in oracle(**state).items():
            assert numbers(page)[name] == pytest.approx(value, abs=1e-9), (trait, name)
        assert numbers(page) != before
        assert page.locator(".wsl-figure svg").first.inner_html() != picture
    assert there.problems == []


@pytest.mark.parametrize("document", FIGURES)
def test_every_control_has_a_label(visit, address, document):
    page = visit(address).open(document)
    page.locator(".wsl-figure output[data-value]").first.wait_for()
    for control in page.locator(".wsl-figure input").all():
        label = control.evaluate("c => c.labels[0].querySelector('span').textContent")
        assert label.strip()
    described = page.locator(".wsl-figure svg[role=img]").first.get_attribute("aria-label")
    assert len(described) > 40
