import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from segtf.models import max_pool_with_indices, max_unpool
from segtf.models.unpooling import MaxPoolingWithIndices2D, MaxUnpooling2D

pytestmark = pytest.mark.calls_model

SIDES = st.integers(1, 4)


def reference_round_trip(x, scale):
    """Pool with TensorFlow's indices, and scatter the scaled maxima back."""
    maxima, places = tf.nn.max_pool_with_argmax(x, 2, 2, "VALID", include_batch_in_index=True)
    values = tf.reshape(maxima * scale, (-1,))
    flat = tf.scatter_nd(tf.reshape(places, (-1, 1)), values, [tf.size(x, tf.int64)])
    return maxima, tf.reshape(flat, x.shape)


def round_trip(x, scale):
    maxima, indices = max_pool_with_indices(x)
    return maxima, max_unpool(maxima * scale, indices)


def random_batch(shape, levels, seed):
    """Values of a few levels only, so that most windows hold equal maxima."""
    values = np.random.default_rng(seed).integers(0, levels, shape) / 3 - 1
    return tf.constant(values, "float32")


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(SIDES, SIDES, SIDES, SIDES),
    st.sampled_from([1, 2, 3, 10_000]),
    st.integers(0, 10_000),
)
def test_round_trip_is_that_of_tensorflow_ties_included(quarter, levels, seed):
    batch, height, width, channels = quarter
    x = random_batch((batch, 2 * height, 2 * width, channels), levels, seed)
    maxima, unpooled = round_trip(x, scale=3.0)
    expected_maxima, expected = reference_round_trip(x, scale=3.0)
    np.testing.assert_array_equal(maxima, expected_maxima)
    np.testing.assert_array_equal(unpooled, expected)


def test_gradients_are_those_of_tensorflow_ties_included():
    x = random_batch((2, 8, 6, 3), levels=3, seed=0)
    weights = random_batch((2, 8, 6, 3), levels=10_000, seed=1)
    gradients = []
    for implementation in (round_trip, reference_round_trip):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(weights * implementation(x, scale=2.0)[1])
        gradients.append(tape.gradient(loss, x))
    np.testing.assert_array_equal(*gradients)


def test_layers_do_the_same_at_unknown_size():
    pool, unpool = MaxPoolingWithIndices2D(), MaxUnpooling2D()

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3))])
    def by_layers(x):
        maxima, *indices = pool(x)
        return unpool([maxima, *indices])

    for size in ((4, 6), (10, 2)):
        x = random_batch((2, *size, 3), levels=3, seed=0)
        np.testing.assert_array_equal(by_layers(x), round_trip(x, scale=1.0)[1])
