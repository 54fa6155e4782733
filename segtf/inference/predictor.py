"""Predictor: images in, masks out, whatever runs the model."""

import os
from functools import cached_property

import numpy as np
import tensorflow as tf
from PIL import Image

from segtf import signatures
from segtf.class_masks import masks_by_name
from segtf.data.decode import read_image, read_single
from segtf.geometry import resize_image
from segtf.inference.heads import of_image
from segtf.tasks.choice import task_of
from segtf.tasks.strips import restored


class Prediction:
    """What a model says about one image.

    Attributes:
        mask: uint8 array at the image's own size: `(H, W)` of class ids; of a multi-label model
            `(H, W, K)`, of each of its K classes whether it is there, 0 or 1. Pixels that the
            resize rule kept from the model are `ignore_class`, or 0 without one.
        names: names of the classes that `coverage`, and the channels of a multi-label `mask`, are
            of.
        coverage: float32 array `(classes,)`: share of the pixels that each class has.
        confidence: mean probability of what was decided, 0..1; `None` of a model that gives
            decisions and nothing else (full int8).
    """

    def __init__(self, outputs, image_size, spec, probabilities=False):
        self.spec = spec
        self._outputs = outputs
        self._image_size = image_size
        task = task_of(spec)
        self.names = task.names(spec.labels)
        if probabilities and signatures.LOGITS in outputs:
            logits = restored(outputs[signatures.LOGITS], image_size, spec.resize)
            outputs = {**outputs, signatures.LOGITS: logits}
            self.probabilities = task.chances(logits, image_size, spec).numpy()
        answer = task.decode(outputs, image_size, spec)
        self.mask = answer.mask.numpy()
        self.coverage = answer.coverage.numpy()
        self.confidence = None if answer.confidence is None else float(answer.confidence)

    @property
    def masks(self):
        """Class name to uint8 array `(H, W)`, of a multi-label model: 1 where the class is.

        Raises:
            ValueError: for a model of one class a pixel, whose classes are in `mask`.
        """
        return masks_by_name(self.mask, self.names)

    @cached_property
    def probabilities(self):
        """float32 array `(H, W, K)` at the image's own size, computed when first asked for.

        K is 1 for a binary task (the probability of class 1), else the number of classes, of a
        multi-label model of those in `names`; 0 where the resize rule kept pixels from the model.

        Raises:
            ValueError: for a model that gives decisions and nothing else (full int8).
        """
        if signatures.LOGITS not in self._outputs:
            (name,) = self._outputs
            raise ValueError(
                "Expected a model that gives logits. "
                f"Received: one that gives {name.replace('_', ' ')} only"
            )
        logits = tf.constant(self._outputs[signatures.LOGITS])
        return task_of(self.spec).chances(logits, self._image_size, self.spec).numpy()


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

    def __call__(self, image, probabilities=False):
        """Segment one image, or a list of images.

        Args:
            image: path, encoded bytes, PIL image, or uint8 array or tensor `(H, W)` or
                `(H, W, C)`; or a list or tuple of these.
            probabilities: whether the probabilities will be asked for, too: the logits are then
                brought to the image's size once for all, and the probabilities made at once.

        Returns:
            A `Prediction`; for a list or tuple, a list of them.

        Raises:
            ValueError: for what is not an image, such as a folder, or has channels that the model
                does not take; and for answers that may be no logits (see `segtf.load`).
        """
        if isinstance(image, list | tuple):
            return self.batch(image, probabilities)
        return self.batch([image], probabilities)[0]

    def batch(self, images, probabilities=False):
        """Segment several images, which may differ in size, in one call of the model.

        Args:
            images: iterable of what a single call takes, such as an array `(N, H, W, C)`.
            probabilities: whether the probabilities will be asked for, too.

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
        return [
            self.prediction(of_image(outputs, index), size, probabilities)
            for index, size in enumerate(sizes)
        ]

    def _fitted(self, image):
        pixels = read_single(image, self.spec.channels)
        return self.canvas(pixels), pixels.shape[:2]

    def prediction(self, outputs, image_size, probabilities=False):
        """Return the `Prediction` that outputs of the backend make for one image.

        Args:
            outputs: what the heads gave: ``logits``, float32 `(H, W, K)`, or what is decided,
                uint8.
            image_size: height and width of the image.
            probabilities: whether the probabilities will be asked for, too.
        """
        return Prediction(outputs, image_size, self.spec, probabilities)

    def canvas(self, image):
        """Return the pixels that the model sees of an image: uint8 array of the spec's size."""
        pixels = read_image(image, self.spec.channels)
        return resize_image(pixels, self.spec.resize, self.spec.size).numpy()
