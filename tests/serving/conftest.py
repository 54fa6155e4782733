import pytest
from served_models import Models
from server import ModelServer
from serving_examples import LABELS, tiny_model

import segtf
from segtf.serving import Client


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
