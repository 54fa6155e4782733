"""The encoder of a model: which part it is, a lower learning rate for it, and leaving it frozen.

An encoder that begins with weights of ImageNet knows much already. A lower learning rate, or none
in the first epochs, keeps that while the rest of the model is still far from useful.
"""

import keras
from keras import ops

from segtf.compat import OwnWeightDecay, layers_within
from segtf.nearest import names_to_choose
from segtf.training.config import ENCODER


def find_layers(model, prefix=ENCODER):
    """Return the layers with weights whose names begin with a text, and those of such a model.

    The names are saved with a model, so that this finds the same layers after loading it.

    Args:
        model: a `keras.Model`.
        prefix: beginning of the names, of layers or of models within `model`.

    Returns:
        A list of `keras.layers.Layer`.

    Raises:
        ValueError: if there is no such layer.

    Example:

    >>> from segtf.models import unet
    >>> model = unet((16, 16, 3), base_filters=2, depth=1)
    >>> [layer.name for layer in find_layers(model)][:2]
    ['encoder0_1_conv', 'encoder0_1_norm']
    """
    chosen = list(_find(model, prefix))
    if not chosen:
        names = [layer.name for layer in layers_of(model) if layer.weights]
        raise ValueError(
            "Expected the beginning of a layer's name out of "
            f"{names_to_choose(names, prefix)}. Received: {prefix!r}"
        )
    return chosen


def find_trained_layers(model, prefix=ENCODER):
    """Return those of the layers that `find_layers` returns which are not frozen.

    Args:
        model: a `keras.Model`.
        prefix: beginning of the names, of layers or of models within `model`.

    Returns:
        A list of `keras.layers.Layer`.

    Raises:
        ValueError: if there is none.
    """
    trained = [layer for layer in find_layers(model, prefix) if layer.trainable]
    if not trained:
        raise ValueError(
            f"Expected layers {prefix!r} that are trained after the first epochs. "
            "Received: a model in which all of them are frozen"
        )
    return trained


def _find(model, prefix, is_within=False):
    for layer in model.layers:
        is_part = is_within or layer.name.startswith(prefix)
        if isinstance(layer, keras.Model):
            yield from _find(layer, prefix, is_part)
        elif is_part and layer.weights:
            yield layer


def layers_of(model):
    """Return all layers of a model, also those of the models within it, which are left out.

    Args:
        model: a `keras.Model`.
    """
    return [layer for layer in layers_within(model) if not isinstance(layer, keras.Model)]


class _SlowEncoder(OwnWeightDecay):
    """What the optimizers below have in common: a learning rate of its own for the encoder."""

    def __init__(self, learning_rate=None, *, encoder_factor=0.1, prefix=ENCODER, **kwargs):
        if learning_rate is not None:
            kwargs["learning_rate"] = learning_rate
        super().__init__(**kwargs)
        self.encoder_factor = encoder_factor
        self.prefix = prefix

    def build(self, variables):
        """Make the moments of the variables, and find out which belong to the encoder."""
        if self.built:
            return
        super().build(variables)
        is_encoder = [self._is_encoder(variable.path) for variable in variables]
        if not any(is_encoder):
            raise ValueError(
                f"Expected trained weights of an encoder: of layers called {self.prefix}... "
                f"Received: {', '.join(variable.path for variable in variables[:5])}, ..."
            )
        self._factors = [self.encoder_factor if is_slow else 1.0 for is_slow in is_encoder]

    def _is_encoder(self, path):
        return any(name.startswith(self.prefix) for name in path.split("/")[:-1])

    def update_step(self, gradient, variable, learning_rate):
        """Decay and update one variable at its own learning rate."""
        learning_rate = learning_rate * self._factors[self.index_of(variable)]
        if self.decays(variable):
            share = ops.cast(self.weight_decay * learning_rate, variable.dtype)
            self.assign_sub(variable, variable * share)
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "encoder_factor": self.encoder_factor,
            "prefix": self.prefix,
        }


@keras.saving.register_keras_serializable(package="segtf")
class EncoderAdamW(_SlowEncoder, keras.optimizers.AdamW):
    """AdamW whose learning rate for the encoder is a fraction of that for the other layers.

    Adam takes out the scale of the gradients, so that scaling those of the encoder would change
    nothing; here its updates are scaled, and its weight decay too.

    Args:
        learning_rate: that of the other layers: a number or a schedule; by default that of Keras.
        encoder_factor: that of the encoder, as a fraction of it.
        prefix: how the names of the encoder's layers begin, as `variable.path` has them; by
            default, as they do in every model of `segtf.models`.
        **kwargs: arguments of `keras.optimizers.AdamW`, all by name.

    Raises:
        ValueError: when it is built, if no variable belongs to the encoder.

    Example:

    >>> from segtf.models import unet
    >>> model = unet((16, 16, 3), base_filters=2, depth=1)
    >>> model.compile(EncoderAdamW(1e-3, encoder_factor=0.1), "binary_crossentropy")
    """


@keras.saving.register_keras_serializable(package="segtf")
class EncoderSGD(_SlowEncoder, keras.optimizers.SGD):
    """SGD whose learning rate for the encoder is a fraction of that for the other layers.

    Args:
        learning_rate: that of the other layers: a number or a schedule; by default that of Keras.
        encoder_factor: that of the encoder, as a fraction of it.
        prefix: how the names of the encoder's layers begin, as `variable.path` has them.
        **kwargs: arguments of `keras.optimizers.SGD`, all by name.

    Raises:
        ValueError: when it is built, if no variable belongs to the encoder.
    """


class FreezeEncoder(keras.callbacks.Callback):
    """Keep the encoder as it is in the first epochs of `model.fit`, then train all layers.

    While it is frozen, its batch normalisation uses the statistics that it began with. The
    optimizer knows all variables from the start. Which phase an epoch belongs to depends on its
    number alone, so that a training may go on anywhere with ``initial_epoch``. To come before the
    callbacks that save the model: between the epochs every layer is trainable.

    Args:
        model: the built `keras.Model`.
        epochs: number of the first epochs in which the encoder is frozen.
        prefix: how the names of the encoder's layers begin; layers that are frozen already when
            this is made stay so.

    Raises:
        ValueError: if there is no encoder, or none of it is trained.

    Example:

    >>> from segtf.models import unet
    >>> model = unet((16, 16, 3), base_filters=2, depth=1)
    >>> callbacks = [FreezeEncoder(model, epochs=2)]
    """

    def __init__(self, model, epochs, prefix=ENCODER):
        super().__init__()
        self.epochs = epochs
        self.layers = find_trained_layers(model, prefix)
        self._compiled_for = None

    def on_train_begin(self, logs=None):
        """Let the optimizer know all variables; what step `fit` has kept is not known."""
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        self._compiled_for = None

    def on_epoch_begin(self, epoch, logs=None):
        """Freeze or not, and let Keras make its step anew where that changes."""
        is_frozen = epoch < self.epochs
        self._set_trainable(not is_frozen)
        if is_frozen != self._compiled_for:
            self.model.make_train_function(force=True)
            self._compiled_for = is_frozen

    def on_epoch_end(self, epoch, logs=None):
        """Leave no frozen layer in what is saved."""
        self._set_trainable(True)

    def on_train_end(self, logs=None):
        """Leave no frozen layer behind, nor a step that was made for them."""
        self._set_trainable(True)
        if self._compiled_for:
            self.model.make_train_function(force=True)

    def _set_trainable(self, value):
        for layer in self.layers:
            layer.trainable = value
