"""Private parts of TensorFlow, Keras and LiteRT that segtf needs, for want of public ones.

They are used here and nowhere else. A test for each says when it has become public, and can go.
"""


def layers_within(model):
    """Return a Keras model and all layers within it, at any depth, as a list.

    `model.layers` leaves out what stands within a layer that is no model.

    Args:
        model: a `keras.Model`.
    """
    return list(model._flatten_layers())


def calls_of(layer):
    """Return the nodes of a Keras layer or operation: one for each time that it was called.

    Each has `input_tensors` and `output_tensors`; `layer.input` and `layer.output` are those of
    the first alone. A layer that was never called has none.
    """
    return getattr(layer, "_inbound_nodes", None) or []


def maker_of(tensor):
    """Return what gives a symbolic tensor of Keras.

    Args:
        tensor: a `keras.KerasTensor`.

    Returns:
        The operation, the index of its call in `calls_of`, and of the tensor in what that gave.
    """
    return tuple(tensor._keras_history)


def called_anew(model, tensor):
    """Return what copies of the layers of a model give for another tensor, with the same weights.

    The copies become part of the graph of the tensor: `keras.models.clone_model` makes a model of
    its own, which hides its layers in a larger one. A model that is not functional is called.

    Args:
        model: a `keras.Model` of one input and one output.
        tensor: a `keras.KerasTensor` of the shape that it takes.
    """
    functional = getattr(model, "_functional", None) or model
    if not hasattr(functional, "_run_through_graph"):
        return model(tensor)
    copies = {}

    def copy(layer):
        if id(layer) not in copies:
            copies[id(layer)] = layer, type(layer).from_config(layer.get_config())
        return copies[id(layer)][1]

    outputs = functional._run_through_graph(tensor, operation_fn=copy)
    for layer, its_copy in copies.values():
        if getattr(layer, "weights", None):
            its_copy.set_weights(layer.get_weights())
    return outputs[0] if isinstance(outputs, list | tuple) else outputs


class OwnWeightDecay:
    """To stand before a Keras optimizer that decays its weights itself, in `update_step`.

    The public `exclude_from_weight_decay` says whether a variable decays, not how fast; and
    `update_step` is given TensorFlow's variable, which does not know the path of Keras'.
    """

    def index_of(self, variable):
        """Return the place of a variable among those that `build` was given."""
        return self._get_variable_index(variable)

    def decays(self, variable):
        """Whether weights decay, and this variable is not left out of it."""
        return self.weight_decay is not None and self._use_weight_decay(variable)

    def _apply_weight_decay(self, variables):
        """Nothing: the optimizer does it in `update_step`."""


def operations_of(interpreter):
    """Return the operations of a TFLite file, in order, those of delegates among them.

    Args:
        interpreter: an `ai_edge_litert.interpreter.Interpreter`.

    Returns:
        A list of dicts with ``op_name``, and ``inputs`` and ``outputs``, indices of tensors.
    """
    return interpreter._get_ops_details()


def with_constants(function):
    """Return a TensorFlow function whose variables have become constants.

    Args:
        function: a concrete function.

    Returns:
        A concrete function that gives a list.
    """
    from tensorflow.python.framework import convert_to_constants

    return convert_to_constants.convert_variables_to_constants_v2(function)


def calibrate_only(converter):
    """Let a converter write the ranges of all tensors into a float32 file, and quantise nothing.

    The public `tf.lite.experimental.QuantizationDebugger` quantises besides, and runs the file.

    Args:
        converter: a `tf.lite.TFLiteConverter` to full int8, changed in place.
    """
    converter._experimental_calibrate_only = True


def quantize_calibrated(content, input_type, output_type, kept):
    """Bring a file that `calibrate_only` gave to full int8, but for some operations.

    litert-quantizer 0.11 and ai-edge-quantizer 0.10 cannot take its place: they know no
    DEPTH_TO_SPACE, ARG_MAX or GREATER_EQUAL, which they leave in float32, and make inputs int8,
    which pixels are not.
    Nor can `tf.lite.experimental.QuantizationDebugger`, whose files take float32.

    Args:
        content: the bytes of the file.
        input_type: `tf.uint8`, `tf.int8` or `tf.float32`, of what goes in.
        output_type: of what comes out.
        kept: names of the outputs of operations that stay in float32, which the public converter
            cannot be given.

    Returns:
        The bytes of a file.
    """
    from tensorflow.lite.python import convert

    return convert.mlir_quantize(
        content,
        input_data_type=input_type,
        output_data_type=output_type,
        denylisted_nodes=list(kept),
    )
