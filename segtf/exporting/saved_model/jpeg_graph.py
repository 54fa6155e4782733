"""JPEG files inside an exported graph: where their parts are, and what their scans cost.

See `segtf.data.jpeg_scans` for the limits.
"""

from dataclasses import dataclass

import tensorflow as tf

from segtf.data import jpeg_scans

_EXIF = b"\xe1Exif\0\0"
_XMP = b"\xe1http://ns.adobe.com/xap/1.0/\0"
_MOST_STEPS = 2**15


@dataclass(frozen=True)
class JpegParts:
    """Positions in a file, int32 tensors `()`; 0 for what is not there.

    Args:
        exif: of the marker of the first segment of EXIF.
        xmp: of the last segment of XMP.
        frame: of the frame, which says the components.
        scan: of the first scan.
    """

    exif: tf.Tensor
    xmp: tf.Tensor
    frame: tf.Tensor
    scan: tf.Tensor


def jpeg_parts(data):
    """Walk from segment to segment until the first scan.

    Args:
        data: string tensor `()`, the bytes of a JPEG file.

    Returns:
        `JpegParts`.

    Raises:
        tf.errors.InvalidArgumentError: when run, where no scan is found.
    """
    raw = tf.io.decode_raw(data, tf.uint8)

    def goes_on(at, *found):
        return tf.logical_not(
            tf.logical_and(raw[at] == 0xFF, raw[at + 1] == jpeg_scans.START_OF_SCAN)
        )

    def step(at, exif, xmp, frame):
        marker = _byte(raw, at + 1)
        is_none = tf.logical_or(raw[at] != 0xFF, marker == 0xFF)
        length = 2 + 256 * _byte(raw, at + 2) + _byte(raw, at + 3)
        length = tf.where(_is_one_of(marker, jpeg_scans.ALONE), 2, length)
        length = tf.where(is_none, 1, length)

        def if_found(condition, before):
            return tf.where(tf.logical_and(condition, tf.logical_not(is_none)), at, before)

        return (
            at + length,
            if_found(tf.logical_and(exif == 0, _begins(data, at, _EXIF)), exif),
            if_found(_begins(data, at, _XMP), xmp),
            if_found(_is_one_of(marker, jpeg_scans.FRAMES), frame),
        )

    nothing = tf.constant(0)
    at, exif, xmp, frame = tf.while_loop(
        goes_on, step, (tf.constant(2), nothing, nothing, nothing), maximum_iterations=_MOST_STEPS
    )
    with tf.control_dependencies([tf.debugging.assert_equal(goes_on(at), False)]):
        return JpegParts(exif, xmp, frame, tf.identity(at))


def too_many_scans(data, size):
    """Say whether a JPEG file costs more than `segtf.data.jpeg_scans` allows.

    Args:
        data: string tensor `()`, the bytes of the file.
        size: int64 tensor `(2,)`: height and width.

    Returns:
        bool tensor `()`.

    Raises:
        tf.errors.InvalidArgumentError: when run, where no scan is found.
    """
    parts = jpeg_parts(data)
    raw = tf.io.decode_raw(data, tf.uint8)
    behind = raw[parts.scan :]
    is_scan = tf.logical_and(behind[:-1] == 0xFF, behind[1:] == jpeg_scans.START_OF_SCAN)
    scans = tf.math.count_nonzero(is_scan)
    components = tf.cast(raw[parts.frame + 9], tf.int64)
    has_several = tf.logical_or(
        _is_one_of(_byte(raw, parts.frame + 1), jpeg_scans.PROGRESSIVE_FRAMES),
        tf.cast(raw[parts.scan + 4], tf.int64) < components,
    )
    pixels = tf.reduce_prod(size)
    is_too_much = tf.reduce_any(
        [
            scans > jpeg_scans.MAX_SCANS,
            pixels * components > jpeg_scans.MAX_SCANNED_VALUES,
            pixels * scans > jpeg_scans.MAX_SCANNED_PIXELS,
        ]
    )
    return tf.logical_and(has_several, is_too_much)


def segment(data, at, begin):
    """Content of the segment at a position, from its byte `begin` after the marker on; or none."""
    end = tf.cast(tf.io.decode_raw(tf.strings.substr(data, at + 2, 2), tf.uint16, False), tf.int32)
    content = tf.strings.substr(data, at + 2 + begin, tf.maximum(end[0] - begin, 0))
    return tf.where(at > 0, content, "")


def _begins(data, at, expected):
    """Whether a segment has a marker's second byte and, behind its length, a name."""
    marker = tf.strings.substr(data, at + 1, 1)
    name = tf.strings.substr(data, tf.minimum(at + 4, tf.strings.length(data)), len(expected) - 1)
    return marker + name == expected


def _is_one_of(value, candidates):
    return tf.reduce_any(value == tf.constant(candidates))


def _byte(raw, at):
    return tf.cast(raw[at], tf.int32)
