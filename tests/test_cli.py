"""The command line, called as a user calls it."""

import json

import pytest

from wslbook.cli import main
from wslbook.experiments import EXPERIMENTS, Run
from wslbook.experiments.results import write_result


def test_list_names_experiments_presets_and_tables(capsys, tmp_path):
    assert main(["list", "--results", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for name in (*EXPERIMENTS, "smoke", "cpu", "paper", "3.1", "4.12", str(tmp_path)):
        assert name in printed
    assert "0 of 9 runs" in printed


def test_run_and_table(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path / "data"))
    run = ["run", "polymnist", "--preset", "smoke", "--methods", "poe", "moe", "--jobs", "2"]
    assert main([*run, "--results", str(tmp_path)]) == 0
    printed = capsys.readouterr().out.split()
    assert [path.rpartition("/")[2] for path in printed] == [
        "polymnist-smoke-poe-seed0.json",
        "polymnist-smoke-moe-seed0.json",
    ]
    stored = json.loads((tmp_path / "polymnist-smoke-moe-seed0.json").read_text())
    assert len(stored["numbers"]["probe"]) == 31
    assert len(stored["numbers"]["coherence"]) == sum((5, 10, 10, 5)[i] * (4 - i) for i in range(4))
    assert stored["seconds"]["training"] > 0


def test_errors_are_one_line(capsys, tmp_path):
    assert main(["table", "3.1", "--results", str(tmp_path)]) == 1
    assert main(["run", "mst", "--methods", "mean", "--results", str(tmp_path)]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert errors[0].startswith("wslbook: no results of mst")
    assert errors[1] == "wslbook: method: expected one of poe, moe, mopoe, got 'mean'"


def test_a_result_from_other_data_stops_the_run(capsys, tmp_path):
    run = Run("mst", "smoke", "poe", 0, source="real")
    write_result(tmp_path / f"{run.name}.json", {"config": run.config})
    words = ["run", "mst", "--methods", "poe", "--results", str(tmp_path)]
    assert main(words) == 1
    assert "source = 'real' (now 'offline')" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["run", "nothing"], ["table", "9.9"]])
def test_usage_errors_name_what_is_allowed(words, capsys):
    with pytest.raises(SystemExit):
        main(words)
    assert "usage: wslbook" in capsys.readouterr().err
