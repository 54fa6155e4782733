"""Several predictors on the same images: do they say the same, and how right are they?"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from segtf.data.decode import read_image
from segtf.inference.heads import of_image
from segtf.inference.truth import read_truth
from segtf.signatures import LOGITS
from segtf.tasks.choice import task_of

SHOWN_CASES = 4


@dataclass(frozen=True)
class Example:
    """An image to compare predictors on.

    Args:
        name: how it is called in pictures.
        image: uint8 `(H, W, C)`.
        truth: what a right answer says, as its mask does: uint8 `(H, W)` of class ids, or of each
            class whether it is there `(H, W, K)`; or `None`.
    """

    name: str
    image: np.ndarray
    truth: np.ndarray | None = None


@dataclass(frozen=True)
class Case:
    """An example with the masks that the predictors gave, the first being the reference's."""

    example: Example
    masks: tuple[np.ndarray, ...]
    agreement: float


@dataclass(frozen=True)
class Figures:
    """One predictor against the first.

    Args:
        agreement: share of the pixels, 0..1, that have the class that the first gives them.
        max_difference: largest difference of a logit; `None` where class ids come out, or the two
            do not work at one size.
        mean_iou: as `segtf evaluate` gives it; `None` without labels, or if all are ignored.
    """

    agreement: float
    max_difference: float | None
    mean_iou: float | None


@dataclass(frozen=True)
class SideBySide:
    """What `side_by_side` found.

    Args:
        figures: `Figures` of each predictor.
        images: number of images.
        labelled: number of those with labels.
        cases: the `Case`s of least agreement, at most `SHOWN_CASES`.
    """

    figures: tuple[Figures, ...]
    images: int
    labelled: int
    cases: tuple[Case, ...]


def examples_of(source, spec) -> Iterable[Example]:
    """Decode the samples of a source one after the other."""
    for sample in source.samples:
        yield Example(sample.id, *read_truth(sample, spec))


def unlabelled_examples(images, channels) -> Iterable[Example]:
    """Decode images (paths, bytes, PIL images or uint8 arrays) one after the other."""
    for index, image in enumerate(images):
        yield Example(f"image {index}", read_image(image, channels))


def side_by_side(predictors, examples):
    """Call predictors on the same images.

    Agreement is measured on masks at the images' own sizes; with a predictor that gives class ids
    at the size of the first, at that size, where it decides.

    Args:
        predictors: `Predictor`s of the same number of classes; the first is the reference.
        examples: iterable of `Example`s; either all or none have a truth.

    Returns:
        A `SideBySide`.
    """
    reference = predictors[0]
    tallies = [task_of(one.spec).scores(one.spec.labels, with_outlines=False) for one in predictors]
    equal, pixels = np.zeros(len(predictors), np.int64), np.zeros(len(predictors), np.int64)
    differences = [None] * len(predictors)
    images, labelled, cases = 0, 0, []
    for example in examples:
        canvases = [one.canvas(example.image)[np.newaxis] for one in predictors]
        outputs = [
            of_image(one.backend(canvas), 0)
            for one, canvas in zip(predictors, canvases, strict=True)
        ]
        predictions = [
            one.prediction(output, example.image.shape[:2])
            for one, output in zip(predictors, outputs, strict=True)
        ]
        for place, predictor in enumerate(predictors):
            same = _same_pixels(reference, predictor, outputs, predictions, place)
            equal[place] += np.count_nonzero(same)
            pixels[place] += same.size
            difference = _difference(reference, predictor, outputs, place)
            if difference is not None:
                differences[place] = max(difference, differences[place] or 0.0)
            if example.truth is not None:
                tallies[place].add(example.name, example.truth, predictions[place])
        masks = tuple(prediction.mask for prediction in predictions)
        agreement = min(float((masks[0] == mask).mean()) for mask in masks)
        cases = sorted([*cases, Case(example, masks, agreement)], key=lambda one: one.agreement)
        cases = cases[:SHOWN_CASES]
        images, labelled = images + 1, labelled + (example.truth is not None)
    means = [_mean_iou(tally) if labelled else None for tally in tallies]
    shares = (equal / pixels).tolist()
    figures = tuple(map(Figures, shares, differences, means))
    return SideBySide(figures, images, labelled, tuple(cases))


def _mean_iou(tally):
    mean_iou = tally.scores().summary()["mean_iou"]
    return None if np.isnan(mean_iou) else mean_iou


def _comparable(reference, predictor):
    """Whether what comes out of the two models lies on the same canvas."""
    one, other = reference.spec, predictor.spec
    same_canvas = (one.size, one.resize) == (other.size, other.resize)
    return same_canvas and LOGITS in reference.backend.heads


def _difference(reference, predictor, outputs, place):
    """The largest difference of a logit in one image, `None` where there is none to look at."""
    if LOGITS not in outputs[place] or not _comparable(reference, predictor):
        return None
    return float(np.abs(outputs[0][LOGITS] - outputs[place][LOGITS]).max(initial=0.0))


def _same_pixels(reference, predictor, outputs, predictions, place):
    task = task_of(reference.spec)
    if task.decided in outputs[place] and _comparable(reference, predictor):
        decide = task.per_pixel[task.decided]
        decided = decide({LOGITS: tf.constant(outputs[0][LOGITS])}, reference.spec)
        return decided.numpy() == outputs[place][task.decided]
    return predictions[0].mask == predictions[place].mask
