"""What is measured of a trained model, under keys that stay the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

from wslbook.datasets.batch import Examples
from wslbook.datasets.words import DIGIT_WORDS, shifted_words
from wslbook.experiments.presets import Preset
from wslbook.metrics import (
    TemplateClassifier,
    attribute_probe,
    average_precision,
    conditional_coherence,
    encode,
    linear_probe,
    random_coherence,
    representative,
    subset_log_likelihood,
)
from wslbook.metrics.subsets import chunks
from wslbook.objectives import iwae

__all__ = ["MEASURES", "Trial", "by_size", "evaluate", "word_judge"]


@dataclass(frozen=True)
class Trial:
    """A trained model in evaluation mode, and what it is judged with.

    Args:
        model: to be judged.
        train: its first tuples fit the linear probe.
        test: what everything else is measured on.
        classifiers: by modality, for coherence and for the features of precision-recall.
        settings: numbers of examples and draws, and the names of the measures.
    """

    model: nn.Module
    train: Examples
    test: Examples
    classifiers: Mapping[str, nn.Module]
    settings: Preset

    @property
    def subsets(self) -> list[tuple[str, ...]]:
        """The sets of given modalities that the settings ask for, small ones first."""
        names = self.model.modalities
        sizes = self.settings.subset_sizes or range(1, len(names) + 1)
        return [given for size in sizes for given in combinations(names, size)]

    @property
    def proper_subsets(self) -> list[tuple[str, ...]]:
        """Those that leave something to generate."""
        return [given for given in self.subsets if len(given) < len(self.model.modalities)]


def evaluate(trial: Trial) -> dict[str, Any]:
    """Measure a model.

    Args:
        trial: the model, and what to measure.

    Returns:
        For each measure its values, with keys such as ``"mnist,svhn"`` for a subset and
        ``"text<-mnist,svhn"`` for what is generated from it.
    """
    return {name: MEASURES[name](trial) for name in trial.settings.measures}


def _probe(trial: Trial) -> dict[str, float]:
    few = trial.train[: trial.settings.probe_examples]
    labels = torch.cat([b.labels for b in chunks(trial.model, trial.test, 500)])
    score = linear_probe if labels.dim() == 1 else attribute_probe
    return {
        ",".join(given): score(
            encode(trial.model, few, given),
            few.labels,
            encode(trial.model, trial.test, given),
            labels,
        )
        for given in trial.subsets
    }


def _coherence(trial: Trial) -> dict[str, float]:
    return _conditional(trial, trial.proper_subsets, trial.classifiers)


def _text_word(trial: Trial) -> dict[str, float]:
    """Coherence of the words, whatever their place in the string."""
    judges = {**trial.classifiers, "text": word_judge()}
    blind = [given for given in trial.proper_subsets if "text" not in given]
    values = _conditional(trial, blind, judges)
    return {key: value for key, value in values.items() if key.startswith("text<-")}


def _conditional(
    trial: Trial, subsets: list[tuple[str, ...]], classifiers: Mapping[str, nn.Module]
) -> dict[str, float]:
    return {
        f"{target}<-{','.join(given)}": value
        for given in subsets
        for target, value in conditional_coherence(
            trial.model, trial.test, given, classifiers
        ).items()
    }


def _random(trial: Trial) -> float:
    return random_coherence(trial.model, trial.classifiers, trial.settings.generated_examples)


def _random_word(trial: Trial) -> float:
    judges = {**trial.classifiers, "text": word_judge()}
    return random_coherence(trial.model, judges, trial.settings.generated_examples)


def _log_likelihood(trial: Trial) -> dict[str, float]:
    draws, some = trial.settings.importance_samples, trial.settings.likelihood_examples
    test = trial.test if some is None else trial.test[:some]
    return {
        ",".join(given): subset_log_likelihood(trial.model, test, given, draws)
        for given in trial.subsets
    }


@torch.no_grad()
def _log_likelihood_alone(trial: Trial) -> dict[str, float]:
    """The log-likelihood of each modality by itself, from its own posterior."""
    draws, some = trial.settings.importance_samples, trial.settings.likelihood_examples
    test = trial.test if some is None else trial.test[:some]
    model, values = trial.model, {}
    for name in model.modalities:
        total = 0.0
        for batch in chunks(model, test, 100):
            present = torch.zeros_like(batch.present)
            present[list(batch.x).index(name)] = True
            total += float(iwae(model, replace(batch, present=present), draws).double().sum())
        values[name] = total / len(test)
    return values


def _precision_recall(trial: Trial) -> dict[str, float]:
    """Average precision of generated images, on the features of their classifiers."""
    test = trial.test[: trial.settings.generated_examples]
    values = {}
    for given in [*trial.proper_subsets, ()]:
        for target, features in _generated_features(trial, test, given).items():
            real = _features(trial.classifiers[target], test.x[target])
            values[f"{target}<-{','.join(given) or 'random'}"] = average_precision(
                real, features, num_runs=trial.settings.clusterings
            )
    return values


@torch.no_grad()
def _generated_features(trial: Trial, test: Any, given: tuple[str, ...]) -> dict[str, Tensor]:
    """Return features of images generated from a subset, or from the prior."""
    model, found = trial.model, {}
    for batch in chunks(model, test, 500):
        if given:
            z = model.subset_posterior(batch, given).sample()
        else:
            z = model.prior.sample((len(batch),))
        for target, p in model.likelihoods(z).items():
            if target not in given and batch.x[target].is_floating_point():
                found.setdefault(target, []).append(
                    _features(trial.classifiers[target], representative(p))
                )
    return {target: torch.cat(parts) for target, parts in found.items()}


@torch.no_grad()
def _features(classifier: nn.Module, x: Tensor) -> Tensor:
    return torch.cat([classifier.trunk(part) for part in x.split(500)])


def word_judge() -> TemplateClassifier:
    """Build the judge of digit words that sums over their places in the string.

    Returns:
        A classifier of laws of strings.
    """
    places = [
        (digit, start) for digit, word in enumerate(DIGIT_WORDS) for start in range(9 - len(word))
    ]
    labels, starts = torch.tensor(places).unbind(1)
    return TemplateClassifier(shifted_words(labels, starts), labels)


def by_size(values: Mapping[str, float]) -> dict[int, float]:
    """Average values over all sets of given modalities of equal size (thesis figure 3.5).

    Args:
        values: by subset, or by target and subset, as in the result files.

    Returns:
        The means, by the number of given modalities.

    Example:
        >>> by_size({"m0": 0.5, "m1": 0.7, "m0,m1": 0.9})
        {1: 0.6, 2: 0.9}
    """
    groups: dict[int, list[float]] = {}
    for key, value in values.items():
        given = key.partition("<-")[2] or key
        groups.setdefault(given.count(",") + 1, []).append(value)
    return {size: fmean(group) for size, group in groups.items()}


MEASURES: dict[str, Callable[[Trial], Any]] = {
    "probe": _probe,
    "coherence": _coherence,
    "coherence_random": _random,
    "text_word": _text_word,
    "random_word": _random_word,
    "log_likelihood": _log_likelihood,
    "log_likelihood_alone": _log_likelihood_alone,
    "precision_recall": _precision_recall,
}
"""What can be measured, by its key in the result files."""
