"""Model files that segtf did not write: how pixels go in, and what comes out is read."""

from dataclasses import dataclass

import numpy as np

from segtf import signatures
from segtf.inference.meaning import (
    CLASS_IDS,
    LOGITS,
    PROBABILITIES,
    UNCLEAR,
    not_probabilities,
)
from segtf.inference.specs import make_spec, num_channels
from segtf.spec import ModelSpec
from segtf.tasks.semantic.foreign import (
    OutputCheck,
    as_head,
    channels_of_head,
    check_class_ids,
    logits_of,
)

_MOST_CHANNELS_FIRST = 4
_LEAST_BRIGHT = 64.0
"""What takes pixels 0..255 takes at least so much; its calibration may have been dark."""
_UNIT_RANGES = ((0.0, 1.0), (-1.0, 1.0))
_MARGIN = 0.1


@dataclass(frozen=True)
class Quantization:
    """How whole numbers stand for real ones: ``scale * (number - zero_point)``.

    Args:
        scale: float32 array, of one value or of one per channel.
        zero_point: int array, of one value or of one per channel.
        dtype: NumPy type of the numbers.
    """

    scale: np.ndarray
    zero_point: np.ndarray
    dtype: type

    @property
    def ends(self):
        """The least and the largest real number."""
        limits = np.iinfo(self.dtype)
        reals = self.real(np.array([limits.min, limits.max]).reshape(2, 1))
        return float(reals.min()), float(reals.max())

    def real(self, numbers):
        """Return the real numbers that whole numbers stand for, as float32."""
        return (self.scale * (numbers.astype(np.float32) - self.zero_point)).astype(np.float32)

    def whole(self, reals):
        """Return the whole numbers that come closest to real ones."""
        limits = np.iinfo(self.dtype)
        numbers = np.round(reals / self.scale) + self.zero_point
        return np.clip(numbers, limits.min, limits.max).astype(self.dtype)


@dataclass(frozen=True)
class Tensor:
    """An input or output of a model file.

    Args:
        shape: with the batch; `None` where any length will do.
        dtype: NumPy type.
        quantization: `Quantization`, or `None` for numbers that stand for themselves.
    """

    shape: tuple[int | None, ...]
    dtype: type
    quantization: Quantization | None = None


class Ports:
    """Pixels in, logits or class ids out, of a model file without a spec of segtf's.

    Pixels are fed as the input's numbers: quantised where it has a scale. Channels may lie first
    (`(N, C, H, W)`, as PyTorch has it) where axis 1 has at most four and the last axis more.

    Args:
        given: the `Tensor` that it takes.
        received: the `Tensor` that it gives.
        meaning: what its graph shows of that, one of `segtf.inference.meaning`.
        outputs: ``logits`` or ``probabilities``, where the caller knows what it gives, or `None`.
        labels: the `LabelMap`, or `None` for ``class_0``, ``class_1``, ...
        asked: `resize`, `threshold` and `size` of the `ModelSpec`, `None` for the defaults.

    Attributes:
        spec: the `ModelSpec`.
        gives: name of the head that `read` returns: ``logits``, or ``class_ids``, uint8
            `(N, H, W)`.

    Raises:
        ValueError: for shapes, types or a quantization that are not those of a segmentation
            model, or arguments that do not fit it.
    """

    def __init__(self, given, received, meaning, outputs=None, labels=None, **asked):
        if len(given.shape) != 4 or given.shape[0] not in (None, 1):
            raise ValueError(
                "Expected a model that takes (batch, height, width, channels), a batch of 1 or of "
                f"any number. Received: one that takes {given.shape}"
            )
        self._given, self._received = given, received
        self.takes_channels_first = _channels_first(given.shape)
        self._meaning = _settle(meaning, received, outputs)
        self._is_proven = outputs is None
        is_decided = self._meaning == CLASS_IDS
        self.gives = signatures.CLASS_IDS if is_decided else signatures.LOGITS
        _check_input(given)
        shape = _channels_last(given.shape) if self.takes_channels_first else given.shape
        self._channel_axis = _channel_axis(given, received, is_decided)
        channels = num_channels(labels) if is_decided else received.shape[self._channel_axis]
        self._check = OutputCheck(channels) if self._meaning == UNCLEAR else None
        channels = channels_of_head(channels)
        self.spec: ModelSpec = make_spec(tuple(shape[1:]), channels, labels=labels, **asked)

    def input_shape(self, count):
        """Return the shape that a batch of `count` images has as the input."""
        height, width = self.spec.size
        channels = self.spec.channels
        if self.takes_channels_first:
            return (count, channels, height, width)
        return (count, height, width, channels)

    def feed(self, pixels):
        """Return uint8 pixels `(N, H, W, C)` as numbers of the input's type, shape and scale."""
        if self.takes_channels_first:
            pixels = np.moveaxis(pixels, -1, 1)
        quantization = self._given.quantization
        if quantization is None:
            return np.ascontiguousarray(pixels.astype(self._given.dtype))
        reals = pixels.astype(np.float32)
        low, high = quantization.ends
        if high < _LEAST_BRIGHT:  # it takes 0..1 or -1..1, and all of that range is pixels
            reals = low + (high - low) * reals / 255.0
        return np.ascontiguousarray(quantization.whole(reals))

    def read(self, outputs):
        """Return what a batch gave as float32 logits `(N, H, W, K)` or uint8 ids `(N, H, W)`."""
        if self._received.quantization is not None:
            outputs = self._received.quantization.real(outputs)
        if self._channel_axis is not None:
            outputs = np.moveaxis(outputs, self._channel_axis, -1)
        if self.gives == signatures.CLASS_IDS:
            ids = outputs if outputs.ndim == 3 else outputs[..., 0]
            return check_class_ids(ids, self.spec.labels)
        outputs = outputs.astype(np.float32)
        if self._check is not None:
            self._check(outputs)
        if self._meaning == PROBABILITIES:
            outputs = self._logits_of(outputs)
        return as_head(outputs)

    def _logits_of(self, chances):
        low, high = chances.min(initial=0.0), chances.max(initial=0.0)
        if not self._is_proven and not (low >= -_MARGIN and high <= 1 + _MARGIN):
            raise not_probabilities(f"outputs from {low:.4g} to {high:.4g}")
        chances = np.clip(chances, 0.0, 1.0)
        with np.errstate(divide="ignore"):
            return logits_of(chances, np)


