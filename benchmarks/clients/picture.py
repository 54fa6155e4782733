"""From an image file to pixels and from logits to a mask, with NumPy and Pillow alone.

Written from what an exported file says of itself, as somebody would who has the file and its
documentation: nothing of segtf is used here, or by the clients.
"""

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


class Spec:
    """Size, resize rule, threshold and classes, as the JSON in an exported file has them."""

    def __init__(self, text):
        told = json.loads(text)
        self.size, self.rule, self.channels = told["size"], told["resize"], told["channels"]
        self.num_classes = len(told["labels"]["names"])
        self.fill = told["labels"]["ignore_class"] or 0
        self.least_logit = math.log(told["threshold"] / (1 - told["threshold"]))

    @classmethod
    def of_saved_model(cls, folder):
        return cls((Path(folder) / "assets.extra" / "segtf.json").read_text())

    @classmethod
    def of_tflite(cls, path):
        from ai_edge_litert import schema_py_generated as schema

        model = schema.Model.GetRootAs(Path(path).read_bytes())
        for entry in map(model.Metadata, range(model.MetadataLength())):
            if entry.Name() == b"SEGTF_SPEC":
                return cls(model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
        raise ValueError(f"Expected the entry SEGTF_SPEC. Received: {path}")

    def read(self, path):
        """An upright picture of the channels that the model takes."""
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert({1: "L", 3: "RGB"}[self.channels])

    def canvas(self, image):
        """Pixels as the model takes them: uint8 array `(H, W, C)`."""
        source, target = self.place(image.height, image.width)
        planes = [_shrunk(plane, source, target[2:]) for plane in image.split()]
        canvas = np.zeros((*self.size, self.channels), np.uint8)
        top, left, height, width = target
        canvas[top : top + height, left : left + width] = np.stack(planes, axis=-1)
        return canvas

    def mask(self, logits, height, width):
        """Class ids at the image's size: logits `(H, W, K)` are brought to it, then decided."""
        source, (top, left, rows, columns) = self.place(height, width)
        part = logits[top : top + rows, left : left + columns]
        planes = [_resized(part[..., index], source[2:]) for index in range(part.shape[-1])]
        ids = planes[0] >= self.least_logit if len(planes) == 1 else np.argmax(planes, axis=0)
        mask = np.full((height, width), self.fill, np.uint8)
        mask[source[0] : source[0] + source[2], source[1] : source[1] + source[3]] = ids
        return mask

    def mask_of_ids(self, ids, height, width):
        """The same where the model has decided: each class stands for its own logits."""
        if self.num_classes == 2:
            # The threshold has had its turn.
            return self.mask(
                np.where(ids == 1, 1.0, -1.0)[..., None] + self.least_logit, height, width
            )
        return self.mask(np.eye(self.num_classes, dtype=np.float32)[ids], height, width)

    def place(self, height, width):
        """The part of an image that is used and where it lands: (top, left, height, width) each."""
        image, canvas = (0, 0, height, width), (0, 0, *self.size)
        if self.rule == "letterbox":
            return image, _largest_inside(self.size, (height, width))
        if self.rule == "crop":
            return _largest_inside((height, width), self.size), canvas
        return image, canvas


def _largest_inside(outer, proportions):
    (outer_height, outer_width), (height, width) = outer, proportions
    rows = min(max((2 * height * outer_width + width) // (2 * width), 1), outer_height)
    columns = min(max((2 * width * outer_height + height) // (2 * height), 1), outer_width)
    return (outer_height - rows) // 2, (outer_width - columns) // 2, rows, columns


def _shrunk(plane, box, size):
    top, left, height, width = box
    part = plane.crop((left, top, left + width, top + height))
    return np.clip(np.rint(_resized(np.asarray(part, np.float32), size)), 0, 255).astype(np.uint8)


def _resized(values, size):
    """Bilinear, widened when shrinking, in floats."""
    plane = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    return np.asarray(plane.resize((size[1], size[0]), Image.Resampling.BILINEAR))
