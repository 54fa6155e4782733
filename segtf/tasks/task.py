"""The contract of a task: a record of pure functions that trainings, answers and exports call.

A task has no loop, and reads and writes nothing. CONTRIBUTING, "A task", says how to add one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class HeadText(NamedTuple):
    """What the float32 numbers `(B, H, W, channels)` of a head say.

    Args:
        names: what each channel tells, such as the names of the classes.
        activation: what makes probabilities of its numbers, ``sigmoid`` or ``softmax``.
        meaning: a sentence for people: what the numbers tell and how they decide.
    """

    names: tuple[str, ...]
    activation: str
    meaning: str


@dataclass(frozen=True)
class Task:
    """What is annotated, what a network says, how that is trained, and what it means.

    A dict of outputs is one of head name to float32 tensor, of one image `(H, W, K)` or of a batch.

    Args:
        name: of the task, as in ``semantic``.
        heads: function of a `ModelSpec` that returns a dict of name to `segtf.models.Head`.
        texts: function of a `ModelSpec` that returns a dict of head name to `HeadText`.
        needs: names of the parts of a `segtf.data.Annotation` that it is trained on.
        targets: function of an `Annotation`, tensors of a batch as augmentation leaves them, and a
            `ModelSpec`, that returns what the loss compares the model's output with.
        check: function of the data of a training, a `LabelMap`, a `TrainConfig` and `on_message`,
            called with lines of text. It returns the `TrainConfig`, with another `monitor` where
            the held-out images cannot tell an epoch by that one, and raises a `ValueError` where
            there is nothing to learn.
        objective: function of the same that returns the loss and the metric of `model.compile`, or
            a dict of each by the names of several heads.
        settle: function of a function that opens the trained `keras.Model`, validation batches of
            images and masks, the `ModelSpec` and `on_message`. It returns the `ModelSpec` with what
            is chosen after a training, such as the threshold.
        per_pixel: name to function of a dict of outputs and a `ModelSpec`, both of the model's own
            size, that returns a tensor: the answers that an exported model gives besides its heads.
        decided: which of `per_pixel` is what a model says that has decided already, uint8, such as
            one in full int8.
        names: function of a `LabelMap` that returns the names of what an answer tells, in the order
            of its ``coverage``.
        decode: function of the dict of outputs of one image at the model's size, height and width
            of the image, and a `ModelSpec`, that returns the answer at the image's size: a record
            with a ``mask``, uint8 `(H, W)` or, where classes overlap, `(H, W, K)`; a ``coverage``,
            the share of the pixels of each of `names`; and a ``confidence``, or `None`. The same
            in Python and in the graph of an exported model.
        chances: function of logits in place of the outputs, and of the same, that returns the
            probabilities `(H, W, K)` at the image's size.
        scores: function of a `LabelMap` and `with_outlines` that returns an accumulator: its
            ``add(id, truth, prediction)`` takes each image, then ``measured()`` gives the
            `segtf.tasks.measured.Measured`, and ``scores()`` its `scores` alone.
        scores_of: function of ids and of true positive, false positive and false negative pixels
            `(N, K)` that returns such scores again, as a report keeps them.
        titles: function of the names of the classes that are counted that returns the keys of the
            metrics that sum up an evaluation, in order, with what people call them.
        notes: function of these names that returns how those are made, as sentences.
        thresholds: function of a `ModelSpec` that returns the names of the classes that a threshold
            decides for, with it; empty where none does.
        summary: function of a `Measured` and a `ModelSpec` that returns a dict for JSON of what an
            evaluation says besides what it says of any task.
        pictures: function of an image, truth, answer and `LabelMap` that returns title to uint8
            RGB picture; without a truth (`None`) those that need none, ``prediction`` among them.
    """

    name: str
    heads: Callable
    texts: Callable
    needs: tuple[str, ...]
    targets: Callable
    check: Callable
    objective: Callable
    settle: Callable
    per_pixel: Mapping[str, Callable]
    decided: str
    names: Callable
    decode: Callable
    chances: Callable
    scores: Callable
    scores_of: Callable
    titles: Callable
    notes: Callable
    thresholds: Callable
    summary: Callable
    pictures: Callable

    def channels(self, spec):
        """Return the number of channels of the one head of a model, of its `ModelSpec`."""
        (head,) = self.heads(spec).values()
        return head.channels
