"""What a way of saving a model has to answer, and what is known of a model that was found."""

from pathlib import Path
from typing import NamedTuple, Protocol

import keras

from segtf.runs import Run


class Backend(Protocol):
    """What runs a model.

    Called with pixels, uint8 array `(N, H, W, C)` of the spec's size, it returns a dict of head
    name to array `(N, ...)`. N may be 0.

    Attributes:
        spec: the `ModelSpec`.
        heads: head name to the `tf.TensorSpec` of what one image gives: see
            `segtf.inference.heads`.
    """

    spec: object
    heads: dict

    def __call__(self, pixels):
        """Return what the heads give for a batch of pixels."""


class Format(Protocol):
    """A way of saving a model; there is one file for each in `segtf.inference.formats`.

    Attributes:
        name: ``keras``, ``saved_model``, ``tflite`` or ``onnx``.
        title: what people call it.
    """

    name: str
    title: str

    def matches(self, given):
        """Return the `ModelPath` of a model of this format, or `None` for any other thing.

        Args:
            given: a `pathlib.Path` that exists, a `Run` or a `keras.Model`.
        """

    def details(self, found):
        """Return what a model says about itself, or `None` for one that segtf did not write.

        Args:
            found: its `ModelPath`.

        Returns:
            A dict for JSON, with what `ModelSpec.to_dict` gives in it.

        Raises:
            ValueError: if it cannot be read.
        """

    def open(self, found, **asked):
        """Return the `Backend` of a model.

        Args:
            found: its `ModelPath`.
            asked: the arguments of `segtf.load` besides the model: `labels`, `resize`,
                `threshold`, `size` and `outputs`, each `None` where nothing is asked for.

        Raises:
            ValueError: if it cannot be read, or for arguments that do not fit it.
        """


class FileFormat(Format, Protocol):
    """A format of one file, whose input and output can be asked for."""

    def ports(self, path):
        """Return name, NumPy type and shape of the one input and of the one output of a file.

        Args:
            path: the file.

        Returns:
            Two tuples `(name, type, shape)`. A side of any length is text, `None` or negative.

        Raises:
            ValueError: if it cannot be read.
        """


class ModelPath(NamedTuple):
    """Where a model lies.

    Args:
        format: its `Format`.
        path: the file, or the version folder of a SavedModel; `None` for a `keras.Model`.
        run: the `Run` whose folder holds the ``.keras`` file, or `None`.
        model: the `keras.Model` where one was given, or `None`.
        brings_labels: whether it may have class names with it, in the file or in its run.
    """

    format: Format
    path: Path | None
    run: Run | None = None
    model: keras.Model | None = None
    brings_labels: bool = True

    @property
    def best_of(self):
        """The `Run` that this is the best model of, or `None`."""
        return self.run if self.run is not None and self.path == self.run.best_model else None
