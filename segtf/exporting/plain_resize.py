"""Models for programs that shrink images plainly, as MediaPipe and Android do.

Such a program reads two pixels on each axis, however many lie between, and a network that was
trained on images shrunk with antialiasing sees noise. A model that asks for twice the size has
half as much, or a tenth, left to the program; the rest it does itself, with the filter that
training used. What comes out is twice the size as well, so that all else stays as it is.
"""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from segtf.comparing.side_by_side import side_by_side
from segtf.compat import called_anew
from segtf.data.decode import read_image
from segtf.exporting.parity import ExportError
from segtf.exporting.tflite.convert import VARIANTS
from segtf.geometry import place
from segtf.inference.formats.keras_model import KerasBackend
from segtf.inference.predictor import Predictor
from segtf.models.blocks import image_input

RESIZES = ("antialiased", "plain")
_TIMES = 2
_TAPS = np.array([1, 3, 3, 1], np.float32) / 8
"""The triangle filter that brings two pixels to one."""


class PlainPredictor(Predictor):
    """A predictor that shrinks images as phones do, for what is lost by that."""

    def canvas(self, image):
        """Return the pixels that the model sees: of each axis, two are read for each of them."""
        pixels = read_image(image, self.spec.channels)
        source, target = place(self.spec.resize, pixels.shape[:2], self.spec.size)
        top, left, height, width = source
        part = tf.image.resize(pixels[top : top + height, left : left + width], target[2:])
        top, left, height, width = target
        canvas = np.zeros((*self.spec.size, self.spec.channels), np.uint8)
        canvas[top : top + height, left : left + width] = np.round(part)
        return canvas


def check_resize(for_resize, format, dynamic_size):
    """Check that a model of a format can be made for a way of shrinking images.

    Raises:
        ValueError: for an unknown way; for ``plain`` of another than TFLite's formats, or of any
            size, where no size is twice another.
    """
    if for_resize not in RESIZES:
        raise ValueError(f"Expected for_resize as one of {RESIZES}. Received: {for_resize!r}")
    if for_resize == "antialiased":
        return
    if format not in VARIANTS:
        raise ValueError(
            "Expected a file for images that are shrunk plainly as one of TFLite's formats, "
            f"{tuple(VARIANTS)}. Received: format={format!r}"
        )
    if dynamic_size:
        raise ValueError(
            "Expected a file for images that are shrunk plainly to be of one size. "
            "Received: dynamic_size"
        )


def shrinking(predictor, reader=None):
    """Return a predictor whose model takes images of twice the size, and halves them itself.

    Args:
        predictor: `Predictor` of a Keras model in float32 that gives logits.
        reader: its `KerasReader`, if it has one.

    Returns:
        A `Predictor`. Its model gives logits of twice the size too, and its spec has that size.
    """
    model, spec = predictor.backend.model, predictor.spec
    size = tuple(_TIMES * side for side in spec.size)
    pixels = image_input((*size, spec.channels))
    halved = _halved(pixels)
    logits = called_anew(model, halved)
    logits = layers.UpSampling2D(_TIMES, interpolation="bilinear", name="enlarge")(logits)
    larger = keras.Model(pixels, logits, name=model.name)
    kernel = np.repeat(np.outer(_TAPS, _TAPS)[..., np.newaxis, np.newaxis], spec.channels, axis=2)
    larger.get_layer("halve").set_weights([kernel])
    return Predictor(KerasBackend(larger, replace(spec, size=size), reader))


def plain_losses(trial, larger):
    """Measure what plain shrinking costs a model, and what it costs when it takes twice the size.

    Args:
        trial: the `Trial` of the model as it is.
        larger: what `shrinking` returned.

    Returns:
        A dict for the report: of the model ``as_it_is`` and ``exported``, ``agreement`` with the
        masks of the model whose images are shrunk with antialiasing, and ``iou_drop``, points,
        `None` without labels.

    Raises:
        ExportError: if masks agree less with twice the size than without it.
    """
    plain = [PlainPredictor(one.backend) for one in (trial.reference, larger)]
    found = side_by_side([trial.reference, *plain], trial.examples()).figures
    names = ("as_it_is", "exported")
    losses = {name: _loss(found[0], one) for name, one in zip(names, found[1:], strict=True)}
    as_it_is, exported = (losses[name]["agreement"] for name in names)
    if exported < as_it_is:
        raise ExportError(
            "Expected masks of images that are shrunk plainly to come closer to those of the model "
            f"where it takes twice the size. Received: {exported:.2%} of the pixels agree, "
            f"{as_it_is:.2%} of the model as it is, which is the better one to export"
        )
    return losses


def describe_losses(losses):
    """Return `plain_losses` as lines of text."""
    for name, title in (("as_it_is", "the model as it is"), ("exported", "this one")):
        loss = losses[name]
        drop = "" if loss["iou_drop"] is None else f", {loss['iou_drop']:.2f} points of IoU lost"
        yield f"shrunk plainly, {title}: {loss['agreement']:.2%} of the pixels agree{drop}"


def _halved(pixels):
    """Half the height and width of pixels; those at the border are repeated beyond it."""
    for axis in (1, 2):
        first, last = ([slice(None)] * 4 for _ in range(2))
        first[axis], last[axis] = slice(None, 1), slice(-1, None)
        parts = [pixels[tuple(first)], pixels, pixels[tuple(last)]]
        pixels = layers.Concatenate(axis=axis)(parts)
    halve = layers.DepthwiseConv2D(
        len(_TAPS), strides=_TIMES, use_bias=False, trainable=False, name="halve"
    )
    return halve(pixels)


def _loss(reference, figures):
    known = None not in (reference.mean_iou, figures.mean_iou)
    drop = 100 * (reference.mean_iou - figures.mean_iou) if known else None
    return {"agreement": figures.agreement, "iou_drop": drop}
