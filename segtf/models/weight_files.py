"""Weight files that Keras has written, checked before they are loaded."""

import io
import warnings
import zipfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import h5py

KERAS_SUFFIXES = (".weights.h5", ".h5", ".keras")

# Groups that hold the layers, in the formats that Keras has had; else the whole file does.
_LAYER_GROUPS = ("layers", "model_weights")


# How much smaller an archive may be than the weights in it, which hardly compress.
_MOST_COMPRESSION = 10


class Classifier(NamedTuple):
    """What a whole network has beyond the headless one.

    Args:
        name: name of the layer that classifies.
        weights: number of weights of the head.
    """

    name: str = "predictions"
    weights: int = 2


def require_weight_file(path, suffixes):
    """Refuse a path that is no file, or one of another kind.

    Raises:
        ValueError: with the kinds that there are.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            "Expected encoder_weights as None, 'imagenet' or the path of a weight file. "
            f"Received: {str(path)!r}, which is no file"
        )
    if not path.name.endswith(suffixes):
        raise ValueError(
            f"Expected a weight file that ends in {', '.join(suffixes)}. Received: {path}"
        )


class WeightFile:
    """A file of the weights of a network, headless or whole.

    Args:
        path: a ``.weights.h5``, ``.h5`` or ``.keras`` file.

    Raises:
        ValueError: for a missing, damaged or other file.
    """

    def __init__(self, path):
        self.path = Path(path)
        require_weight_file(self.path, KERAS_SUFFIXES)
        self._shapes = _read_shapes(self.path)

    def load_into(self, network, name, head, build_whole):
        """Give a network without its head the weights.

        Args:
            network: the `keras.Model`, changed in place.
            name: name of the encoder, for messages.
            head: the `Classifier` that the whole network has.
            build_whole: function of the number of classes that returns the whole network.

        Raises:
            ValueError: if they are those of another architecture.
        """
        expected, held = len(network.weights), len(self._shapes)
        misfit = ValueError(
            f"Expected weights of {name}, {expected} arrays without its head or "
            f"{expected + head.weights} with it. Received: {self.path}, which holds {held} arrays "
            "of another architecture"
        )
        if held not in (expected, expected + head.weights) or self._lacks(network):
            raise misfit
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what does not fit raises, or was counted above
                if held > expected and _is_legacy(self.path):
                    # This format is read in full or not at all.
                    whole = build_whole(classes=_count_classes(self._shapes, head))
                    _load_whole(network, self.path, whole)
                else:
                    network.load_weights(self.path)
        except Exception as error:  # a damaged file makes h5py and Keras raise many kinds
            raise misfit from error

    def _lacks(self, network):
        """Whether some shape among the network's weights is not in the file."""
        return Counter(tuple(weight.shape) for weight in network.weights) - Counter(
            self._shapes.values()
        )


def _load_whole(network, path, whole):
    whole.load_weights(path)
    others = [layer for layer in whole.layers if layer.weights]
    layers = [layer for layer in network.layers if layer.weights]
    for layer, other in zip(layers, others, strict=False):  # the head comes last
        layer.set_weights(other.get_weights())


def _count_classes(arrays, head):
    """Length of the bias of the layer that classifies."""
    for path, shape in arrays.items():
        if head.name in path and len(shape) == 1:
            return shape[0]
    raise ValueError(f"Expected an array of {head.name}. Received: {', '.join(arrays)}")


def _is_legacy(path):
    return path.suffix == ".h5" and not path.name.endswith(".weights.h5")


def _read_shapes(path):
    """The shapes of the arrays in a weight file, by their paths in it."""
    try:
        arrays = {}

        def note(name, item):
            if isinstance(item, h5py.Dataset):
                arrays[name] = item.shape, item.nbytes

        size = path.stat().st_size
        with h5py.File(_opened(path, size), "r") as group:
            group = next((group[name] for name in _LAYER_GROUPS if name in group), group)
            group.visititems(note)
        if sum(count for _, count in arrays.values()) > _MOST_COMPRESSION * size:
            raise ValueError("it declares more than it holds")
        return {name: shape for name, (shape, _) in arrays.items()}
    except Exception as error:  # h5py raises many kinds where a file is damaged
        text = " ".join(str(error).split())
        raise ValueError(f"Expected a weight file of Keras. Received: {path}: {text}") from error


def _opened(path, size):
    """What h5py opens: the file, or the part of an archive that holds the weights."""
    if path.suffix != ".keras":
        return path
    with zipfile.ZipFile(path) as archive:
        weights = archive.getinfo("model.weights.h5")
        if weights.file_size > _MOST_COMPRESSION * size:
            raise ValueError("it declares more than it holds")
        return io.BytesIO(archive.read(weights))
