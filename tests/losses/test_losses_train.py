"""Each loss, alone, makes a small U-Net that finds the lesions of unseen synthetic images."""

import keras
import numpy as np
import pytest
from skimage.transform import resize

import segtf
from segtf import losses
from segtf.data.synthetic import draw_synthetic

SIZE = (64, 64)
TRAINED_ON, UNSEEN = 96, 32
EVERY_LOSS = [
    losses.PixelCrossentropy(),
    losses.PixelFocal(),
    losses.OhemCrossentropy(),
    losses.SoftDice(),
    losses.GeneralizedDice(),
    losses.SoftJaccard(),
    losses.SoftTversky(),
    losses.FocalTversky(),
    losses.LovaszHinge(),
    losses.LovaszSoftmax(),
    losses.CrossentropyDice(),
    losses.WeightedSum([(losses.PixelFocal(), 1.0), (losses.SoftJaccard(), 1.0)]),
]


@pytest.fixture(scope="module")
def pictures():
    drawn = [draw_synthetic(index, size=(96, 96)) for index in range(TRAINED_ON + UNSEEN)]
    images = [resize(image, SIZE, preserve_range=True, anti_aliasing=True) for image, _ in drawn]
    masks = [resize(mask, SIZE, order=0, preserve_range=True) for _, mask in drawn]
    return np.array(images, "float32"), np.array(masks, "uint8")


def flipped(values):
    return np.concatenate([values, values[:, ::-1], values[:, :, ::-1], values[:, ::-1, ::-1]])


def dice_of_each(truth, found):
    both = (truth & found).sum((1, 2))
    return 2 * both / (truth.sum((1, 2)) + found.sum((1, 2)))


@pytest.mark.slow
@pytest.mark.parametrize("loss", EVERY_LOSS, ids=lambda loss: loss.name)
def test_a_small_unet_reaches_dice_above_0_9(pictures, loss):
    images, masks = pictures
    keras.utils.set_random_seed(0)
    model = segtf.unet(input_shape=(*SIZE, 3), num_classes=1, base_filters=8)
    epochs, batch = 10, 8
    steps = epochs * 4 * TRAINED_ON // batch
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps))
    model.compile(optimizer, loss)
    model.fit(flipped(images[:TRAINED_ON]), flipped(masks[:TRAINED_ON]), batch, epochs, verbose=0)
    logits = model.predict(images[TRAINED_ON:], verbose=0)
    truth = masks[TRAINED_ON:] == 1
    assert dice_of_each(truth, logits[..., 0] > 0).mean() > 0.9
