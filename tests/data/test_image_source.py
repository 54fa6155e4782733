from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from segtf.data.decode import read_image

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)


class Tensor:
    """As PyTorch's: it turns into an array where it is asked to."""

    def __array__(self, dtype=None, copy=None):
        return PIXELS


@pytest.fixture
def path(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_whatever_holds_an_image_is_read(path):
    content = path.read_bytes()
    for source in (
        *(path, str(path), content, bytearray(content), memoryview(content)),
        *(Image.fromarray(PIXELS), PIXELS, tf.constant(PIXELS), Tensor()),
    ):
        np.testing.assert_array_equal(read_image(source), PIXELS)


@pytest.mark.parametrize("source", [None, 3, 0.5, {}, [PIXELS], ["a.png"], object, np.uint8(3)])
def test_other_things_are_refused_by_name(source):
    with pytest.raises(ValueError, match=r"Expected an image.*Received"):
        read_image(source)


def test_symbols_have_no_pixels():
    with pytest.raises(ValueError, match="Received: KerasTensor"):
        read_image(keras.KerasTensor((6, 8, 3), "uint8"))


def test_a_folder_is_called_a_folder(tmp_path):
    for folder in (tmp_path, str(tmp_path), Path()):
        with pytest.raises(ValueError, match="which is a folder"):
            read_image(folder)
