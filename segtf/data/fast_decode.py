"""Image files to arrays by TensorFlow's decoders, where they give Pillow's pixels faster."""

from pathlib import Path

import tensorflow as tf

from segtf.data.decode import ImageError, image_orientation, open_image, read_image
from segtf.data.jpeg_scans import require_few_scans

_COLOR_MODES = {
    "JPEG": ("RGB", "L"),
    "PNG": ("RGB", "RGBA", "L"),
    "WEBP": ("RGB", "RGBA"),
}
"""Pillow's modes per format that TensorFlow decodes to the same RGB; tests hold it to that."""


def read_pixels(path, channels):
    """Decode an image file, to the same pixels as `segtf.data.read_image`.

    Upright RGB, grey and (PNG, WebP) RGBA files go through TensorFlow, which takes three
    quarters of Pillow's time. Everything else goes through Pillow: other formats, EXIF
    orientations, palettes, CMYK, colour keys, animations, and whatever TensorFlow refuses.

    Args:
        path: the file.
        channels: as for `read_image`.

    Returns:
        uint8 array `(H, W, channels)`.

    Raises:
        ImageError: naming the file, if it cannot be read.
    """
    if channels == 3 and Path(path).suffix.lower() != ".npy":
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise ImageError(
                f"Expected an image file. Received: {path} ({error.strerror})"
            ) from None
        if decodes_alike(content):
            pixels = _decode(content)
            if pixels is not None:
                return pixels
    return read_image(path, channels)


def decodes_alike(content):
    """Whether TensorFlow decodes an image file to the RGB that Pillow gives, by its header.

    Args:
        content: bytes of the file.
    """
    try:
        image = open_image(content)
    except ImageError:
        return False
    with image:
        return (
            image.mode in _COLOR_MODES.get(image.format, ())
            and "transparency" not in image.info
            and getattr(image, "n_frames", 1) == 1
            and not _is_turned(image, content)
            and _has_few_scans(image, content)
        )


def _is_turned(image, content):
    if image.format == "PNG":
        # Its orientation may stand behind the pixels, and Pillow decodes them to get there.
        return b"eXIf" in content
    return image_orientation(image) != 1


def _has_few_scans(image, content):
    """Others are refused by `read_image`."""
    if image.format != "JPEG":
        return True
    try:
        require_few_scans(content, image.height, image.width, name="")
    except ImageError:
        return False
    return True


def _decode(content):
    try:
        if content.startswith(b"\xff\xd8"):
            # Pillow's way; TensorFlow's default differs from it by up to 6 grey levels.
            return tf.io.decode_jpeg(content, 3, dct_method="INTEGER_ACCURATE").numpy()
        return tf.io.decode_image(content, 3, expand_animations=False).numpy()
    except tf.errors.InvalidArgumentError:
        return None
