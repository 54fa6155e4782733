#!/usr/bin/env python3
"""Segment images with a .tflite file that segtf exported, on anything that runs Python.

    pip install ai-edge-litert numpy pillow
    python segment.py model-int8.tflite photo.jpg --out masks

Writes OUT/<image stem>.png, class ids at the image's own size, and with --overlay a picture to look
at; nothing is overwritten. All that is needed to know about the model is in its file. Images are
brought to the model and its answers back by the rules of docs/preprocessing.md.
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

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
COSTLY_FORMATS = ("AVIF", "WEBP")  # decoding them takes up to 16 bytes a pixel
MOST_PIXELS = 64 * 2**20
MODES = {1: "L", 3: "RGB"}
Image.MAX_IMAGE_PIXELS = None  # `read_image` looks itself, and says it in one line


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
        planned = plan(given.images, given.out, given.overlay)
        segment = Segmenter(given.model, given.threads)
        given.out.mkdir(parents=True, exist_ok=True)
    except (ValueError, OSError) as error:
        sys.exit(f"segment.py: {error}")
    failed = False
    for path, (mask_path, overlay_path) in planned.items():
        try:
            segment_file(segment, path, mask_path, overlay_path)
        except (ValueError, OSError) as error:
            print(f"segment.py: {error}", file=sys.stderr)
            failed = True
    sys.exit(1 if failed else 0)


def plan(images, out, with_overlay):
    """Where the mask and the overlay of each image go; refuses before the work to overwrite."""
    planned, taken = {}, {}
    for path in images:
        files = [out / f"{path.stem}.png"]
        files += [out / f"{path.stem}-overlay.jpg"] if with_overlay else []
        for file in files:
            if file.exists():
                raise ValueError(f"Expected new files to write. Received: {file}, which exists")
            # On some systems A.png and a.png are one file.
            if taken.setdefault(str(file).lower(), path) != path:
                raise ValueError(
                    "Expected images whose masks have names of their own. "
                    f"Received: {taken[str(file).lower()]} and {path}"
                )
        planned[path] = files[0], files[1] if with_overlay else None
    return planned


def segment_file(segment, path, mask_path, overlay_path):
    """Write the mask of one image and print the share of each class."""
    image = read_image(path, segment.mode)
    start = time.perf_counter()
    mask = segment(image)
    milliseconds = 1000 * (time.perf_counter() - start)
    save_new(Image.fromarray(mask), mask_path)
    if overlay_path is not None:
        save_new(segment.overlay(image, mask), overlay_path)
    names = segment.labels["names"]
    counts = np.bincount(mask.ravel(), minlength=256)[: len(names)]
    shares = counts / max(1, counts.sum())
    shown = ", ".join(f"{name} {share:.1%}" for name, share in zip(names, shares, strict=True))
    print(f"{mask_path}: {shown} ({milliseconds:.0f} ms)")


def read_image(path, mode):
    """The first frame of an image file, upright, as RGB or grey of 8 bits."""
    try:
        Image.init()  # a Pillow of a distribution may lack some
        with Image.open(path, formats=[one for one in FORMATS if one in Image.OPEN]) as opened:
            most = MOST_PIXELS // 2 if opened.format in COSTLY_FORMATS else MOST_PIXELS
            if opened.width * opened.height > most:
                raise ValueError(f"{opened.width} x {opened.height}, over {most} pixels")
            if opened.mode[0] in "IF":
                raise ValueError(f"more than 8 bits in a channel, Pillow's mode {opened.mode}")
            image = ImageOps.exif_transpose(opened)
            if image.mode == "P" and "transparency" in image.info:
                image = image.convert("RGBA")
            return image.convert(mode)
    except FileNotFoundError:
        raise ValueError(f"Expected an image file. Received: {path}, which is not there") from None
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"Expected an image of 8 bits that can be read. Received: {path} ({reason})"
        ) from None


def save_new(image, path):
    """Write a file that must not be there yet."""
    with path.open("xb") as file:
        image.save(file, "PNG" if path.suffix == ".png" else "JPEG")


class Segmenter:
    """A model with its preprocessing and its decision: an image in, class ids out."""

    def __init__(self, path, threads):
        spec = read_spec(path)
        self.size, self.resize, self.labels = tuple(spec["size"]), spec["resize"], spec["labels"]
        if spec["channels"] not in MODES:
            raise ValueError(
                "Expected a model of grey (1) or colour (3), which image files are. "
                f"Received: {path}, of {spec['channels']} channels"
            )
        self.mode = MODES[spec["channels"]]
        # sigmoid(logit) >= threshold, without the sigmoid.
        threshold = threshold_of(spec, path)
        self.least_logit = math.log(threshold / (1 - threshold))
        self.interpreter = Interpreter(str(path), num_threads=threads)
        self.given = self.interpreter.get_input_details()[0]
        self.received = self.interpreter.get_output_details()[0]
        self.gives_class_ids = gives_class_ids(self.interpreter, path)
        shape = (1, *self.size, spec["channels"])
        if tuple(self.given["shape"]) != shape:  # a file exported with any size
            self.interpreter.resize_tensor_input(self.given["index"], shape)
        self.interpreter.allocate_tensors()

    def __call__(self, image):
        """Return uint8 class ids at the size of a picture."""
        source, target = place(self.resize, image.size[::-1], self.size)
        pixels = self.canvas(image, source, target)
        self.interpreter.set_tensor(self.given["index"], pixels[None].astype(self.given["dtype"]))
        self.interpreter.invoke()
        logits = self.as_logits(self.interpreter.get_tensor(self.received["index"])[0])
        return self.decide(logits, source, target, image.size[::-1])

    def canvas(self, image, source, target):
        """Pixels as the model takes them, 0..255 (H, W, C): the model rescales them itself."""
        part = np.atleast_3d(np.asarray(image.crop(corners(source))))
        part = np.clip(np.round(resized(part, target[2:])), 0, 255)
        top, left, height, width = target
        canvas = np.zeros((*self.size, part.shape[-1]), np.uint8)
        canvas[top : top + height, left : left + width] = part
        return canvas

    def as_logits(self, output):
        """Logits (H, W, K); class ids, which are decided already, stand for themselves."""
        if self.gives_class_ids and len(self.labels["names"]) == 2:
            return np.where(output == 1, 1.0, -1.0).astype(np.float32)[..., np.newaxis]
        if self.gives_class_ids:
            return np.eye(len(self.labels["names"]), dtype=np.float32)[output]
        scale, zero_point = self.received["quantization"]
        return np.float32(scale) * (output - np.float32(zero_point)) if scale else output

    def decide(self, logits, source, target, image_size):
        """Bring logits to the image's size, then decide: outlines stay smooth."""
        top, left, height, width = target
        part = resized(logits[top : top + height, left : left + width], source[2:])
        least = 0.0 if self.gives_class_ids else self.least_logit
        ids = part[..., 0] >= least if part.shape[-1] == 1 else np.argmax(part, axis=-1)
        # What a crop kept from the model is of the class that counts nowhere.
        mask = np.full(image_size, self.labels["ignore_class"] or 0, np.uint8)
        top, left, height, width = source
        mask[top : top + height, left : left + width] = ids
        return mask

    def overlay(self, image, mask):
        """The picture with its classes in colour; the background, if there is one, stays clear."""
        palette = np.full((256, 3), 128, np.uint8)
        palette[: len(self.labels["colors"])] = self.labels["colors"]
        colored = Image.fromarray(palette[mask])
        clear = mask == self.labels.get("background", 0)
        strength = Image.fromarray(np.where(clear, 0, 115).astype(np.uint8))
        return Image.composite(colored, image.convert("RGB"), strength)


