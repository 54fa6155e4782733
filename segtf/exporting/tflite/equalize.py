"""One scale for what is concatenated: equal ranges before full int8, without another answer.

What a concatenation joins shares one scale in int8. A transposed convolution in the decoder of a
U-Net has no normalisation behind it: on photographs its channels can reach a hundred times the
values of the skip that they join, or a hundredth, and one of both is rounded away. A linear layer
can give each channel divided by a factor, if the convolution that reads the channel multiplies its
weights by it:
Nagel et al.: "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019,
https://arxiv.org/abs/1906.04721
"""

from collections import defaultdict
from contextlib import contextmanager
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from segtf.compat import calls_of
from segtf.models.layers import BilinearUpsampling2D

_PASSES_SCALE = (layers.UpSampling2D, BilinearUpsampling2D)
_CANVASES = 32


class Join(NamedTuple):
    """What a concatenation takes from a layer that can be scaled.

    Args:
        layer: `Conv2D` or `Conv2DTranspose` without an activation.
        output: the tensor that is concatenated.
        others: those that are concatenated with it and cannot be scaled.
        reader: the `Conv2D` that reads the concatenation.
        first: the channel of the concatenation that `output` begins at.
    """

    layer: layers.Layer
    output: keras.KerasTensor
    others: tuple[keras.KerasTensor, ...]
    reader: layers.Layer
    first: int


@contextmanager
def equalized(model, canvases):
    """Give what is concatenated in a model the same range, for as long as the context lasts.

    The model answers as before, but for the rounding of float32. Its own weights come back at the
    end.

    Args:
        model: `keras.Model` in float32; one that is not functional is left as it is.
        canvases: uint8 arrays `(H, W, C)` that it takes, from which ranges are measured.

    Example:

    >>> model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3)])
    >>> with equalized(model, [np.zeros((8, 8, 3), "uint8")]):
    ...     model.output_shape
    (None, 6, 6, 2)
    """
    joins = find_joins(model)
    changed = {id(layer): layer for join in joins for layer in (join.layer, join.reader)}
    weights = {name: layer.get_weights() for name, layer in changed.items()}
    try:
        for join, peaks, highest in _measured(model, joins, canvases):
            _divide(join, np.where(peaks > 0, peaks / highest, 1.0).astype(np.float32))
        yield
    finally:
        for name, layer in changed.items():
            layer.set_weights(weights[name])


def find_joins(model):
    """Return a `Join` for each layer of a model that can be scaled before a concatenation."""
    makers, readers = {}, defaultdict(list)
    for layer in getattr(model, "layers", ()):
        if len(calls_of(layer)) != 1:  # inputs have one as well
            continue  # used twice: what suits one use may not suit the other
        makers[id(layer.output)] = layer
        for tensor in _listed(layer.input):
            readers[id(tensor)].append(layer)
    ends = {id(tensor) for tensor in getattr(model, "outputs", None) or ()}

    def only_reader(tensor):
        found = readers[id(tensor)]
        return found[0] if len(found) == 1 and id(tensor) not in ends else None

    def scalable(tensor):
        """The linear layer that a tensor comes from, if it goes nowhere else."""
        layer = makers.get(id(tensor))
        if isinstance(layer, _PASSES_SCALE):
            return scalable(layer.input) if only_reader(layer.input) is layer else None
        is_linear = type(layer) in (layers.Conv2D, layers.Conv2DTranspose)
        return layer if is_linear and layer.activation is keras.activations.linear else None

    joins = []
    for layer in makers.values():
        if not isinstance(layer, layers.Concatenate) or layer.axis not in (-1, 3):
            continue
        reader = only_reader(layer.output)
        if type(reader) is not layers.Conv2D or reader.groups != 1:
            continue
        inputs = _listed(layer.input)
        alone = [one for one in inputs if only_reader(one) is layer]
        made = {id(one): scalable(one) for one in alone}
        others = tuple(one for one in inputs if made.get(id(one)) is None)
        first = 0
        for one in inputs:
            if made.get(id(one)) is not None and others:
                joins.append(Join(made[id(one)], one, others, reader, first))
            first += one.shape[-1]
    return joins


def _listed(tensors):
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]


def _measured(model, joins, canvases):
    """Each join, the largest values of its channels, and the largest that they are joined with."""
    if not joins:
        return
    tensors = list({id(one): one for join in joins for one in (join.output, *join.others)}.values())
    look = keras.Model(model.inputs, tensors)
    peaks = [np.zeros(tensor.shape[-1]) for tensor in tensors]
    for canvas in canvases[:_CANVASES]:
        values = _listed(look([canvas[np.newaxis].astype(np.float32)], training=False))
        for place, value in enumerate(values):
            highest = np.abs(value.numpy()).max(axis=(0, 1, 2))
            peaks[place] = np.maximum(peaks[place], highest)
    by_tensor = {id(tensor): peak for tensor, peak in zip(tensors, peaks, strict=True)}
    for join in joins:
        highest = max(by_tensor[id(one)].max() for one in join.others)
        if highest > 0:
            yield join, by_tensor[id(join.output)], highest


def _divide(join, factors):
    """Divide the channels of a layer, and multiply what its reader makes of them."""
    kernel, *bias = join.layer.get_weights()
    is_transposed = isinstance(join.layer, layers.Conv2DTranspose)
    kernel = kernel / (factors[:, np.newaxis] if is_transposed else factors)
    join.layer.set_weights([kernel, *(one / factors for one in bias)])
    kernel, *bias = join.reader.get_weights()
    kernel[:, :, join.first : join.first + len(factors)] *= factors[:, np.newaxis]
    join.reader.set_weights([kernel, *bias])
