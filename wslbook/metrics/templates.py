"""Reading a word from a law of strings."""

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Independent

from wslbook.typing import Int

__all__ = ["TemplateClassifier"]


class TemplateClassifier(nn.Module):
    r"""Recognise a class of strings from the probabilities of their characters.

    .. math:: p(c \mid z) \propto \frac{1}{|T_c|} \sum_{t \in T_c} p(x = t \mid z)

    T_c are the strings that mean class c: a word at each place where it may start. A decoder that
    knows the word but not its place gives every character the mixture over the places. The most
    probable character of each position then spells nothing (``eee`` for three), and a classifier of
    strings fails although the word is known. Here the place is summed out, exactly.

    Unlike other classifiers it takes the law of the string, not the string.

    Args:
        templates: all valid strings, as character indices, ``[_, item]``.
        classes: what each of them means; 0, ..., C - 1 all occur, ``[_]``.

    Raises:
        ValueError: if the lengths differ or a class has no template.

    Example:
        >>> # "ab" at two places is class 0, "ba" class 1; characters are " ab"
        >>> strings = torch.tensor([[1, 2, 0], [0, 1, 2], [2, 1, 0], [0, 2, 1]])
        >>> judge = TemplateClassifier(strings, torch.tensor([0, 0, 1, 1]))
        >>> blurred = torch.tensor([[[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5]]])
        >>> judge(Independent(Categorical(probs=blurred), 1)).probs
        tensor([[1., 0.]])

    Derived in: notebooks/10
    """

    def __init__(self, templates: Int[Tensor, "_ item"], classes: Int[Tensor, " _"]) -> None:
        super().__init__()
        if len(templates) != len(classes) or not len(classes):
            raise ValueError(
                f"classes: expected one for each of {len(templates)} templates, got {len(classes)}"
            )
        counts = classes.bincount()
        if not counts.all():
            raise ValueError(f"classes: expected all of 0 to {len(counts) - 1}, got {classes}")
        member = classes == torch.arange(len(counts), device=classes.device)[:, None]
        # log (1 / |T_c|) for the members, log 0 for the others
        weights = -counts[:, None].to(torch.get_default_dtype()).log().expand(member.shape)
        self.register_buffer("templates", templates)
        self.register_buffer("log_weights", weights.masked_fill(~member, -torch.inf))

    def forward(self, p: Independent) -> Categorical:
        """Return p(class | z), batch ``[batch]``, for the law p(x | z) of strings ``[item]``."""
        log_p = p.log_prob(self.templates[:, None])
        joint = log_p.T[:, None] + self.log_weights
        return Categorical(logits=joint.logsumexp(-1))