def _check_input(given):
    if given.quantization is None:
        if given.dtype not in (np.float32, np.float16, np.float64, np.uint8):
            raise ValueError(
                "Expected a model that takes float or uint8 pixels 0..255, or quantised ones "
                f"with their scale. Received: one that takes {np.dtype(given.dtype)} without one"
            )
        return
    ends = given.quantization.ends
    is_unit = any(np.allclose(ends, one, atol=0.05) for one in _UNIT_RANGES)
    if ends[1] < _LEAST_BRIGHT and not is_unit:
        raise ValueError(
            "Expected a model that takes pixels 0..255, 0..1 or -1..1. Received: a quantised "
            f"input from {ends[0]:.3g} to {ends[1]:.3g}"
        )


def _settle(meaning, received, outputs):
    """What the outputs are taken for."""
    is_whole = received.quantization is None and np.dtype(received.dtype).kind in "iub"
    if is_whole or meaning == CLASS_IDS:
        if outputs is not None:
            raise ValueError(
                "Expected no outputs= for a model that gives class ids. "
                f"Received: outputs={outputs!r}"
            )
        return CLASS_IDS
    if outputs == PROBABILITIES and meaning == LOGITS:
        raise not_probabilities("a model that ends in a layer without an activation")
    return outputs or meaning


def _channels_first(shape):
    """Whether the channels of `(N, C, H, W)` or `(N, H, W, C)` lie on axis 1."""
    first, last = shape[1], shape[3]
    if first is None or first > _MOST_CHANNELS_FIRST:
        return False
    return last is None or last > _MOST_CHANNELS_FIRST


def _channels_last(shape):
    return (shape[0], *shape[2:], shape[1])


def channel_axis_of(given, received):
    """Return the axis of the channels in what a model gives.

    Args:
        given: shape of what it takes, four axes.
        received: shape of what it gives.
    """
    if len(given) != 4 or len(received) != 4:
        return len(received) - 1
    return 1 if _gives_channels_first(given, received, _channels_first(given)) else 3


def _channel_axis(given, received, is_decided):
    """Axis of the channels in what a model gives, `None` where it has none: `(N, H, W)`."""
    shape = received.shape
    if len(shape) == 3 and is_decided:
        return None
    if len(shape) != 4:
        raise ValueError(
            "Expected a model that gives (batch, height, width, channels). "
            f"Received: one that gives {shape}"
        )
    axis = channel_axis_of(given.shape, shape)
    if shape[axis] is None or (is_decided and shape[axis] != 1):
        raise ValueError(
            "Expected a model whose number of channels is known, one for class ids. "
            f"Received: one that gives {shape}"
        )
    return axis


def _gives_channels_first(given, received, takes_channels_first):
    """As the input has them, unless height and width show the other order."""
    size = given[2:] if takes_channels_first else given[1:3]
    if None not in size:
        if received[2:] == size and received[1:3] != size:
            return True
        if received[1:3] == size and received[2:] != size:
            return False
    return takes_channels_first
