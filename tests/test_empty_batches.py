import numpy as np
import pytest
import tensorflow as tf

from segtf.empty_batches import never_empty

pytestmark = pytest.mark.calls_model

KERNEL = tf.constant(np.random.default_rng(0).normal(size=(3, 3, 3, 4)), tf.float32)
IMAGES = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype("float32")


def two_convolutions(images, scale=1.0):
    """What oneDNN cannot do of an empty batch."""
    tf.debugging.assert_positive(tf.size(images))
    features = tf.nn.conv2d(images, KERNEL, 1, "SAME")
    return {"features": features, "sums": [scale * tf.reduce_sum(features, axis=(1, 2))]}


def compiled(function, jit):
    shape = tf.TensorSpec((None, 8, 8, 3), tf.float32)
    return tf.function(function, input_signature=[shape], jit_compile=jit)


CALLS = {
    "eager": lambda function: function,
    "graph": lambda function: compiled(function, False),
    "XLA": lambda function: compiled(function, True),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_empty_batch_has_an_empty_answer_and_others_stay(call):
    function = call(never_empty(two_convolutions))
    empty = function(tf.zeros((0, 8, 8, 3)))
    assert (empty["features"].shape, empty["sums"][0].shape) == ((0, 8, 8, 4), (0, 4))
    for count in (1, 2):
        answer, expected = (f(tf.constant(IMAGES[:count])) for f in (function, two_convolutions))
        np.testing.assert_allclose(answer["features"], expected["features"], rtol=1e-5, atol=1e-5)
        assert answer["sums"][0].shape == (count, 4)


def test_of_batches_of_unknown_size_the_other_sizes_stay_known():
    graph = compiled(never_empty(two_convolutions), False).get_concrete_function()
    assert graph.structured_outputs["features"].shape.as_list() == [None, 8, 8, 4]


def test_nothing_is_added_where_the_batch_is_known_not_to_be_empty():
    graph = tf.function(never_empty(lambda images: images + 1.0)).get_concrete_function(
        tf.TensorSpec((2, 8, 8, 3), tf.float32)
    )
    assert {node.op for node in graph.graph.as_graph_def().node}.isdisjoint({"ConcatV2", "Shape"})


def test_arrays_and_other_arguments_are_handed_on():
    answer = never_empty(two_convolutions)(IMAGES[:0], scale=2.0)
    assert answer["sums"][0].shape == (0, 4)
    np.testing.assert_allclose(
        never_empty(two_convolutions)(IMAGES, scale=2.0)["sums"][0],
        two_convolutions(tf.constant(IMAGES), scale=2.0)["sums"][0],
    )
