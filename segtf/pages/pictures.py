"""Pictures within a page: nothing is loaded from elsewhere."""

import base64
import io

from PIL import Image


def picture_uri(picture, lossless=False, longest_side=None):
    """Return a picture as a ``data:`` address, JPEG or PNG.

    Args:
        picture: uint8 array `(H, W)`, `(H, W, 1)` or `(H, W, 3)`.
        lossless: whether as PNG, whose values are exactly those of the picture.
        longest_side: pixels that neither side may exceed, or `None` for its own size.
    """
    if picture.ndim == 3 and picture.shape[-1] == 1:
        picture = picture[..., 0]
    image, file = Image.fromarray(picture), io.BytesIO()
    if longest_side is not None:
        image.thumbnail((longest_side, longest_side))
    if lossless:
        image.save(file, "PNG", optimize=True)
    else:
        image.save(file, "JPEG", quality=88)
    return data_uri(file.getvalue(), "image/png" if lossless else "image/jpeg")


def data_uri(content, media_type):
    """Return bytes as a ``data:`` address.

    Example:

    >>> data_uri(b"segtf", "text/plain")
    'data:text/plain;base64,c2VndGY='
    """
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
