"""Random numbers of each sample, from its own seed alone."""

import tensorflow as tf

_NAMES = (
    "flip_x",
    "flip_y",
    "turn",
    "angle",
    "size",
    "shear_x",
    "shear_y",
    "shift_x",
    "shift_y",
    "elastic",
    "crop_size",
    "crop_rare",
    "crop_pixel",
    "crop_x",
    "crop_y",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "gamma",
    "blur",
    "noise",
    "jpeg",
)


def draw_numbers(seeds):
    """Draw one number for every kind of change, whether it is in use or not.

    So the numbers of one change do not depend on the others.

    Args:
        seeds: int32 tensor `(B, 2)`.

    Returns:
        Dict of name to float32 tensor `(B,)` of numbers in [-1, 1).
    """
    numbers = _each(seeds, lambda seed: tf.random.stateless_uniform((len(_NAMES),), seed, -1, 1))
    return dict(zip(_NAMES, tf.unstack(numbers, axis=1), strict=True))


def draw_normal(seeds, salt, shape):
    """Draw float32 `(B, *shape)` from the standard normal distribution."""
    return _each(seeds, lambda seed: tf.random.stateless_normal(shape, _salted(seed, salt)))


def draw_shares(seeds, salt, shape):
    """Draw float32 `(B, *shape)` evenly from [0, 1)."""
    return _each(seeds, lambda seed: tf.random.stateless_uniform(shape, _salted(seed, salt)))


def share(number):
    """Bring a number from [-1, 1) to [0, 1)."""
    return (number + 1.0) / 2.0


def _salted(seed, salt):
    # Samples of an epoch differ in the second number, so that this one is free.
    return tf.stack([seed[0] + salt, seed[1]])


def _each(seeds, draw):
    drawn = tf.map_fn(draw, seeds, fn_output_signature=tf.float32)
    return tf.ensure_shape(drawn, (seeds.shape[0], *drawn.shape[1:]))
