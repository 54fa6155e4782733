import keras
import pytest
from keras import layers

from segtf.models import build_model, multiply_adds, unet


def multiply_adds_of(layer, shape=(8, 6, 4)):
    image = keras.Input(shape)
    return multiply_adds(keras.Model(image, layer(image)))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv2D(5, 3, padding="same"), 8 * 6 * 3 * 3 * 4 * 5),
        (layers.Conv2D(5, 3, strides=2, padding="same"), 4 * 3 * 3 * 3 * 4 * 5),
        (layers.Conv2D(6, 3, padding="same", groups=2), 8 * 6 * 3 * 3 * 2 * 6),
        (layers.Conv2D(5, 3, padding="same", dilation_rate=2), 8 * 6 * 3 * 3 * 4 * 5),
        (layers.Conv2DTranspose(5, 2, strides=2), 16 * 12 * 4 * 5),
        (layers.DepthwiseConv2D(3, padding="same"), 8 * 6 * 3 * 3 * 4),
        (layers.SeparableConv2D(5, 3, padding="same"), 8 * 6 * (3 * 3 * 4 + 4 * 5)),
        (layers.Dense(7), 8 * 6 * 4 * 7),
        (layers.ReLU(), 0),
    ],
)
def test_layers_are_counted_by_their_shapes(layer, expected):
    assert multiply_adds_of(layer) == expected


def test_models_within_models_are_counted():
    image = keras.Input((8, 6, 4))
    part = keras.Model(image, layers.Conv2D(5, 1)(image))
    assert multiply_adds_of(part) == 8 * 6 * 4 * 5


def test_published_unet_at_its_usual_size():
    model = build_model("unet-original", (256, 256, 1), 2)
    assert round(multiply_adds(model) / 1e9, 1) == 48.1


def test_published_segnet_at_the_size_of_camvid():
    # 360 is padded to 384; what is published counts the rows of the image.
    model = build_model("segnet", (384, 480, 3), 11)
    assert multiply_adds(model) * 360 / 384 == pytest.approx(105e9, rel=0.02)


def test_unknown_size_is_refused():
    with pytest.raises(ValueError, match=r"known height and width.*Received: .*None"):
        multiply_adds(unet((None, None, 3), base_filters=2))
