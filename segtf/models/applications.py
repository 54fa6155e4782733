"""Networks of keras.applications: built, given weights, and copied into a model of ours."""

import re
import warnings
from collections import Counter

import keras
from keras import layers

from segtf.models.weight_files import WeightFile


def build_application(encoder, name, shape, weights):
    """Build a headless network of keras.applications.

    Args:
        encoder: its `segtf.models.encoders.Encoder`.
        name: name of the encoder, for messages.
        shape: `(height, width, channels)` of what it takes, scaled already.
        weights: `None`, ``"imagenet"`` or a path.

    Raises:
        ValueError: if the weights cannot be had, or do not fit.
    """
    build = getattr(keras.applications, encoder.application)

    def with_(weights, **settings):
        with warnings.catch_warnings():
            # That weights were trained at 224x224, and that channels are usually 1 or 3.
            warnings.simplefilter("ignore")
            return build(weights=weights, **settings)

    headless = {"include_top": False, "input_shape": tuple(shape), **dict(encoder.settings)}
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
    application = with_(None, **headless)
    file.load_into(
        application,
        name,
        encoder.head,
        build_whole=lambda classes: with_(None, classes=classes),
    )
    return application


def copy_layers(application, x, prefix, batch_norm_momentum, with_weights):
    """Copy a network layer by layer, so that the copies are layers of the model around it.

    The copies of layers that Keras has named by counting are counted anew, so that a model has the
    same names whatever was built before it. Convolutions of one channel each become depthwise
    ones: TensorFlow trains grouped convolutions on CPUs only through XLA.

    Args:
        application: a functional `keras.Model`.
        x: what goes in, of the shape that `application` takes.
        prefix: how the names of the copies begin.
        batch_norm_momentum: weight of the past in the moving statistics of the copies.
        with_weights: whether the copies get the weights; else they have initial ones.

    Returns:
        A dict from the name of each original layer to the tensor that enters its copy, and the
        tensor that comes out at the end.
    """
    pairs, entered, results, counts = [], {}, [], Counter()

    def copy(layer):
        if isinstance(layer, keras.Sequential):
            return [copy(part) for part in layer.layers]
        made = _copy(layer, prefix + _stable_name(layer, counts), batch_norm_momentum)
        pairs.append((layer, made))
        return made

    def call(copies, *inputs, **settings):
        if not isinstance(copies, list):
            entered[copies.name.removeprefix(prefix)] = inputs[0]
            results.append(copies(*inputs, **settings))
            return results[-1]
        (x,) = inputs
        for one in copies:
            x = call(one, x)
        return x

    # What this returns begins at an input of its own; the calls were made on `x`.
    keras.models.clone_model(application, input_tensors=x, clone_function=copy, call_function=call)
    if with_weights:
        for layer, made in pairs:
            _copy_weights(layer, made)
    return entered, results[-1]


def _stable_name(layer, counts):
    """The layer's name; one that Keras made up is counted within the network."""
    kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()
    if not re.fullmatch(rf"{kind}(_\d+)?", layer.name):
        return layer.name
    counts[kind] += 1
    return kind if counts[kind] == 1 else f"{kind}_{counts[kind] - 1}"


def _copy(layer, name, batch_norm_momentum):
    config = {**layer.get_config(), "name": name}
    if isinstance(layer, layers.BatchNormalization):
        config["momentum"] = batch_norm_momentum
    if _is_depthwise(layer):
        return layers.DepthwiseConv2D(
            layer.kernel_size,
            layer.strides,
            padding=layer.padding,
            use_bias=layer.use_bias,
            depthwise_initializer=config["kernel_initializer"],
            dtype=config["dtype"],
            name=name,
        )
    return type(layer).from_config(config)


def _is_depthwise(layer):
    return type(layer) is layers.Conv2D and layer.groups == layer.filters > 1


def _copy_weights(layer, made):
    weights = layer.get_weights() if hasattr(layer, "get_weights") else []
    if _is_depthwise(layer):
        kernel, *bias = weights  # kernel: (height, width, 1, channels)
        weights = [kernel.swapaxes(2, 3), *bias]
    if weights:
        made.set_weights(weights)
