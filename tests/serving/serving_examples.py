"""Models and images that the tests of serving share."""

import io
import json
import urllib.error
import urllib.request

import keras
import numpy as np
from PIL import Image

from segtf.labels import LabelMap

LABELS = LabelMap(("skin", "lesion"))


def tiny_model(seed=0):
    """Random convolutions at 24x32 whose masks are neither empty nor full."""
    keras.utils.set_random_seed(seed)
    pixels = keras.Input((24, 32, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1)(pixels)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    return keras.Model(pixels, keras.layers.Conv2D(1, 3, padding="same")(x), name="tiny")


def picture(height, width, seed=0):
    """Coloured squares, uint8 `(height, width, 3)`."""
    coarse = np.random.default_rng(seed).integers(0, 256, (-(-height // 8), -(-width // 8), 3))
    return np.kron(coarse, np.ones((8, 8, 1)))[:height, :width].astype(np.uint8)


def encode(image, format="PNG", **options):
    """An image as the bytes of a file."""
    file = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(file, format, **options)
    return file.getvalue()


def http(method, url, body=None):
    """HTTP status and JSON of the answer, without the client that is tested."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def assert_same_mask(received, expected):
    """Equal, but for rounding: the server's runtime fuses other operations than the predictor's."""
    assert received.dtype == np.uint8
    assert received.shape == expected.shape
    assert np.count_nonzero(received != expected) <= expected.size // 1000
