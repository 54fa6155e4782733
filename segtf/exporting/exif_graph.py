"""The EXIF orientation of a JPEG inside an exported graph, which TensorFlow's decoder ignores."""

import tensorflow as tf

_EXIF_HEADER = b"Exif\x00\x00"
_ORIENTATION_TAG = 0x0112
_SEARCHED_BYTES = 2**17
"""Metadata precedes the pixels, and a segment has at most 64 kB."""


def jpeg_orientation(data):
    """Read the orientation that a JPEG file asks to be shown in.

    Args:
        data: string tensor `()`, the bytes of a JPEG file.

    Returns:
        int32 tensor `()`: 1 (as stored, also where nothing is said) to 8.

    Raises:
        tf.errors.InvalidArgumentError: when run, where the file ends before its metadata does.
    """
    head = tf.strings.substr(data, 0, _SEARCHED_BYTES)
    head = tf.cast(tf.io.decode_raw(head, tf.uint8), tf.int32)
    segment = _exif_segment(head)
    return tf.cond(segment > 0, lambda: _orientation_tag(head, segment + 10), lambda: 1)


def turn_upright(pixels, orientation):
    """Turn and mirror pixels as an EXIF orientation asks.

    Args:
        pixels: tensor `(H, W, C)`.
        orientation: int32 tensor `()`, 1..8.

    Returns:
        Tensor `(H, W, C)`, or `(W, H, C)` for orientations 5 to 8.
    """
    turned = tf.cond(orientation >= 5, lambda: tf.transpose(pixels, (1, 0, 2)), lambda: pixels)
    mirrored = _is_one_of(orientation, (2, 3, 6, 7))
    turned = tf.cond(mirrored, lambda: turned[:, ::-1], lambda: turned)
    upside_down = _is_one_of(orientation, (3, 4, 7, 8))
    return tf.cond(upside_down, lambda: turned[::-1], lambda: turned)


def _is_one_of(value, candidates):
    return tf.reduce_any(value == tf.constant(candidates))


def _exif_segment(head):
    """Position of the segment that holds EXIF; 0 if the metadata ends without one."""

    def is_exif(at):
        # The bytes compared are the marker's second and, behind the length, the header.
        found = tf.concat([head[at + 1 : at + 2], head[at + 4 : at + 10]], axis=0)
        wanted = tf.constant([0xE1, *_EXIF_HEADER])
        return tf.logical_and(tf.size(found) == 7, tf.reduce_all(_pad(found) == wanted))

    def is_metadata(at):
        marker = tf.gather(head, at + 1)
        application = tf.logical_and(marker >= 0xE0, marker <= 0xEF)
        return tf.logical_or(application, marker == 0xFE)

    def goes_on(at):
        return tf.logical_and(is_metadata(at), tf.logical_not(is_exif(at)))

    def next_segment(at):
        return at + 2 + _unsigned(head, at + 2, 2, little=False)

    (at,) = tf.while_loop(goes_on, lambda at: (next_segment(at),), (tf.constant(2),))
    return tf.where(is_exif(at), at, 0)


def _pad(found):
    return tf.pad(found, [[0, 7 - tf.size(found)]])


def _orientation_tag(head, start):
    """The orientation in the TIFF structure that begins at `start`."""
    little = tf.gather(head, start) == ord("I")
    directory = start + _unsigned(head, start + 4, 4, little)
    entries = directory + 2 + 12 * tf.range(_unsigned(head, directory, 2, little))
    is_orientation = _unsigned(head, entries, 2, little) == _ORIENTATION_TAG
    values = tf.where(is_orientation, _unsigned(head, entries + 8, 2, little), 0)
    value = tf.reduce_max(tf.concat([values, [1]], axis=0))
    return tf.where(value > 8, 1, value)


def _unsigned(head, at, length, little):
    """Unsigned whole numbers of `length` bytes at the positions `at`."""
    places = tf.range(length)
    powers = tf.where(little, places, length - 1 - places)
    digits = tf.gather(head, tf.expand_dims(at, -1) + places)
    return tf.reduce_sum(digits * 256**powers, axis=-1)
