import numpy as np
import pytest
import tensorflow as tf

from segtf.exporting.saved_model.parts import in_parts


@pytest.mark.parametrize("total", [0, 1, 3, 4, 11])
def test_parts_are_small_in_order_and_complete(total):
    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)], autograph=False)
    def run(items):
        def function(part):
            count = tf.size(part)
            return part, tf.tile([[count, count]], (count, 1))

        outputs = (tf.TensorSpec((), tf.string), tf.TensorSpec((2,), tf.int32))
        return in_parts(function, items, 3, outputs)

    items = np.array([f"{index}" for index in range(total)], object)
    same, sizes = run(tf.constant(items, tf.string))
    assert list(same.numpy()) == [item.encode() for item in items]
    assert sizes.shape == (total, 2)
    expected = [3] * (total - total % 3) + [total % 3] * (total % 3)
    np.testing.assert_array_equal(sizes[:, 0], expected)
