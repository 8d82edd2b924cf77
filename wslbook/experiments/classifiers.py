"""The classifiers that judge coherence: one a modality, trained once and kept."""

import hashlib
import json
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

import wslbook
from wslbook.datasets.batch import Batch, Examples
from wslbook.experiments.build import Networks, build_networks
from wslbook.experiments.runs import Run
from wslbook.metrics import mean_average_precision
from wslbook.networks import AttributeClassifier, Classifier
from wslbook.training import fit

__all__ = ["build_classifier", "classifier_scores", "trained_classifiers"]

SETTINGS = {"batch_size": 128, "learning_rate": 1e-3}


def trained_classifiers(run: Run, train: Examples, folder: Path) -> dict[str, nn.Module]:
    """Train a classifier for every modality, or load those of another run on the same data.

    Each has the encoder's trunk, as in the thesis (section 3.3.3.2); all seeds and methods share
    them.

    Args:
        run: tells the networks and the data.
        train: what to train on.
        folder: where trained classifiers are kept.

    Returns:
        Classifiers in evaluation mode, by modality, on the fastest device.
    """
    classifiers = {}
    for name, networks in build_networks(run, train).items():
        wslbook.set_seed(0)
        classifier = build_classifier(networks, train[:1].labels)
        fit(
            classifier.to(wslbook.default_device()),
            partial(_log_probability, name=name),
            train,
            epochs=run.settings.classifier_epochs,
            checkpoint=folder / f"classifier-{run.family}-{name}-{_digest(run)}.safetensors",
            **SETTINGS,
        )
        classifiers[name] = classifier.eval()
    return classifiers


def build_classifier(networks: Networks, labels: Tensor) -> nn.Module:
    """Build the classifier of a modality with fresh random weights.

    Args:
        networks: those of the modality.
        labels: some labels of the data: one class, or several attributes, an example.

    Returns:
        The classifier.
    """
    encoder = networks.encoder(1)
    if labels.dim() == 1:
        return Classifier(encoder.trunk, encoder.features, num_classes=10)
    return AttributeClassifier(encoder.trunk, encoder.features, num_attributes=labels.shape[1])


def _log_probability(classifier: nn.Module, batch: Batch, name: str) -> Tensor:
    law = classifier(batch.x[name])
    # Bernoulli laws take their 0 and 1 as real numbers
    labels = batch.labels.to(law.mean) if law.event_shape else batch.labels
    return law.log_prob(labels)


def _digest(run: Run) -> str:
    """Name what decides the classifiers: the data, their amount, the networks, the training."""
    s = run.settings
    what = [run.source, s.data, s.networks, s.train_examples, s.classifier_epochs, SETTINGS]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]


@torch.no_grad()
def classifier_scores(classifiers: dict[str, nn.Module], test: Examples) -> dict[str, float]:
    """Score the classifiers on real test data: no coherence above it can be measured.

    Args:
        classifiers: by modality.
        test: labelled examples.

    Returns:
        Accuracies, or mean average precisions over attributes, by modality.
    """
    return {name: _score(classifier, name, test) for name, classifier in classifiers.items()}


def _score(classifier: nn.Module, name: str, test: Examples) -> float:
    here = next(classifier.parameters()).device
    batches = [test[i : i + 500].to(here) for i in range(0, len(test), 500)]
    laws = [classifier(batch.x[name]) for batch in batches]
    labels = torch.cat([batch.labels for batch in batches])
    if labels.dim() == 1:
        return float((torch.cat([law.mode for law in laws]) == labels).double().mean())
    return mean_average_precision(torch.cat([law.mean for law in laws]), labels)
