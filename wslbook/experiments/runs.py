"""One run: an experiment with one preset, one method, one seed and one source of data."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

from wslbook.datasets.batch import check_choice
from wslbook.experiments.presets import EXPERIMENTS, Preset, preset

__all__ = ["Run", "runs_of"]


@dataclass(frozen=True)
class Run:
    """What distinguishes a run from all others; its file is named after it.

    Args:
        experiment: a key of :data:`.EXPERIMENTS`.
        preset: ``"smoke"``, ``"cpu"`` or ``"paper"``.
        method: how the experts are combined.
        seed: of all random numbers of training.
        source: of the data, ``"offline"`` or ``"real"``.
        value: of the preset's swept setting, where it sweeps one.

    Raises:
        ValueError: if a name is unknown.

    Example:
        >>> Run("mst", "cpu", "mopoe", seed=0).name
        'mst-cpu-mopoe-seed0'
        >>> Run("polymnist_beta", "cpu", "poe", seed=0, value=0.3).name
        'polymnist_beta-cpu-poe-beta0.3-seed0'
    """

    experiment: str
    preset: str
    method: str
    seed: int
    source: str = "offline"
    value: float | None = None

    def __post_init__(self) -> None:
        preset(self.experiment, self.preset)
        check_choice("method", self.method, EXPERIMENTS[self.experiment].methods)
        check_choice("source", self.source, ("offline", "real"))

    @property
    def family(self) -> str:
        """The data the experiment is about."""
        return EXPERIMENTS[self.experiment].family

    @property
    def settings(self) -> Preset:
        """The preset with the swept value in its place; unimodal models share no dimension."""
        settings = preset(self.experiment, self.preset)
        changes = {} if settings.sweep is None else {settings.sweep[0]: self.value}
        if self.method == "unimodal":
            changes |= {"shared_dim": 0, "measures": ("log_likelihood_alone",)}
        shared = changes.get("shared_dim", settings.shared_dim)
        # d_s + d_m stays what it was
        private = settings.shared_dim + settings.private_dim - shared
        return replace(settings, **changes | {"private_dim": private})

    @property
    def name(self) -> str:
        """The name of the run's files, without their ending."""
        sweep = preset(self.experiment, self.preset).sweep
        swept = "" if sweep is None else f"-{sweep[0].removesuffix('_dim')}{self.value:g}"
        return f"{self.experiment}-{self.preset}-{self.method}{swept}-seed{self.seed}"

    @property
    def config(self) -> dict[str, Any]:
        """All that decides the run's numbers, as JSON stores it."""
        settings = asdict(self.settings)
        del settings["seeds"], settings["sweep"]
        return json.loads(json.dumps(asdict(self) | {"settings": settings | {"source": None}}))

    @property
    def digest(self) -> str:
        """A short name of the configuration, for files that must not be mixed up."""
        return hashlib.sha256(json.dumps(self.config).encode()).hexdigest()[:12]


def runs_of(
    experiment: str,
    preset_name: str,
    *,
    methods: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    source: str | None = None,
) -> list[Run]:
    """List the runs of an experiment, seed by seed.

    Args:
        experiment: a key of :data:`.EXPERIMENTS`.
        preset_name: ``"smoke"``, ``"cpu"`` or ``"paper"``.
        methods: how the experts are combined; the experiment's by default.
        seeds: the preset's by default.
        source: of the data; the preset's by default.

    Returns:
        The runs; the swept values, where there are some, change fastest.

    Raises:
        ValueError: if a name is unknown.

    Example:
        >>> [run.name for run in runs_of("mst", "smoke")]
        ['mst-smoke-poe-seed0', 'mst-smoke-moe-seed0', 'mst-smoke-mopoe-seed0']
    """
    settings = preset(experiment, preset_name)
    values = (None,) if settings.sweep is None else settings.sweep[1]
    chosen = product(
        settings.seeds if seeds is None else seeds,
        EXPERIMENTS[experiment].methods if methods is None else methods,
        values,
    )
    where = settings.source if source is None else source
    return [Run(experiment, preset_name, m, s, where, value) for s, m, value in chosen]
