"""Pictures of one image: what was shown, what is true, what was said, what is wrong."""

import numpy as np

from segtf.tasks.multilabel.answer import class_colors
from segtf.viz import error_colors
from segtf.viz_labels import error_map_of_labels, overlay_labels


def pictures(image, truth, mask, labels):
    """Draw an image with its truth and what was said.

    Args:
        image: uint8 `(H, W, C)`. Of more than three channels the first three are shown, of two the
            first.
        truth: of each class whether it is there, `(H, W, K)`; `None` where that is not known.
        mask: the same that was said.
        labels: the `LabelMap`.

    Returns:
        A dict of ``image``, ``prediction`` and, with a truth, ``truth`` and ``errors``, each uint8
        `(H, W, 3)`.
    """
    if image.shape[-1] != 3:
        image = image[..., :3] if image.shape[-1] > 3 else image[..., :1]
    colors = class_colors(labels)
    shown = np.broadcast_to(image, (*image.shape[:2], 3))
    said = overlay_labels(image, mask, colors)
    if truth is None:
        return {"image": shown, "prediction": said}
    return {
        "image": shown,
        "truth": overlay_labels(image, truth, colors),
        "prediction": said,
        "errors": error_map_of_labels(
            truth, mask, labels.ignore_class, image, error_colors(labels)
        ),
    }
