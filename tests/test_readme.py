"""The README's example runs as it is printed."""

import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(code.replace("epochs=5", "epochs=2"), names)
    assert names["history"][1] > names["history"][0]
    assert (tmp_path / "vae.safetensors").exists()
