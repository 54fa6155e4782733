"""Networks of keras.applications, and weights for them: downloaded, or out of a file."""

import warnings
from typing import NamedTuple

import keras

from segtf.models.weight_files import Classifier, WeightFile

_DENSE_HEAD = Classifier()


class Application(NamedTuple):
    """A network of keras.applications.

    Args:
        name: its name there.
        settings: arguments of it that leave its own scaling out.
        head: what the whole network has beyond the headless one.
    """

    name: str
    settings: tuple[tuple[str, object], ...] = (("include_preprocessing", False),)
    head: Classifier = _DENSE_HEAD


def build_application(application, name, shape, weights):
    """Build a network of keras.applications without its head.

    Args:
        application: the `Application`.
        name: name of the encoder, for messages.
        shape: `(height, width, channels)` of what it takes, scaled already.
        weights: `None`, ``"imagenet"`` or a path.

    Raises:
        ValueError: if the weights cannot be had, or do not fit.
    """
    build = getattr(keras.applications, application.name)

    def with_(weights, **settings):
        with warnings.catch_warnings():
            # That weights were trained at 224x224, and that channels are usually 1 or 3.
            warnings.simplefilter("ignore")
            return build(weights=weights, **settings)

    headless = {"include_top": False, "input_shape": tuple(shape), **dict(application.settings)}
    if weights == "imagenet":
        try:
            return with_("imagenet", **headless)
        except Exception as error:  # Keras raises plain ones where a download fails
            raise ValueError(
                f"Expected to download the ImageNet weights of {name}; without a network, pass "
                "the path of a weight file that was downloaded elsewhere as encoder_weights. "
                f"Received: {error}"
            ) from error
    if weights is None:
        return with_(None, **headless)
    file = WeightFile(weights)
    network = with_(None, **headless)
    file.load_into(
        network,
        name,
        application.head,
        build_whole=lambda classes: with_(None, classes=classes),
    )
    return network
