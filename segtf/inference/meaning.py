"""What the numbers that a model gives mean: logits, probabilities or class ids.

A model of one's own does not say so. Its graph is followed back from the output to the operation
that settles it; the graphs of Keras, TFLite and ONNX are read by modules of their own.
"""

from collections.abc import Callable, Hashable
from typing import NamedTuple

LOGITS, PROBABILITIES, CLASS_IDS, UNCLEAR = "logits", "probabilities", "class ids", "unclear"
OUTPUTS = (LOGITS, PROBABILITIES)
"""What a caller may say that a model gives."""

SCORES, SIGMOID, SOFTMAX, IDS = "scores", "sigmoid", "softmax", "ids"
SAME, BLEND, ARITHMETIC, UNKNOWN = "same", "blend", "arithmetic", "unknown"
_SETTLED = {
    SCORES: LOGITS,
    SIGMOID: PROBABILITIES,
    IDS: CLASS_IDS,
    UNKNOWN: UNCLEAR,
}
_KEPT = {
    SAME: {LOGITS, PROBABILITIES, CLASS_IDS},
    BLEND: {LOGITS, PROBABILITIES},
    ARITHMETIC: {LOGITS},
}


class Step(NamedTuple):
    """The operation that gives a value of a graph.

    Args:
        kind: ``scores`` (a convolution without activation), ``sigmoid``, ``softmax``, ``ids``
            (an argmax or a comparison), ``same`` (a resize, a reshape, a crop), ``blend`` (an
            average, a maximum, a concatenation), ``arithmetic`` (a sum), or ``unknown``.
        inputs: the values that it takes, constants left out.
        axis: axis of a softmax.
        axis_before: function from the axis of the classes in the value to that axis in the
            inputs, or `None` where it is lost; by default it stays where it is.
    """

    kind: str
    inputs: tuple[Hashable, ...] = ()
    axis: int | None = None
    axis_before: Callable | None = None


def find_meaning(value, axis, step_of):
    """Return what a value of a graph means: one of the constants of this module.

    Args:
        value: what `step_of` takes.
        axis: axis of the value along which the classes lie, counted from 0.
        step_of: function from a value, which is hashable, to its `Step`.

    Example:

    >>> steps = {"out": Step(SAME, ("chance",)), "chance": Step(SIGMOID, ("score",))}
    >>> find_meaning("out", 3, steps.get)
    'probabilities'
    """
    seen = {}

    def meaning(value, axis):
        if (value, axis) in seen:
            return seen[value, axis]
        step = step_of(value)
        if step.kind == SOFTMAX:
            found = PROBABILITIES if step.axis == axis else UNCLEAR
        elif step.kind in _SETTLED:
            found = _SETTLED[step.kind]
        else:
            before = axis if None in (axis, step.axis_before) else step.axis_before(axis)
            meanings = {meaning(one, before) for one in step.inputs}
            is_kept = len(meanings) == 1 and meanings <= _KEPT[step.kind]
            found = meanings.pop() if is_kept else UNCLEAR
        seen[value, axis] = found
        return found

    try:
        return meaning(value, axis)
    except RecursionError:
        return UNCLEAR


def reshaped_axis(before, after):
    """Return the `axis_before` of a reshape: the classes stay last where their number does.

    Args:
        before: shape of what is reshaped, empty if not known.
        after: its shape thereafter.
    """

    def axis_before(axis):
        if not before or not after or axis != len(after) - 1:
            return None
        return len(before) - 1 if before[-1] == after[-1] is not None else None

    return axis_before


def not_probabilities(received):
    """Return the error for values that are none, although the caller says so."""
    return ValueError(
        "Expected probabilities, 0..1, as outputs='probabilities' (--outputs) says. "
        f"Received: {received}"
    )
