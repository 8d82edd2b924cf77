"""Measures of models: representations, coherence, effects, likelihood, fidelity, sample tests.

Nothing here trains or switches modes: call ``model.eval()`` before measuring a model with dropout
or batch normalisation. scikit-learn is loaded by the functions that use it.
"""

from wslbook.metrics.attributes import attribute_probe, mean_average_precision
from wslbook.metrics.coherence import conditional_coherence, random_coherence, representative
from wslbook.metrics.effects import effect_matrix
from wslbook.metrics.kolmogorov_smirnov import KolmogorovSmirnov, ks_one_sample, ks_two_sample
from wslbook.metrics.likelihood import subset_log_likelihood
from wslbook.metrics.precision_recall import (
    PrecisionRecall,
    average_precision,
    histogram_precision_recall,
    precision_recall,
)
from wslbook.metrics.probe import encode, linear_probe
from wslbook.metrics.templates import TemplateClassifier

__all__ = [
    "KolmogorovSmirnov",
    "PrecisionRecall",
    "TemplateClassifier",
    "attribute_probe",
    "average_precision",
    "conditional_coherence",
    "effect_matrix",
    "encode",
    "histogram_precision_recall",
    "ks_one_sample",
    "ks_two_sample",
    "linear_probe",
    "mean_average_precision",
    "precision_recall",
    "random_coherence",
    "representative",
    "subset_log_likelihood",
]
