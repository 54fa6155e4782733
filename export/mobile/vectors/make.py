#!/usr/bin/env python3
"""Make the test vectors of docs/preprocessing.md: one folder for each resize rule.

    .venv/bin/python export/mobile/vectors/make.py

The pictures are drawn by formulas, the weights of the models from a seed: nothing of anyone's data
is in them.
"""

import json
import math
import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import segtf
from segtf.data.decode import image_orientation, open_image

HERE = Path(__file__).parent
TURN_RIGHT = 6
"""EXIF orientation: the file's pixels are shown turned by 90 degrees, clockwise."""

VECTORS = {
    # Shrunk by 3.1 and 2.9; one logit, threshold away from a half.
    "stretch": {
        "file": ((150, 139), 1),
        "size": (48, 48),
        "channels": 3,
        "threshold": 0.35,
        "labels": segtf.LabelMap(("ground", "object")),
    },
    # Turned by EXIF, then shrunk, with black on two sides; three logits, the largest decides.
    "letterbox": {
        "file": ((117, 181), TURN_RIGHT),
        "size": (48, 64),
        "channels": 3,
        "threshold": 0.5,
        "labels": segtf.LabelMap(("road", "tree", "car")),
    },
    # Colour to grey, the middle enlarged, logits shrunk; what was cut off is of class 255.
    "crop": {
        "file": ((37, 90), 1),
        "size": (56, 64),
        "channels": 1,
        "threshold": 0.5,
        "labels": segtf.LabelMap(("cell", "membrane")),
    },
}


def main():
    """Write image, canvas, logits, mask, model and spec of each vector."""
    for rule, vector in VECTORS.items():
        folder = HERE / rule
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_vector(folder, rule, vector)
        print(f"{folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}")


def write_vector(folder, rule, vector):
    """Write one vector, whose model is exported and asked as any other is."""
    (height, width), orientation = vector["file"]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture(height, width)).save(folder / "image.png", exif=exif)
    with tempfile.TemporaryDirectory() as export_folder:
        exported = segtf.export(
            small_model(vector),
            export_folder,
            "tflite",
            labels=vector["labels"],
            resize=rule,
            threshold=vector["threshold"],
            speed=False,
        )
        shutil.copyfile(exported.path, folder / "model.tflite")
    predict = segtf.load(folder / "model.tflite")
    canvas = predict.canvas(folder / "image.png")
    logits = predict.backend(canvas[np.newaxis])["logits"][0]
    Image.fromarray(np.squeeze(canvas)).save(folder / "canvas.png")
    (folder / "logits.f32").write_bytes(logits.astype("<f4").tobytes())
    Image.fromarray(predict(folder / "image.png").mask).save(folder / "mask.png")
    spec = {
        **predict.spec.to_dict(),
        "orientation": image_orientation(open_image(folder / "image.png")),
        "logits": list(logits.shape),
        "least_logit": math.log(vector["threshold"] / (1 - vector["threshold"])),
    }
    (folder / "vector.json").write_text(json.dumps(spec, indent=2) + "\n")


def picture(height, width):
    """Stripes too fine for the canvas, an edge and a disc: plain shrinking makes something else."""
    y, x = np.mgrid[:height, :width].astype(float)
    stripes = 128 + 127 * np.sign(np.sin(x * 1.9 + y * 0.4))
    rings = 128 + 127 * np.sin(np.hypot(x - width * 0.3, y - height * 0.4) ** 2 / 60)
    slope = 255 * (x + y) / (height + width)
    disc = np.hypot(x - width * 0.6, y - height * 0.55) < min(height, width) * 0.3
    channels = [
        np.where(disc, a, b) for a, b in ((stripes, rings), (slope, stripes), (rings, 255 - slope))
    ]
    return np.round(np.stack(channels, axis=-1)).clip(0, 255).astype(np.uint8)


def small_model(vector):
    """Two convolutions whose logits lie on both sides of every decision."""
    keras.utils.set_random_seed(1)
    classes = len(vector["labels"].names)
    pixels = keras.Input((*vector["size"], vector["channels"]))
    x = keras.layers.Rescaling(1 / 127.5, -1)(pixels)
    x = keras.layers.Conv2D(4, 5, padding="same", activation="relu")(x)
    strong = keras.initializers.RandomNormal(stddev=0.5)
    logits = keras.layers.Conv2D(
        1 if classes == 2 else classes, 3, padding="same", kernel_initializer=strong
    )
    return keras.Model(pixels, logits(x), name="vector")


if __name__ == "__main__":
    main()
