"""Each live figure: it moves with the keyboard, and its numbers are Python's to 1e-9."""

import math

import pytest
from scipy import stats


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


def latent_plane(z1, z2):
    return {"z1": z1, "z2": z2, "logPrior": float(stats.norm.logpdf([z1, z2]).sum())}


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
            page.keyboard.press("ArrowRight" if presses > 0 else "ArrowLeft")
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
