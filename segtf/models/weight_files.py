"""Weight files of keras.applications, checked before and after they are loaded."""

import io
import warnings
import zipfile
from pathlib import Path

import h5py

_SUFFIXES = (".weights.h5", ".h5", ".keras")

# Groups that hold the layers, in the formats that Keras has had; else the whole file does.
_LAYER_GROUPS = ("layers", "model_weights")


class WeightFile:
    """A file of the weights of an application, headless or whole.

    Args:
        path: a ``.weights.h5``, ``.h5`` or ``.keras`` file.

    Raises:
        ValueError: for a missing, damaged or other file.
    """

    def __init__(self, path):
        self.path = Path(path)
        if not self.path.is_file():
            raise ValueError(
                "Expected encoder_weights as None, 'imagenet' or the path of a weight file. "
                f"Received: {str(path)!r}, which is no file"
            )
        if not self.path.name.endswith(_SUFFIXES):
            raise ValueError(
                f"Expected a weight file that ends in {', '.join(_SUFFIXES)}. Received: {path}"
            )
        self._shapes = _read_shapes(self.path)

    def load_into(self, application, name, head, build_whole):
        """Give a headless application the weights.

        Args:
            application: the headless network, changed in place.
            name: name of the encoder, for messages.
            head: the `segtf.models.encoders.Head` that the whole application has.
            build_whole: function of the number of classes that returns the whole application.

        Raises:
            ValueError: if they are those of another architecture.
        """
        expected, held = len(application.weights), len(self._shapes)
        misfit = ValueError(
            f"Expected weights of {name} as keras.applications builds it, {expected} arrays "
            f"without its head or {expected + head.weights} with it. Received: {self.path}, which "
            f"holds {held} arrays of another architecture"
        )
        if held not in (expected, expected + head.weights):
            raise misfit
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what does not fit raises, or was counted above
                if held > expected and _is_legacy(self.path):
                    # This format is read in full or not at all.
                    whole = build_whole(_count_classes(self._shapes, head))
                    _load_whole(application, self.path, whole)
                else:
                    application.load_weights(self.path)
        except ValueError as error:
            raise misfit from error


def _load_whole(application, path, whole):
    whole.load_weights(path)
    others = [layer for layer in whole.layers if layer.weights]
    layers = [layer for layer in application.layers if layer.weights]
    for layer, other in zip(layers, others, strict=False):  # the head comes last
        layer.set_weights(other.get_weights())


def _count_classes(arrays, head):
    """Length of the bias of the layer that classifies."""
    for path, shape in arrays.items():
        if head.classifier in path and len(shape) == 1:
            return shape[0]
    raise ValueError(f"Expected an array of {head.classifier}. Received: {', '.join(arrays)}")


def _is_legacy(path):
    return path.suffix == ".h5" and not path.name.endswith(".weights.h5")


def _read_shapes(path):
    """The shapes of the arrays in a weight file, by their paths in it."""
    try:
        file = path
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                file = io.BytesIO(archive.read("model.weights.h5"))
        with h5py.File(file, "r") as group:
            group = next((group[name] for name in _LAYER_GROUPS if name in group), group)
            shapes = {}

            def note(name, item):
                if isinstance(item, h5py.Dataset):
                    shapes[name] = item.shape

            group.visititems(note)
            return shapes
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"Expected a weight file of Keras. Received: {path}: {error}") from error
