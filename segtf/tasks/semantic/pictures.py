"""Pictures of one image: what was shown, what is true, what was said, what is wrong."""

import numpy as np

from segtf.viz import error_colors, error_map, overlay


def pictures(image, truth, mask, labels):
    """Draw an image with its truth and what was said.

    Args:
        image: uint8 `(H, W, C)`. Of more than three channels the first three are shown, of two the
            first.
        truth: class ids `(H, W)`, or `None` where nobody has drawn it.
        mask: class ids `(H, W)` that were said.
        labels: the `LabelMap`.

    Returns:
        A dict of ``image``, ``truth``, ``prediction`` and ``errors``, each uint8 `(H, W, 3)`;
        without a truth of ``image`` and ``prediction``.
    """
    if image.shape[-1] != 3:
        image = image[..., :3] if image.shape[-1] > 3 else image[..., :1]
    shown = {"image": np.broadcast_to(image, (*image.shape[:2], 3))}
    if truth is not None:
        shown["truth"] = overlay(image, truth, labels)
    shown["prediction"] = overlay(image, mask, labels)
    if truth is not None:
        shown["errors"] = error_map(
            truth, mask, labels.ignore_class, labels.background, image, error_colors(labels)
        )
    return shown
