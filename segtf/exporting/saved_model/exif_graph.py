"""The orientation that a file asks to be shown in, inside an exported graph.

TensorFlow's decoders ignore it. It stands in EXIF, of a JPEG or PNG, or else in XMP, and is found
where Pillow finds it.
"""

import tensorflow as tf

from segtf.exporting.saved_model.jpeg_graph import jpeg_parts, segment

_ORIENTATION_TAG = 0x0112
_LARGEST_PART = 2**16
_EXIF_NAME, _XMP_NAME = 8, 31
"""Bytes of a segment before what it holds: its length and name."""
_PNG_EXIF = b"eXIfMM\0*", b"eXIfII*\0"
_PNG_XMP = b"iTXtXML:com.adobe.xmp"
_PNG_PROFILE = b"Raw profile type exif\0"
_XMP_ORIENTATION = r'(?s)\C*?tiff:Orientation(?:="|>)([0-9])\C*'
_SHORTS, _LONGS = (3, 8), (4, 9)


def jpeg_orientation(data):
    """Read the orientation that a JPEG file asks to be shown in.

    Args:
        data: string tensor `()`, the bytes of a JPEG file.

    Returns:
        int32 tensor `()`: 1 (as stored, also where nothing is said) to 8.

    Raises:
        tf.errors.InvalidArgumentError: when run, for a damaged file.
    """
    parts = jpeg_parts(data)
    exif, xmp = segment(data, parts.exif, _EXIF_NAME), segment(data, parts.xmp, _XMP_NAME)
    return _orientation(exif, xmp)


def png_orientation(data):
    """Read the orientation that a PNG file asks to be shown in: of its eXIf, or else XMP.

    Args and errors are those of `jpeg_orientation`.
    """
    big, little = (_from(data, mark) for mark in _PNG_EXIF)
    exif = tf.strings.substr(tf.where(big != "", big, little), 4, _LARGEST_PART)
    xmp = tf.strings.substr(_from(data, _PNG_XMP), 0, _LARGEST_PART)
    return _orientation(exif, xmp)


def has_hidden_orientation(data):
    """Say whether a PNG file holds an orientation that `png_orientation` does not find.

    Args:
        data: string tensor `()`, the bytes of a PNG file.

    Returns:
        bool tensor `()`.
    """
    compressed_xmp = _from(data, _PNG_XMP + b"\0\1") != ""
    return tf.logical_or(compressed_xmp, _from(data, _PNG_PROFILE) != "")


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


def _from(data, mark):
    """A file from a mark on; empty where the mark is missing."""
    pieces = tf.strings.split(data, mark, maxsplit=1)
    length = tf.strings.length(data)
    start = tf.where(tf.size(pieces) > 1, tf.strings.length(pieces[0]), length)
    return tf.strings.substr(data, start, length)


def _orientation(exif, xmp):
    """That of EXIF, or of XMP where EXIF has none; both may be empty."""
    found = tf.cond(exif == "", lambda: 0, lambda: _of_exif(exif))
    found = tf.cond(tf.logical_and(found == 0, xmp != ""), lambda: _of_xmp(xmp), lambda: found)
    return tf.where(tf.logical_and(found >= 1, found <= 8), found, 1)


def _of_xmp(xmp):
    digit = tf.strings.regex_replace(xmp, _XMP_ORIENTATION, r"\1", replace_global=False)
    is_found = tf.strings.length(digit) == 1
    return tf.strings.to_number(tf.where(is_found, digit, "0"), tf.int32)


def _of_exif(exif):
    """The orientation in a TIFF structure; 0 without one."""
    content = tf.cast(tf.io.decode_raw(exif, tf.uint8), tf.int32)
    little = content[0] == ord("I")
    directory = _unsigned(content, 4, 4, little)
    there = (tf.size(content) - directory - 2) // 12
    count = tf.minimum(_unsigned(content, directory, 2, little), there)
    entries = directory + 2 + 12 * tf.range(count)
    places = tf.where(_unsigned(content, entries, 2, little) == _ORIENTATION_TAG)[:, 0]

    def value():
        entry = entries[places[0]]
        kind = _unsigned(content, entry + 2, 2, little)
        short = tf.where(_is_one_of(kind, _SHORTS), _unsigned(content, entry + 8, 2, little), -1)
        return tf.where(_is_one_of(kind, _LONGS), _unsigned(content, entry + 8, 4, little), short)

    return tf.cond(tf.size(places) > 0, value, lambda: 0)


def _unsigned(content, at, length, little):
    """Unsigned whole numbers of `length` bytes at the positions `at`."""
    places = tf.range(length)
    powers = tf.where(little, places, length - 1 - places)
    digits = tf.gather(content, tf.expand_dims(at, -1) + places)
    return tf.reduce_sum(digits * 256**powers, axis=-1)


def _is_one_of(value, candidates):
    return tf.reduce_any(value == tf.constant(candidates))
