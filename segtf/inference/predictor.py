"""Predictor: images in, masks out, whatever runs the model."""

import os
from dataclasses import replace
from functools import cached_property

import numpy as np
import tensorflow as tf
from PIL import Image

from segtf import signatures
from segtf.data.decode import read_image, read_single
from segtf.geometry import resize_image
from segtf.inference.decide import answer, image_probabilities
from segtf.inference.heads import of_image


class Prediction:
    """What a model says about one image.

    Attributes:
        mask: uint8 array `(H, W)` of class ids at the image's own size. Pixels that the resize
            rule kept from the model are `ignore_class`, or 0 without one.
        coverage: float32 array `(classes,)`: share of the pixels that each class has.
        confidence: mean probability of the decided class, 0..1.
    """

    def __init__(self, logits, image_size, spec, has_probabilities=True):
        self.spec = spec
        self._logits = logits
        self._image_size = image_size
        self._has_probabilities = has_probabilities
        mask, coverage, confidence = answer(tf.constant(logits), image_size, spec)
        self.mask = mask.numpy()
        self.coverage = coverage.numpy()
        self.confidence = float(confidence) if has_probabilities else None

    @cached_property
    def probabilities(self):
        """float32 array `(H, W, K)` at the image's own size, computed when first asked for.

        K is 1 for a binary task (the probability of class 1), else the number of classes; 0 where
        the resize rule kept pixels from the model.

        Raises:
            ValueError: for a model that gives class ids and nothing else (full int8).
        """
        if not self._has_probabilities:
            raise ValueError(
                "Expected a model that gives logits. Received: one that gives class ids only"
            )
        logits = tf.constant(self._logits)
        return image_probabilities(logits, self._image_size, self.spec).numpy()


class Predictor:
    """Calls a model on images of any size. Made by `segtf.load`.

    Args:
        backend: a `segtf.inference.formats.format.Backend`.

    Attributes:
        spec: `ModelSpec` of the model: classes, size, resize rule, threshold.
    """

    def __init__(self, backend):
        self.backend = backend
        self.spec = backend.spec

    def __call__(self, image):
        """Segment one image, or a list of images.

        Args:
            image: path, encoded bytes, PIL image, or uint8 array or tensor `(H, W)` or
                `(H, W, C)`; or a list or tuple of these.

        Returns:
            A `Prediction`; for a list or tuple, a list of them.

        Raises:
            ValueError: for what is not an image, such as a folder, or has channels that the model
                does not take; and for answers that may be no logits (see `segtf.load`).
        """
        if isinstance(image, list | tuple):
            return self.batch(image)
        return self.batch([image])[0]

    def batch(self, images):
        """Segment several images, which may differ in size, in one call of the model.

        Args:
            images: iterable of what a single call takes, such as an array `(N, H, W, C)`.

        Returns:
            A list of `Prediction`s.

        Raises:
            ValueError: for a single image, and as a single call does.
        """
        if isinstance(images, str | bytes | bytearray | os.PathLike | Image.Image):
            raise ValueError(
                f"Expected several images. Received: a single one, {type(images).__name__}"
            )
        # Pixels are not kept until the answers are made: both may be large.
        fitted = [self._fitted(image) for image in images]
        if not fitted:
            return []
        canvases, sizes = zip(*fitted, strict=True)
        outputs = self.backend(np.stack(canvases))
        return [self.prediction(of_image(outputs, index), size) for index, size in enumerate(sizes)]

    def _fitted(self, image):
        pixels = read_single(image, self.spec.channels)
        return self.canvas(pixels), pixels.shape[:2]

    def prediction(self, outputs, image_size):
        """Return the `Prediction` that outputs of the backend make for one image.

        Args:
            outputs: what the heads gave: ``logits``, float32 `(H, W, K)`, or ``class_ids``, uint8
                `(H, W)`.
            image_size: height and width of the image.
        """
        if signatures.LOGITS in outputs:
            return Prediction(outputs[signatures.LOGITS], image_size, self.spec)
        # The threshold has decided these: what is left is which class is nearer.
        spec = replace(self.spec, threshold=0.5)
        logits = _logits_of_ids(outputs[signatures.CLASS_IDS], spec.labels.num_logits)
        return Prediction(logits, image_size, spec, has_probabilities=False)

    def canvas(self, image):
        """Return the pixels that the model sees of an image: uint8 array of the spec's size."""
        pixels = read_image(image, self.spec.channels)
        return resize_image(pixels, self.spec.resize, self.spec.size).numpy()


def _logits_of_ids(ids, num_logits):
    """Logits that stand for class ids, so that these are restored to an image like any others."""
    if num_logits == 1:
        return np.where(ids[..., np.newaxis] == 1, 1.0, -1.0).astype(np.float32)
    return np.eye(num_logits, dtype=np.float32)[ids]
