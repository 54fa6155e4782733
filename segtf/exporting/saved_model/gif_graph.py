"""The first frame of a GIF inside an exported graph.

TensorFlow's decoder makes every frame, each of the size of the first, whatever the screen in the
header says: a small file of many frames takes gigabytes. It is given the first frame alone, whose
size is known before.
"""

from dataclasses import dataclass

import tensorflow as tf

_EXTENSION, _IMAGE = 0x21, 0x2C
_GRAPHIC_CONTROL = 0xF9
_SCREEN_END = 13
_FULL_BLOCK, _BLOCKS_AT_ONCE = 255, 64
_MOST_STEPS = 2**15
_ONE_PIXEL = bytes.fromhex("2c 00000000 01000100 80 000000 ffffff 02 02 4401 00 3b")
"""A frame of one pixel with colours of its own, and the end of a file."""


@dataclass(frozen=True)
class GifFrame:
    """The first frame, and where it lies.

    Args:
        file: string tensor `()`: a GIF of this frame, at the upper left, and one of one pixel.
        place: int32 tensor `(2,)`: top and left on the screen.
        size: int32 tensor `(2,)`: height and width of the frame.
        screen: int32 tensor `(2,)`: height and width of the whole picture.
        around: uint8 tensor `(3,)`: colour of what the frame leaves free.
    """

    file: tf.Tensor
    place: tf.Tensor
    size: tf.Tensor
    screen: tf.Tensor
    around: tf.Tensor


def first_frame(data):
    """Find the first frame, decoding nothing.

    Args:
        data: string tensor `()`, the bytes of a GIF file.

    Returns:
        A `GifFrame`.

    Raises:
        tf.errors.InvalidArgumentError: when run, for a damaged file.
    """
    raw = tf.io.decode_raw(data, tf.uint8)
    colors = _table_bytes(raw, 10)
    at, transparent = _first_image(raw, _SCREEN_END + colors)
    own_colors = _table_bytes(raw, at + 9)
    left, top, width, height = (_short(raw, at + 1 + 2 * index) for index in range(4))
    end = _behind_blocks(raw, at + 11 + own_colors)
    file = tf.strings.join(
        [
            tf.strings.substr(data, 0, _SCREEN_END + colors),
            # What makes a colour transparent is left out: TensorFlow would paint it black.
            tf.constant(bytes([_IMAGE, 0, 0, 0, 0])),
            tf.strings.substr(data, at + 5, end - at - 5),
            tf.constant(_ONE_PIXEL),
        ]
    )
    place, size = tf.stack([top, left]), tf.stack([height, width])
    screen = tf.stack([_short(raw, 8), _short(raw, 6)])
    palette = tf.where(own_colors > 0, at + 10, _SCREEN_END)
    around = raw[palette + 3 * transparent : palette + 3 * transparent + 3]
    return GifFrame(file, place, size, tf.maximum(screen, place + size), around)


def gif_pixels(data):
    """Decode the first frame of a GIF, on its screen.

    Args:
        data: string tensor `()`, the bytes of a GIF file.

    Returns:
        uint8 tensor `(H, W, 3)`.

    Raises:
        tf.errors.InvalidArgumentError: when run, for a damaged file.
    """
    frame = first_frame(data)
    frames = tf.io.decode_gif(frame.file)
    # A damaged frame is decoded as far as it goes, but no other frame behind it.
    with tf.control_dependencies([tf.debugging.assert_equal(tf.shape(frames)[0], 2)]):
        pixels = tf.ensure_shape(frames[0], (None, None, 3))
    return tf.cond(
        tf.reduce_all(frame.size == frame.screen),
        lambda: pixels,
        lambda: _on_screen(pixels, frame),
    )


def _on_screen(pixels, frame):
    behind = frame.screen - frame.place - frame.size
    padding = tf.pad(tf.stack([frame.place, behind], axis=1), [[0, 1], [0, 0]])
    # Padding is of one number: that of the colour around is 0 once it is taken off.
    return tf.pad(pixels - frame.around, padding) + frame.around


def _first_image(raw, start):
    """Position of the first image, and the colour index that is transparent in it, or 0."""

    def is_extension(at, transparent):
        return _byte(raw, at) == _EXTENSION

    def skip(at, transparent):
        says = tf.logical_and(
            _byte(raw, at + 1) == _GRAPHIC_CONTROL,
            tf.bitwise.bitwise_and(_byte(raw, at + 3), 1) == 1,
        )
        index = tf.cond(says, lambda: _byte(raw, at + 6), lambda: transparent)
        return _behind_blocks(raw, at + 2), index

    at, transparent = tf.while_loop(
        is_extension, skip, (start, tf.constant(0)), maximum_iterations=_MOST_STEPS
    )
    with tf.control_dependencies([tf.debugging.assert_equal(_byte(raw, at), _IMAGE)]):
        return tf.identity(at), transparent


def _behind_blocks(raw, start):
    """Position behind blocks of data, each a length and as many bytes, and the 0 at their end."""

    def goes_on(at):
        return _byte(raw, at) != 0

    def skip(at):
        # Nearly all blocks are full: of these, many are passed over in one step.
        lengths = raw[at : at + (_FULL_BLOCK + 1) * _BLOCKS_AT_ONCE : _FULL_BLOCK + 1]
        is_other = tf.concat([lengths != _FULL_BLOCK, [True]], axis=0)
        full = tf.argmax(is_other, output_type=tf.int32)
        return (at + tf.where(full > 0, (_FULL_BLOCK + 1) * full, _byte(raw, at) + 1),)

    (at,) = tf.while_loop(goes_on, skip, (start,), maximum_iterations=_MOST_STEPS)
    with tf.control_dependencies([tf.debugging.assert_equal(_byte(raw, at), 0)]):
        return at + 1


def _table_bytes(raw, at):
    """Length of the table of colours that the flags at a position speak of; 0 without one."""
    flags = _byte(raw, at)
    size = 3 * 2 ** (tf.bitwise.bitwise_and(flags, 7) + 1)
    return tf.where(flags >= 128, size, 0)


def _short(raw, at):
    return _byte(raw, at) + 256 * _byte(raw, at + 1)


def _byte(raw, at):
    return tf.cast(raw[at], tf.int32)
