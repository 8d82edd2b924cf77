"""Experiments: their settings against the thesis, their result files, and their survival."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

import wslbook
from wslbook.experiments import (
    EXPERIMENTS,
    Run,
    load_results,
    preset,
    runs_of,
    table,
    thesis_tables,
)
from wslbook.experiments.build import build_model, build_objective, load_data
from wslbook.experiments.classifiers import trained_classifiers
from wslbook.experiments.evaluate import by_size, word_judge
from wslbook.experiments.results import read_finished, write_result
from wslbook.experiments.run import run_folder, trained_model
from wslbook.experiments.weights import load_weights, store_weights
from wslbook.likelihoods import dimension_weights
from wslbook.models import MultimodalVAE, SplitVAE

# Section 10 of the fact sheet, typed again: Adam's step size, batch, epochs, shared and private
# latents, beta, beta_MS, beta_T, number of runs.
THESIS = {
    "mst": (1e-3, 256, 50, 20, 0, 5.0, 1.0, 1.0, 5),
    "polymnist": (1e-3, 256, 300, 512, 0, 2.5, 1.0, 1.0, 5),
    "polymnist_beta": (1e-3, 256, 300, 512, 0, 2.5, 1.0, 1.0, 5),
    "mst_split": (1e-3, 256, 100, 16, 4, 5.0, 3.0, 5.0, 5),
    "mst_sizes": (1e-3, 256, 100, 16, 4, 5.0, 3.0, 5.0, 5),
    "faces": (1e-3, 256, 100, 32, 32, 2.5, 2.0, 5.0, 1),
    "faces_private": (1e-3, 256, 100, 32, 32, 2.5, 2.0, 5.0, 1),
}


def test_every_experiment_has_its_numbers_from_the_thesis():
    assert set(THESIS) == set(EXPERIMENTS)


@pytest.mark.parametrize("experiment", THESIS)
def test_paper_presets_are_the_thesis(experiment):
    s = preset(experiment, "paper")
    ours = (
        s.learning_rate, s.batch_size, s.epochs, s.shared_dim, s.private_dim, s.beta,
        s.beta_private, s.beta_modality.get("text", 1.0), len(s.seeds),
    )  # fmt: skip
    assert ours == THESIS[experiment]
    assert set(s.beta_modality) <= {"text"}
    assert s.source == "real"
    assert s.num_samples == {}
    assert s.data == {}
    assert s.train_examples is s.test_examples is s.likelihood_examples is None
    assert s.probe_examples == 500


def test_the_beta_sweep_is_the_thesis():
    assert preset("polymnist_beta", "paper").sweep == ("beta", (3e-4, 3e-3, 3e-2, 0.3, 1, 3, 9))


def test_the_size_sweep_keeps_the_sum():
    runs = runs_of("mst_sizes", "paper", methods=["mopoe"], seeds=[0])
    sizes = [(run.settings.shared_dim, run.settings.private_dim) for run in runs]
    assert all(shared + private == 20 for shared, private in sizes)
    assert (16, 4) in sizes


@pytest.mark.parametrize(
    ("shapes", "alphas"),
    [
        ({"m": (1, 28, 28), "s": (3, 32, 32), "t": (8,)}, (3.92, 1.0, 384.0)),
        ({"i": (3, 64, 64), "t": (256,)}, (1.0, 48.0)),
        ({"m0": (3, 28, 28), "m1": (3, 28, 28)}, (1.0, 1.0)),
    ],
)
def test_modality_weights_are_the_thesis(shapes, alphas):
    assert tuple(dimension_weights(shapes).values()) == pytest.approx(alphas, abs=0.005)


class Tuples:
    """Shapes of the three families, without their data."""

    source = "nothing"

    def __init__(self, family):
        from wslbook.datasets import Batch

        zeros = {
            "mst": {
                "mnist": torch.zeros(2, 1, 28, 28),
                "svhn": torch.zeros(2, 3, 32, 32),
                "text": torch.zeros(2, 8, dtype=torch.long),
            },
            "polymnist": {f"m{m}": torch.zeros(2, 3, 14, 14) for m in range(5)},
            "faces": {
                "image": torch.zeros(2, 3, 64, 64),
                "text": torch.zeros(2, 256, dtype=torch.long),
            },
        }
        self.batch = Batch(zeros[family])

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self.batch[index]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_method_can_be_built_and_judged_by_its_objective(experiment):
    for run in runs_of(experiment, "smoke"):
        data = Tuples(run.family)
        model = build_model(run, data)
        assert isinstance(model, SplitVAE if run.settings.private_dim else MultimodalVAE)
        value = build_objective(run, data)(model, data[:2])
        assert value.shape == (2,)
        assert value.isfinite().all()


def test_unimodal_models_share_nothing():
    run = Run("polymnist_beta", "smoke", "unimodal", 0, value=0.3)
    settings = run.settings
    assert (settings.shared_dim, settings.private_dim, settings.beta) == (0, 32, 0.3)


def test_runs_have_different_names_and_digests():
    runs = [run for name in EXPERIMENTS for run in runs_of(name, "cpu")]
    assert len({run.name for run in runs}) == len({run.digest for run in runs}) == len(runs)


def test_stored_weights_give_the_same_model_and_judges(tmp_path, monkeypatch):
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path / "data"))
    tiny = replace(preset("mst", "smoke"), epochs=1, classifier_epochs=1, train_examples=64)
    monkeypatch.setitem(EXPERIMENTS["mst"].presets, "smoke", tiny)
    run = Run("mst", "smoke", "mopoe", 0)
    train = load_data(run, "train")
    store_weights(run, train, tmp_path)
    trained, judges = trained_model(run, train)[0], trained_classifiers(run, train, run_folder())
    wslbook.set_seed(5)
    read, read_judges = load_weights(run, train[:1], tmp_path)
    pairs = [(read, trained), *((read_judges[name], judges[name]) for name in judges)]
    for found, wanted in pairs:
        assert not found.training
        torch.testing.assert_close(found.state_dict(), wanted.state_dict(), rtol=0, atol=0)
    monkeypatch.setitem(EXPERIMENTS["mst"].presets, "smoke", replace(tiny, beta=1.0))
    with pytest.raises(ValueError, match="trained with other settings than mst-smoke-mopoe-seed0"):
        load_weights(run, train[:1], tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no weights of mst-smoke-poe-seed0 in"):
        load_weights(Run("mst", "smoke", "poe", 0), train[:1], tmp_path)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"experiment: expected one of mst, .*got 'mts'"):
        Run("mts", "cpu", "poe", 0)
    with pytest.raises(ValueError, match="method: expected one of poe, moe, mopoe, got 'unimodal'"):
        Run("mst", "cpu", "unimodal", 0)
    with pytest.raises(ValueError, match="source: expected one of offline, real"):
        Run("mst", "cpu", "poe", 0, source="other")


def result(run, value, data="drawn"):
    known = thesis_tables()
    numbers = {
        entry["metric"]: dict.fromkeys(entry["columns"].values(), value)
        for entry in known.values()
        if entry["experiment"] == run.experiment
    }
    return {"config": run.config, "data": data, "numbers": numbers}


def test_tables_average_over_seeds(tmp_path):
    for run, value in zip(runs_of("mst", "cpu", methods=["poe"]), (0.2, 0.4, 0.9), strict=True):
        write_result(tmp_path / f"{run.name}.json", result(run, value))
    shown = table("3.1", results=tmp_path)
    assert set(shown.ours) == {"poe"}
    assert shown.ours["poe"][0].mean == pytest.approx(0.5)
    assert shown.ours["poe"][0].std == pytest.approx((0.13) ** 0.5)
    assert shown.thesis["mopoe"][1].mean == 0.82
    assert "preset cpu on drawn, runs a method: 3" in shown.caption
    assert "| PoE | ours | 0.50 ± 0.36 |" in shown.markdown()
    assert re.search(r"MoE\s+thesis\s+0\.96 ± 0\.00", str(shown))


def test_tables_do_not_mix_sources(tmp_path):
    first, second, _ = runs_of("mst", "cpu", methods=["poe"])
    write_result(tmp_path / f"{first.name}.json", result(first, 0.2))
    write_result(tmp_path / f"{second.name}.json", result(second, 0.2, data="photographed"))
    with pytest.raises(ValueError, match="different data \\(drawn; photographed\\)"):
        table("3.1", results=tmp_path)


def test_tables_need_results(tmp_path):
    with pytest.raises(FileNotFoundError, match="wslbook run mst --preset cpu"):
        table("3.1", results=tmp_path)
    with pytest.raises(ValueError, match=r"number: expected one of 3\.1"):
        table("3.2", results=tmp_path)


@pytest.mark.parametrize("change", [{"source": "real"}, {"seed": 1}])
def test_a_result_of_another_run_is_not_overwritten(tmp_path, change):
    run = Run("mst", "cpu", "poe", 0)
    write_result(tmp_path / f"{run.name}.json", result(replace(run, **change), 0.2))
    with pytest.raises(ValueError, match=f"was written with {next(iter(change))} = .*--results"):
        read_finished(run, tmp_path)


@pytest.mark.parametrize("number", thesis_tables())
def test_the_thesis_tables_are_complete(number):
    entry = thesis_tables()[number]
    assert entry["experiment"] in EXPERIMENTS
    assert set(entry["thesis"]) == {"poe", "moe", "mopoe"}
    for row in entry["thesis"].values():
        assert len(row) == len(entry["columns"])
        assert all(len(pair) == 2 for pair in row)


@pytest.mark.parametrize("number", thesis_tables())
def test_the_thesis_tables_ask_for_what_is_measured(number):
    entry = thesis_tables()[number]
    measures = preset(entry["experiment"], "cpu").measures
    assert entry["metric"] in measures


def test_results_of_this_repository_have_provenance():
    from pathlib import Path

    for path in Path(__file__).parents[1].glob("results/*-seed*.json"):
        stored = json.loads(path.read_text())
        config = stored["config"]
        run = Run(**{k: v for k, v in config.items() if k != "settings"})
        assert run.config == config, f"{path.name} is of other settings than the preset's"
        assert path.stem == run.name
        assert set(stored["versions"]) == {"python", "torch", "wslbook"}
        assert stored["data"]


def test_by_size_averages_over_subsets_of_equal_size():
    values = {"a<-b": 0.25, "a<-c": 0.75, "a<-b,c": 1.0}
    assert by_size(values) == {1: 0.5, 2: 1.0}


def test_the_word_judge_reads_words_at_every_place():
    from torch.distributions import Categorical, Independent

    from wslbook.datasets.words import encode

    strings = encode(["one     ", "     one", " seven  "], 8)
    law = Independent(Categorical(torch.nn.functional.one_hot(strings, 71).double()), 1)
    assert word_judge()(law).mode.tolist() == [1, 1, 7]


SCRIPT = """
import sys
from pathlib import Path
from wslbook.experiments import Run
from wslbook.experiments.run import carry_out
carry_out(Run("polymnist", "smoke", "mopoe", 0), Path(sys.argv[1]))
"""


def start(folder):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, folder / "results"],
        env=os.environ | {"WSLBOOK_DATA": str(folder)},
        stderr=subprocess.PIPE,
    )


def outcome(folder):
    process = start(folder)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors.decode()
    stored = json.loads((folder / "results/polymnist-smoke-mopoe-seed0.json").read_text())
    return {k: stored[k] for k in ("config", "data", "numbers", "classifiers", "history")}


def kill(folder, pattern):
    """Start a run and kill it without warning as soon as a file of this name is there."""
    process = start(folder)
    deadline = time.monotonic() + 600
    while not list(folder.glob(pattern)) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stderr.close()


def test_a_run_survives_kills_at_several_moments(tmp_path):
    expected = outcome(tmp_path / "whole")
    killed = tmp_path / "killed"
    killed.mkdir()
    for moment in ("runs/classifier-*m0*", "runs/classifier-*m3*", "runs/polymnist-*"):
        kill(killed, moment)
    assert not list(killed.glob("results/*.json"))
    assert outcome(killed) == expected
    before = (killed / "results/polymnist-smoke-mopoe-seed0.json").stat().st_mtime_ns
    outcome(killed)  # nothing is done twice
    assert (killed / "results/polymnist-smoke-mopoe-seed0.json").stat().st_mtime_ns == before


def test_load_results_gives_the_runs_in_order(tmp_path):
    for run in runs_of("mst", "cpu", methods=["moe", "poe"]):
        write_result(tmp_path / f"{run.name}.json", result(run, 0.5))
    methods = [r["config"]["method"] for r in load_results("mst", results=tmp_path)]
    assert methods == ["moe"] * 3 + ["poe"] * 3
