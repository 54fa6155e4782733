#!/usr/bin/env python3
"""Segment images with a .tflite file that segtf exported, on anything that runs Python.

    pip install ai-edge-litert numpy pillow
    python segment.py model-int8.tflite photo.jpg --out masks

Writes OUT/<image stem>.png, class ids at the image's own size, and with --overlay a picture to look
at. All that is needed to know about the model is in its file.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")


def main():
    """Segment the images that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("images", type=Path, nargs="+", metavar="image")
    parser.add_argument("--out", type=Path, default=Path("masks"), help="folder (masks)")
    parser.add_argument("--threads", type=int, default=4, help="threads of the CPU (4)")
    parser.add_argument("--overlay", action="store_true", help="write pictures to look at as well")
    given = parser.parse_args()
    try:
        segment = Segmenter(given.model, given.threads)
        given.out.mkdir(parents=True, exist_ok=True)
        for path in given.images:
            segment_file(segment, path, given.out, given.overlay)
    except (ValueError, OSError) as error:
        sys.exit(f"segment.py: {error}")


def segment_file(segment, path, out, with_overlay):
    """Write the mask of one image and print the share of each class."""
    with Image.open(path, formats=FORMATS) as opened:
        image = ImageOps.exif_transpose(opened).convert(segment.mode)
    start = time.perf_counter()
    mask = segment(image)
    milliseconds = 1000 * (time.perf_counter() - start)
    Image.fromarray(mask).save(out / f"{path.stem}.png")
    if with_overlay:
        segment.overlay(image, mask).save(out / f"{path.stem}-overlay.jpg")
    names = segment.labels["names"]
    counts = np.bincount(mask.ravel(), minlength=256)[: len(names)]
    shares = counts / max(1, counts.sum())
    shown = ", ".join(f"{name} {share:.1%}" for name, share in zip(names, shares, strict=True))
    print(f"{out / path.stem}.png: {shown} ({milliseconds:.0f} ms)")


class Segmenter:
    """A model with its preprocessing and its decision: an image in, class ids out."""

    def __init__(self, path, threads):
        spec = read_spec(path)
        self.size, self.resize, self.labels = tuple(spec["size"]), spec["resize"], spec["labels"]
        self.mode = {1: "L", 3: "RGB"}[spec["channels"]]
        # sigmoid(logit) >= threshold, without the sigmoid.
        self.least_logit = math.log(spec["threshold"] / (1 - spec["threshold"]))
        self.interpreter = Interpreter(str(path), num_threads=threads)
        self.given = self.interpreter.get_input_details()[0]
        self.received = self.interpreter.get_output_details()[0]
        shape = (1, *self.size, spec["channels"])
        if tuple(self.given["shape"]) != shape:  # a file exported with any size
            self.interpreter.resize_tensor_input(self.given["index"], shape)
        self.interpreter.allocate_tensors()

    def __call__(self, image):
        """Return uint8 class ids at the size of a picture."""
        source, target = place(self.resize, image.size[::-1], self.size)
        pixels = self.canvas(image, source, target)
        self.interpreter.set_tensor(self.given["index"], pixels)
        self.interpreter.invoke()
        logits = self.as_logits(self.interpreter.get_tensor(self.received["index"])[0])
        return self.decide(logits, source, target, image.size[::-1])

    def canvas(self, image, source, target):
        """Pixels as the model takes them: 0..255, the model rescales them itself."""
        part = image.crop(corners(source)).resize(target[:1:-1], Image.Resampling.BILINEAR)
        canvas = Image.new(self.mode, self.size[::-1])
        canvas.paste(part, (target[1], target[0]))
        pixels = np.asarray(canvas).reshape(1, *self.size, -1)
        return pixels.astype(self.given["dtype"])

    def as_logits(self, output):
        """Logits (H, W, K); full int8 has decided already, its class ids stand for themselves."""
        if output.ndim == 3:
            return output
        if len(self.labels["names"]) == 2:
            return np.where(output == 1, 1.0, -1.0).astype(np.float32)[..., np.newaxis]
        return np.eye(len(self.labels["names"]), dtype=np.float32)[output]

    def decide(self, logits, source, target, image_size):
        """Bring logits to the image's size, then decide: outlines stay smooth."""
        top, left, height, width = target
        part = logits[top : top + height, left : left + width]
        size = source[:1:-1]
        planes = [
            np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))
            for plane in np.ascontiguousarray(np.moveaxis(part, -1, 0))
        ]
        least = self.least_logit if self.received["dtype"] == np.float32 else 0.0
        ids = planes[0] >= least if len(planes) == 1 else np.argmax(planes, axis=0)
        # What a crop kept from the model is of the class that counts nowhere.
        mask = np.full(image_size, self.labels["ignore_class"] or 0, np.uint8)
        top, left, height, width = source
        mask[top : top + height, left : left + width] = ids
        return mask

    def overlay(self, image, mask):
        """The picture with its classes in colour; the first class stays clear."""
        palette = np.full((256, 3), 128, np.uint8)
        palette[: len(self.labels["colors"])] = self.labels["colors"]
        colored = Image.fromarray(palette[mask])
        strength = Image.fromarray(np.where(mask == 0, 0, 115).astype(np.uint8))
        return Image.composite(colored, image.convert("RGB"), strength)


def read_spec(path):
    """What segtf wrote into the file: size, resize rule, threshold, classes."""
    content = Path(path).read_bytes()
    if not schema.Model.ModelBufferHasIdentifier(content, 0):
        raise ValueError(f"Expected a .tflite file. Received: {path}")
    model = schema.Model.GetRootAs(content)
    for entry in map(model.Metadata, range(model.MetadataLength())):
        if entry.Name() == b"SEGTF_SPEC":
            return json.loads(model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
    raise ValueError(f"Expected a file that segtf exported. Received: {path}")


def place(rule, image_size, canvas_size):
    """Which part of the image lands where on the canvas: two boxes (top, left, height, width)."""
    whole_image, whole_canvas = (0, 0, *image_size), (0, 0, *canvas_size)
    if rule == "letterbox":
        return whole_image, largest_inside(canvas_size, image_size)
    if rule == "crop":
        return largest_inside(image_size, canvas_size), whole_canvas
    return whole_image, whole_canvas


def largest_inside(outer, proportions):
    """The largest box of the given proportions in the middle of `outer`."""
    (outer_height, outer_width), (height, width) = outer, proportions
    fitted_height = min(max((2 * height * outer_width + width) // (2 * width), 1), outer_height)
    fitted_width = min(max((2 * width * outer_height + height) // (2 * height), 1), outer_width)
    return (
        (outer_height - fitted_height) // 2,
        (outer_width - fitted_width) // 2,
        fitted_height,
        fitted_width,
    )


def corners(box):
    """Left, top, right and bottom of a box, as Pillow wants them."""
    top, left, height, width = box
    return left, top, left + width, top + height


if __name__ == "__main__":
    main()
