"""Encoded images to pixels inside an exported graph, one bad image never spoiling the others.

JPEG, PNG, GIF (its first frame) and BMP (24 bits, not compressed) are read. TensorFlow's decoders
fail the whole request for a damaged file; here they run as a step of a `tf.data` pipeline of one
element, which drops the element when they fail.
"""

import tensorflow as tf

from segtf.data.array_files import MAX_PIXELS, MAX_SIDE
from segtf.data.jpeg_scans import MAX_SCANNED_PIXELS, MAX_SCANNED_VALUES, MAX_SCANS
from segtf.exporting.saved_model.exif_graph import (
    has_hidden_orientation,
    jpeg_orientation,
    png_orientation,
    turn_upright,
)
from segtf.exporting.saved_model.gif_graph import first_frame, gif_pixels
from segtf.exporting.saved_model.jpeg_graph import too_many_scans

_MAGIC_BYTES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM")
_JPEG, _PNG, _GIF, _BMP = range(4)
_UNKNOWN = len(_MAGIC_BYTES)

_FURTHER_PNG_BYTES = 2**19
_COMPRESSED_TEXTS, _MOST_TEXTS = (b"zTXt", b"iTXt", b"iCCP"), 64
_TOO_MUCH_IN_PNG = (
    f"Expected a PNG of at most 9 bytes a pixel and {_FURTHER_PNG_BYTES} more, with at most "
    f"{_MOST_TEXTS} compressed texts. Received: one of more"
)
_HIDDEN_ORIENTATION = (
    "Expected a PNG that is upright, or says in eXIf how it is turned. Received: one that says so "
    "in compressed XMP or text"
)
_TOO_MANY_SCANS = (
    f"Expected a JPEG in several scans, as a progressive one is, of at most {MAX_SCANS} scans, "
    f"{MAX_SCANNED_VALUES} pixels x components and {MAX_SCANNED_PIXELS} pixels x scans. "
    "Received: one of more"
)


def decode_in_graph(data, channels):
    """Decode one image, as `segtf.data.decode.read_image` does.

    The EXIF orientation is applied, alpha is dropped, 16-bit values keep their upper 8 bits. What
    the header promises, and what a file costs beyond that, is looked at before it is decoded.

    Args:
        data: string tensor `()`, the bytes of an image file.
        channels: 3 for RGB, 1 for grey.

    Returns:
        uint8 tensor `(H, W, channels)` and string tensor `()`: empty, or what is wrong with the
        image, whose height and width are then 0.
    """
    kind = _kind(data)
    nothing = tf.zeros((0, 0, channels), tf.uint8)
    size = _attempt(lambda data: _size_in_header(data, kind), data, tf.zeros(2, tf.int64))
    problem = _problem(data, kind, size)
    problem = tf.cond(problem == "", lambda: _hidden_problem(data, kind, size), lambda: problem)
    pixels = tf.cond(
        problem == "",
        lambda: _attempt(lambda data: _pixels(data, kind, channels), data, nothing),
        lambda: nothing,
    )
    damaged = tf.logical_and(problem == "", tf.size(pixels) == 0)
    return pixels, tf.where(damaged, _cannot_decode(data), problem)


def _attempt(step, data, otherwise):
    """`step(data)`, or `otherwise` where that fails."""
    result = tf.data.Dataset.from_tensors(data).map(step).ignore_errors()
    fallback = tf.data.Dataset.from_tensors(otherwise)
    return result.concatenate(fallback).take(1).get_single_element()


def _kind(data):
    """Index into `_MAGIC_BYTES`, or `_UNKNOWN`."""
    matches = [tf.strings.substr(data, 0, len(magic)) == magic for magic in _MAGIC_BYTES]
    return tf.argmax(tf.stack([*matches, True]), output_type=tf.int32)


def _problem(data, kind, size):
    too_large = tf.strings.format(
        f"Expected at most {MAX_PIXELS} pixels. Received: {{}} x {{}} (height x width)",
        (size[0], size[1]),
    )
    unknown = tf.strings.format(
        "Expected a JPEG, PNG, GIF or BMP image. Received: {} bytes of another kind",
        tf.strings.length(data),
    )
    is_too_large = size[0] > MAX_PIXELS // tf.maximum(size[1], 1)  # the product may overflow
    too_long = tf.strings.format(
        f"Expected at most {MAX_SIDE} pixels a side. Received: {{}} x {{}} (height x width)",
        (size[0], size[1]),
    )
    problem = tf.where(tf.reduce_max(size) > MAX_SIDE, too_long, "")
    problem = tf.where(is_too_large, too_large, problem)
    problem = tf.where(tf.reduce_min(size) < 1, _cannot_decode(data), problem)
    return tf.where(kind == _UNKNOWN, unknown, problem)


