"""Answers of chapter 11."""

import math

from wslbook.exercises.check import Exercise


def _price(V: float, share: float, generated: float | None = None) -> float:
    t = max(1.0, share * V) if generated is None else generated
    return 0.5 * (math.log(t / V) + share * V / t + (1 - share) * V - 1)


def _collapsed(V: float, share: float) -> float:
    return _price(V, share, generated=1.0)


def _never_collapsed(V: float, share: float) -> float:
    return _price(V, share, generated=share * V)


def _true_decoder(V: float, share: float) -> float:
    return _price(V, share, generated=V)


def _shares(M: int) -> tuple[float, float, float]:
    return 1.0, 1 - (2 ** (M - 2) - 1) / (2**M - 1), 2 / M


def _shares_of_one(M: int) -> tuple[float, float, float]:
    return 1.0, 2 ** (M - 1) / (2**M - 1), 1 / M


def _shares_with_the_empty_set(M: int) -> tuple[float, float, float]:
    return 1.0, 1 - 2 ** (M - 2) / (2**M - 1), 2 / M


def _variance_over_subsets(M: int, shared: float, private: float) -> float:
    """Return the variance of the objective over all subsets of the world of two coordinates."""
    a2, V, S = 4**shared - 1, 4**private, 1 + M * (4**shared - 1)
    weights = {k: math.comb(M, k) / (2**M - 1) for k in range(1, M + 1)}
    open_ = {k: (M - k + (M - k) ** 2 * a2 / (1 + k * a2)) / M for k in weights}
    t = max(1.0, sum(w * k for k, w in weights.items()) / M * V)
    T = max(1.0, S - sum(w * open_[k] for k, w in weights.items()))
    # all that depends on the size: (1 - 1/t) V for each private entry, (1 - 1/T) along 1
    loss = {k: 0.5 * ((1 - 1 / t) * (M - k) * V + (1 - 1 / T) * open_[k]) for k in weights}
    mean = sum(w * loss[k] for k, w in weights.items())
    return sum(w * (loss[k] - mean) ** 2 for k, w in weights.items())


_VARIANCE = _variance_over_subsets(10, 1.0, 1.5)

EXERCISES = {
    "11.1": Exercise(
        task="Hand in a number of bits.",
        expected=math.log(5, 4),
        tolerance=0.03,
        mistakes=(
            (math.log2(5), "V is 4 to the power of the bits, not 2."),
            (math.log(31 / 16, 4), "That is where MoPoE begins."),
            (math.log(5) / 2, "That is in nats."),
        ),
    ),
    "11.2": Exercise(
        task="Hand in a function of V and share.",
        expected=_price,
        tolerance=1e-6,
        inputs=((8.0, 0.2), (8.0, 16 / 31), (3.0, 0.2), (2.0, 1.0)),
        mistakes=(
            (_collapsed, "This decoder never generates the entry; it is best if share V <= 1."),
            (_never_collapsed, "A generated variance cannot fall below that of the noise."),
            (_true_decoder, "This is the price with the true decoder; a smaller gain is better."),
            (lambda V, share: -_price(V, share), "The price is how far below the evidence it is."),
        ),
    ),
    "11.3": Exercise(
        task="Hand in a number of nats.",
        expected=math.log(2) / 3,
        tolerance=1e-3,
        mistakes=(
            (1 / 3, "This is in bits."),
            (math.log(2), "This is the first term; average over the three subsets."),
            (5 * math.log(2) / 3, "Subtract the joint entropy of what is missing."),
            (4 * math.log(2) / 3, "That is the average entropy of what is missing."),
        ),
    ),
    "11.4": Exercise(
        task="Hand in a whole number.",
        expected=math.ceil(_VARIANCE),
        tolerance=0.5,
        mistakes=(
            (math.ceil(math.sqrt(_VARIANCE)), "The deviation falls with the root of the number."),
            (math.floor(_VARIANCE), "With one fewer the deviation is still above 1."),
        ),
    ),
    "11.5": Exercise(
        task="Hand in a function of M that returns the triple (PoE, MoPoE, MoE).",
        expected=_shares,
        tolerance=1e-6,
        inputs=((2,), (3,), (5,), (10,)),
        mistakes=(
            (_shares_of_one, "These are the shares of a cause that one modality sees."),
            (_shares_with_the_empty_set, "The empty set is no subset of MoPoE."),
        ),
    ),
}
