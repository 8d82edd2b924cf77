"""The fit loop: against a known optimum, after a kill, and with bad input."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from torch import nn
from torch.distributions import Normal

from wslbook.datasets import Batch
from wslbook.training import fit


class Gaussian(nn.Module):
    """A model with two parameters, whose maximum likelihood is known."""

    def __init__(self):
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(()))
        self.log_scale = nn.Parameter(torch.zeros(()))


def log_density(model, batch):
    return Normal(model.loc, model.log_scale.exp()).log_prob(batch.x["value"])


def noisy_log_density(model, batch):
    """Draws a random number per example, like an ELBO, so that the generator matters."""
    noise = 0.1 * torch.randn(len(batch))
    return Normal(model.loc + noise, model.log_scale.exp()).log_prob(batch.x["value"])


def values(n=512):
    generator = torch.Generator().manual_seed(1)
    return Batch({"value": 1.5 + 0.5 * torch.randn(n, generator=generator)})


def test_fit_finds_the_maximum_likelihood():
    data, model = values(), Gaussian()
    history = fit(model, log_density, data, epochs=60, batch_size=64, learning_rate=0.02)
    x = data.x["value"]
    assert model.loc.item() == pytest.approx(x.mean().item(), abs=0.05)
    assert model.log_scale.exp().item() == pytest.approx(x.std().item(), abs=0.05)
    best = Normal(x.mean(), x.std(correction=0)).log_prob(x).mean().item()
    assert history[-1].item() == pytest.approx(best, abs=0.02)
    assert len(history) == 60


def test_history_is_the_mean_over_examples():
    """With a step of no effect, the value is the plain mean, the last small batch included."""
    data, model = values(100), Gaussian()
    history = fit(model, log_density, data, epochs=1, batch_size=64, learning_rate=1e-12)
    assert history[0].item() == pytest.approx(log_density(Gaussian(), data).mean().item(), abs=1e-9)


def test_continuing_equals_not_stopping(tmp_path):
    settings = {"batch_size": 64, "learning_rate": 0.05}
    torch.manual_seed(7)
    whole = Gaussian()
    expected = fit(whole, noisy_log_density, values(), epochs=6, **settings)
    torch.manual_seed(7)
    fit(Gaussian(), noisy_log_density, values(), epochs=2, checkpoint=tmp_path / "a", **settings)
    torch.manual_seed(99)  # what happens in between must not matter
    resumed = Gaussian()
    history = fit(
        resumed, noisy_log_density, values(), epochs=6, checkpoint=tmp_path / "a", **settings
    )
    assert torch.equal(history, expected)
    assert torch.equal(resumed.loc, whole.loc)
    assert torch.equal(resumed.log_scale, whole.log_scale)


SCRIPT = """
import sys, time, torch
torch.set_default_dtype(torch.float64)
from tests.test_training import Gaussian, noisy_log_density, values
from wslbook.training import fit
def slowly(model, batch):
    time.sleep(0.002)
    return noisy_log_density(model, batch)
torch.manual_seed(7)
model = Gaussian()
history = fit(model, slowly, values(), epochs=20, batch_size=64, learning_rate=0.05,
              checkpoint=sys.argv[1])
print(history.tolist(), model.loc.item())
"""


def run(path, kill_after=None):
    """Train in a process of its own; kill it without warning after some epochs were saved."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    if kill_after is not None:
        deadline = time.monotonic() + 60
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(kill_after)
        os.kill(process.pid, signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def test_a_killed_run_continues(tmp_path):
    code, expected = run(tmp_path / "whole.safetensors")
    assert code == 0
    assert run(tmp_path / "killed.safetensors", kill_after=0.2)[0] == -signal.SIGKILL
    code, output = run(tmp_path / "killed.safetensors")
    assert code == 0
    assert output == expected  # every epoch's value and the final parameter, to the last digit


def test_a_failing_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "a"
    fit(Gaussian(), log_density, values(), epochs=1, checkpoint=path)
    before = path.read_bytes()

    def break_off(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", break_off)
    with pytest.raises(OSError, match="no space left"):
        fit(Gaussian(), log_density, values(), epochs=2, checkpoint=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["epochs", "batch_size", "learning_rate"])
@pytest.mark.parametrize("value", [0, -1])
def test_arguments_must_be_positive(name, value):
    arguments = {"epochs": 1} | {name: value}
    with pytest.raises(ValueError, match=f"{name}: expected a positive number, got {value}"):
        fit(Gaussian(), log_density, values(), **arguments)


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    fit(Gaussian(), log_density, values(), epochs=1, batch_size=64, checkpoint=tmp_path / "a")
    with pytest.raises(ValueError, match=r"batch_size: .* was written with 64, got 32"):
        fit(Gaussian(), log_density, values(), epochs=2, batch_size=32, checkpoint=tmp_path / "a")


def test_a_diverging_objective_is_reported():
    with pytest.raises(FloatingPointError, match="lower learning_rate"):
        fit(Gaussian(), lambda m, b: log_density(m, b) * torch.nan, values(), epochs=1)