def _hidden_problem(data, kind, size):
    """What is wrong beyond the size: costs that it does not tell, pixels that are turned."""
    return tf.switch_case(
        kind,
        {
            _JPEG: lambda: _attempt(
                lambda data: tf.where(too_many_scans(data, size), _TOO_MANY_SCANS, ""),
                data,
                _cannot_decode(data),
            ),
            _PNG: lambda: _attempt(
                lambda data: _png_problem(data, size), data, _cannot_decode(data)
            ),
        },
        default=lambda: tf.constant(""),
    )


def _png_problem(data, size):
    """A decoder inflates what lies behind the last row, and each text, to a thousand times."""
    # Four samples of 16 bits, whatever the header says, and the rows that compression adds.
    most_bytes = 9 * tf.reduce_prod(size) + _FURTHER_PNG_BYTES
    is_too_much = tf.logical_or(
        tf.cast(tf.strings.length(data), tf.int64) > most_bytes,
        sum(_count(data, text) for text in _COMPRESSED_TEXTS) > _MOST_TEXTS,
    )
    problem = tf.where(has_hidden_orientation(data), _HIDDEN_ORIENTATION, "")
    return tf.where(is_too_much, _TOO_MUCH_IN_PNG, problem)


def _count(data, mark):
    return tf.size(tf.strings.split(data, mark)) - 1


def _cannot_decode(data):
    return tf.strings.format(
        "Expected an image that can be decoded. Received: {} bytes, damaged or truncated, or of "
        "a variant that is not supported",
        tf.strings.length(data),
    )


def _size_in_header(data, kind):
    """Height and width, int64 `(2,)`. Fails where the header is damaged."""
    return tf.switch_case(
        kind,
        {
            _JPEG: lambda: tf.cast(tf.io.extract_jpeg_shape(data)[:2], tf.int64),
            _PNG: lambda: _numbers(data, start=16, length=4, little=False)[::-1],
            _GIF: lambda: tf.cast(first_frame(data).screen, tf.int64),
            _BMP: lambda: _bmp_size(data),
        },
        default=lambda: tf.zeros(2, tf.int64),
    )


def _numbers(data, start, length, little):
    """Two unsigned whole numbers of `length` bytes each, one after the other: int64 `(2,)`."""
    raw = tf.io.decode_raw(tf.strings.substr(data, start, 2 * length), tf.uint8)
    digits = tf.reshape(tf.cast(raw, tf.int64), (2, length))
    order = range(length) if little else reversed(range(length))
    return tf.reduce_sum(digits * tf.constant([256**power for power in order], tf.int64), axis=1)


def _bmp_size(data):
    """A negative height, as 32 bits, says that the rows run from top to bottom."""
    width_height = _numbers(data, start=18, length=4, little=True)
    bits_per_pixel = _numbers(data, start=26, length=2, little=True)[1]
    compression = _numbers(data, start=30, length=4, little=True)[0]
    size = tf.stack([tf.minimum(width_height[1], 2**32 - width_height[1]), width_height[0]])
    # TensorFlow takes the palette indices of 8 bits for grey values.
    supported = tf.logical_and(bits_per_pixel == 24, compression == 0)
    return tf.where(supported, size, tf.zeros_like(size))


def _pixels(data, kind, channels):
    """uint8 `(H, W, channels)`. Fails where the file is damaged."""
    pixels = tf.switch_case(
        kind,
        {
            _JPEG: lambda: _jpeg_pixels(data),
            _PNG: lambda: _png_pixels(data),
            _GIF: lambda: gif_pixels(data),
            _BMP: lambda: tf.io.decode_bmp(data, channels=3),
        },
    )
    pixels = tf.ensure_shape(pixels, (None, None, 3))
    return pixels if channels == 3 else _grey(pixels)


def _grey(pixels):
    """Luma of ITU-R 601 in Pillow's fixed-point arithmetic."""
    red, green, blue = tf.unstack(tf.cast(pixels, tf.int32), axis=-1)
    luma = (19595 * red + 38470 * green + 7471 * blue + 2**15) // 2**16
    return tf.cast(luma, tf.uint8)[..., tf.newaxis]


def _png_pixels(data):
    pixels = tf.io.decode_png(data, channels=3)
    return turn_upright(pixels, _attempt(png_orientation, data, tf.constant(1, tf.int32)))


def _jpeg_pixels(data):
    # INTEGER_ACCURATE is what Pillow decodes with; TensorFlow's default differs by up to 6.
    pixels = tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE")
    orientation = _attempt(jpeg_orientation, data, tf.constant(1, tf.int32))
    return turn_upright(pixels, orientation)
