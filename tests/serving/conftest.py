import sys
from pathlib import Path

import keras
import numpy as np
import pytest

pytest.importorskip("tensorflow_serving", reason="needs the extra `serving`")
from served_models import Models
from server import ModelServer

import segtf
from segtf.labels import LabelMap
from segtf.serving import Client

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


@pytest.fixture(scope="session")
def base_path(tmp_path_factory):
    """A folder of two versions, as TensorFlow Serving watches it."""
    folder = tmp_path_factory.mktemp("served") / "segtf"
    for seed in (1, 2):
        segtf.export(tiny_model(seed), folder, labels=LABELS)
    return folder


@pytest.fixture(scope="session")
def models(base_path):
    models = Models.load(base_path, "segtf", labels={"stable": 1, "canary": 2})
    yield models
    models.close()


@pytest.fixture
def server(models):
    with ModelServer(models) as server:
        yield server


@pytest.fixture(params=["rest", "grpc"])
def url(server, request):
    return server.urls[request.param]


@pytest.fixture
def client(url):
    with Client(url, timeout=30) as client:
        yield client
