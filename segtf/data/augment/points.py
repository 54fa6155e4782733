"""Points, moved as the pixels under them are."""

import tensorflow as tf

from segtf.data.augment.geometric import GRID

_ROUNDS = 12


def swap_pairs(points, swap, sign_x, sign_y, skeleton):
    """Exchange left and right joints where an image is mirrored.

    Args:
        points: float32 `(B, N, K, 3)`.
        swap: of `segtf.data.augment.geometric.orientation`, as are the signs.
        sign_x: float32 `(B,)`.
        sign_y: float32 `(B,)`.
        skeleton: a `segtf.labels.Skeleton` of K joints.
    """
    # A swap of rows and columns is a mirror image, and so is either sign.
    is_mirrored = sign_x * sign_y * (1.0 - 2.0 * swap) < 0.0
    exchanged = tf.gather(points, skeleton.mirrored, axis=2)
    return tf.where(is_mirrored[:, tf.newaxis, tf.newaxis, tf.newaxis], exchanged, points)


def move_points(points, matrix, center, grid, height, width):
    """Bring points to where `segtf.data.augment.geometric.coordinates` fetches them from.

    Args:
        points: float32 `(B, N, K, 3)`.
        matrix: float32 `(B, 2, 2)`, of `affine`: it maps steps in the output to steps in the input.
        center: float32 `(B, 2)`, the x and y in the input that come to lie in the middle.
        grid: float32 `(B, 4, 4, 2)`, of `elastic_grid`, or `None`.
        height: of the images, in pixels.
        width: of the images, in pixels.

    Returns:
        float32 `(B, N, K, 3)`; a point that leaves its image has visibility 0.
    """
    size = tf.constant([width, height], tf.float32)
    backward = tf.linalg.inv(matrix)
    steps = points[..., :2] - center[:, tf.newaxis, tf.newaxis]

    def to_output(steps):
        return tf.einsum("bij,bnkj->bnki", backward, steps) + (size - 1.0) / 2.0

    place = to_output(steps)
    if grid is not None:
        # The shift belongs to a place in the output, which is what is sought.
        for _ in range(_ROUNDS):
            place = to_output(steps - _shift(place, grid, size))
    nearest = tf.floor(place + 0.5)
    is_inside = tf.reduce_all((nearest >= 0.0) & (nearest < size), axis=-1, keepdims=True)
    visibility = tf.where(is_inside, points[..., 2:], 0.0)
    return tf.concat([place, visibility], axis=-1)


def _shift(place, grid, size):
    """The elastic shift `(B, N, K, 2)` at places in the output."""
    last = tf.maximum(size - 1.0, 1.0)
    across, down = tf.unstack(tf.clip_by_value(place / last, 0.0, 1.0) * (GRID - 1), axis=-1)
    return tf.einsum("bnki,bijc,bnkj->bnkc", _cubic(down), grid, _cubic(across))


def _cubic(place):
    """Weights `(..., 4)` of four points, at 0, 1, 2 and 3: the cubic through them."""
    return tf.stack(
        [
            -(place - 1.0) * (place - 2.0) * (place - 3.0) / 6.0,
            place * (place - 2.0) * (place - 3.0) / 2.0,
            -place * (place - 1.0) * (place - 3.0) / 2.0,
            place * (place - 1.0) * (place - 2.0) / 6.0,
        ],
        axis=-1,
    )
