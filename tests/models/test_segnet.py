import pytest
from model_tester import ModelTester

from segtf.models import segnet, segnet_basic


class TestSegNet(ModelTester):
    variant = "segnet"
    multiple = 32


class TestSegNetBasic(ModelTester):
    variant = "segnet-basic"
    multiple = 16


class TestSegNetBilinear(ModelTester):
    variant = "segnet-bilinear"
    multiple = 32


def test_size_of_the_published_network():
    model = segnet((None, None, 3), num_classes=11)
    trainable = sum(weight.value.shape.num_elements() for weight in model.trainable_weights)
    assert trainable == 29_449_355
    assert model.count_params() == 29_465_227


def test_size_of_the_published_basic_network():
    model = segnet_basic((None, None, 3), num_classes=11)
    assert round(model.count_params() / 1e6, 1) == 1.4


def test_unpooling_adds_no_weights():
    counts = {
        segnet(base_filters=2, unpooling=unpooling).count_params()
        for unpooling in ("indices", "bilinear")
    }
    assert len(counts) == 1


@pytest.mark.parametrize("build", [segnet, segnet_basic])
def test_unknown_unpooling_is_refused(build):
    with pytest.raises(ValueError, match=r"unpooling.*Received: 'nearest'"):
        build(base_filters=2, unpooling="nearest")
