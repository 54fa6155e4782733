"""Models and images that the tests of exporting share."""

import io

import keras
import numpy as np
from PIL import Image

from segtf.labels import LabelMap

LABELS = {1: LabelMap(("skin", "lesion")), 3: LabelMap(("road", "tree", "car"))}


def small_model(size=(24, 32), channels=3, logits=1):
    """A few convolutions with random weights, as TFLite and SavedModel see any network."""
    keras.utils.set_random_seed(logits)
    inputs = keras.Input((*size, channels))
    x = keras.layers.Rescaling(1 / 127.5, -1)(inputs)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = keras.layers.BatchNormalization()(x)
    return keras.Model(inputs, keras.layers.Conv2D(logits, 3, padding="same")(x), name="small")


def blocks(height, width, channels=3, seed=0):
    """An image of coloured squares."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (-(-height // 8), -(-width // 8), channels))
    return np.kron(coarse, np.ones((8, 8, 1)))[:height, :width].astype(np.uint8)


def encode(image, format="PNG", **options):
    """An image as the bytes of a file."""
    file = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(np.squeeze(image))
    picture.save(file, format, **options)
    return file.getvalue()