def gives_class_ids(interpreter, path):
    """Whether a file gives class ids; otherwise it gives logits, and any other is refused."""
    signatures = interpreter.get_signature_list().values()
    names = [name for signature in signatures for name in signature["outputs"]]
    if names not in (["logits"], ["class_ids"]):
        raise ValueError(
            f"Expected a file that gives logits or class ids. Received: {path}, giving {names}"
        )
    return names == ["class_ids"]


def threshold_of(spec, path):
    """The threshold of one class a pixel, the task that this program knows."""
    task = spec.get("task", {"name": "semantic", **spec})  # version 1 named none
    if task["name"] != "semantic":
        raise ValueError(
            f"Expected a model of the task semantic. Received: {path}, of {task['name']}"
        )
    return task["threshold"]


def read_spec(path):
    """What segtf wrote into the file: task, size, resize rule, classes."""
    content = Path(path).read_bytes()
    if not schema.Model.ModelBufferHasIdentifier(content, 0):
        raise ValueError(f"Expected a .tflite file. Received: {path}")
    model = schema.Model.GetRootAs(content)
    for entry in map(model.Metadata, range(model.MetadataLength())):
        if entry.Name() == b"SEGTF_SPEC":
            return json.loads(model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
    raise ValueError(f"Expected a file that segtf exported. Received: {path}")


def resized(pixels, size):
    """Bring an array (H, W, K) to a size as float32: triangle filter, widened when shrinking.

    Pillow has that filter; in its mode F, one channel at a time, nothing is rounded on the way.
    """
    height, width = size
    planes = [
        Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR)
        for plane in np.ascontiguousarray(np.moveaxis(pixels, -1, 0).astype(np.float32))
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


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
