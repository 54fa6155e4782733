"""Augmentation: image and mask stay one picture, and seeds fix every pixel."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from segtf.data import AUGMENTATIONS, Annotation, Augmentation
from segtf.data.augment import augment, augment_batch

GEOMETRY = st.builds(
    Augmentation,
    flip_horizontal=st.booleans(),
    flip_vertical=st.booleans(),
    quarter_turns=st.booleans(),
    rotation=st.sampled_from([0, 30, 180]),
    scale=st.sampled_from([0, 0.3]),
    shear=st.sampled_from([0, 10]),
    translation=st.sampled_from([0, 0.3]),
    elastic=st.sampled_from([0, 0.02]),
    crop=st.sampled_from([0, 0.5]),
    crop_rare=st.sampled_from([0, 1]),
)
SEEDS = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))


def blobs(height, width, seed):
    """A mask of four classes in smooth areas."""
    noise = np.random.default_rng(seed).normal(size=(height, width))
    smooth = ndimage.gaussian_filter(noise, 5, mode="wrap")
    return np.digitize(smooth, np.quantile(smooth, [0.25, 0.5, 0.75])).astype(np.uint8)


def drawn_from(mask, channels):
    """The picture of a mask: channel c is white where class c is."""
    return (mask[..., np.newaxis] == np.arange(channels)).astype(np.uint8) * 255


def assert_one_picture(image, mask):
    """The nearest of the four pixels that are blended has at least a quarter of the weight."""
    channels = image.shape[-1]
    share = np.where(mask[..., np.newaxis] == np.arange(channels), image, 255)
    assert share.min() >= 255 // 4
    shown = np.where(mask[..., np.newaxis] == np.arange(channels), 0, image)
    assert shown[mask != 255].max(initial=0) <= 255 * 3 // 4 + 1


@settings(max_examples=30, deadline=None)
@given(GEOMETRY, SEEDS, st.sampled_from([(24, 24), (20, 32)]), st.sampled_from([1, 3, 5]))
def test_one_picture_stays_one_picture(changes, seed, size, channels):
    mask = blobs(*size, seed=seed[0])
    image, moved = augment(drawn_from(mask, channels), mask, seed, changes)
    assert image.shape == (*size, channels) and moved.shape == size
    assert set(np.unique(moved)) <= {*np.unique(mask), 255}
    assert_one_picture(image.numpy(), moved.numpy())


@settings(max_examples=10, deadline=None)
@given(GEOMETRY, SEEDS)
def test_without_an_ignore_class_the_mask_goes_on_like_the_image(changes, seed):
    mask = blobs(24, 24, seed=seed[0])
    image, moved = augment(drawn_from(mask, 4), mask, seed, changes, ignore_class=None)
    assert set(np.unique(moved)) <= set(np.unique(mask))
    assert_one_picture(image.numpy(), moved.numpy())


def test_the_proof_notices_a_mask_that_moves_by_itself():
    mask = blobs(24, 24, seed=0)
    changes = Augmentation(rotation=20)
    image, moved = augment(drawn_from(mask, 4), mask, (0, 0), changes)
    assert_one_picture(image.numpy(), moved.numpy())
    with pytest.raises(AssertionError):
        assert_one_picture(image.numpy(), np.roll(moved.numpy(), 2, axis=1))


@pytest.mark.parametrize("size", [(16, 16), (12, 20)])
def test_flips_and_turns_only_move_pixels(size):
    changes = Augmentation(flip_horizontal=True, flip_vertical=True, quarter_turns=True)
    image = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    turned = [image, image[::-1, ::-1]]
    if size[0] == size[1]:
        turned += [np.rot90(image), np.rot90(image, -1)]
    possible = {view.tobytes() for one in turned for view in (one, one[:, ::-1])}
    batch = np.repeat(image[np.newaxis], 64, axis=0)
    seeds = tf.stack([tf.zeros(64, tf.int32), tf.range(64)], axis=1)
    # A tiny shear makes the same movements go through the resampling.
    for settings_ in (changes, dataclasses.replace(changes, translation=1e-9)):
        images, masks = augment_batch(batch, batch[..., 0], seeds, settings_, compiled=False)
        assert {one.tobytes() for one in images.numpy()} == possible
        np.testing.assert_array_equal(images[..., 0], masks)


def test_quarter_turns_alone_never_mirror():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    batch = np.repeat(image[np.newaxis], 64, axis=0)
    seeds = tf.stack([tf.zeros(64, tf.int32), tf.range(64)], axis=1)
    changes = Augmentation(quarter_turns=True)
    images, _ = augment_batch(batch, batch[..., 0], seeds, changes, compiled=False)
    assert {one.tobytes() for one in images.numpy()} == {
        np.rot90(image, turns).tobytes() for turns in range(4)
    }


def test_what_comes_from_outside_is_a_mirror_image_but_for_objects():
    mask = blobs(32, 32, seed=1)
    changes = Augmentation(translation=1.0)
    for seed in range(8):
        image, moved = augment(drawn_from(mask, 4), mask, (seed, 0), changes)
        assert 255 not in moved.numpy()
        assert_one_picture(image.numpy(), moved.numpy())
        objects = Annotation(classes=mask, instances=mask)
        _, moved = augment(drawn_from(mask, 4), objects, (seed, 0), changes)
        is_outside = moved.classes.numpy() == 255
        assert is_outside.any() and (moved.instances.numpy()[is_outside] == 0).all()


def test_rotation_agrees_with_scipy():
    mask = blobs(64, 64, seed=3)
    image, _ = augment(60 * mask[..., np.newaxis], mask, (0, 5), Augmentation(rotation=40))
    candidates = [
        ndimage.rotate(60.0 * mask, angle, reshape=False, order=1, mode="reflect")
        for angle in np.arange(-40, 40.01, 0.25)
    ]
    errors = [np.abs(image.numpy()[..., 0] - one).mean() for one in candidates]
    assert min(errors) < 1.0
    assert np.median(errors) > 5.0


def test_crops_find_the_rare_class():
    mask = np.zeros((64, 64), np.uint8)
    mask[5:8, 50:53] = 1
    mask[30:60, 5:20] = 255
    changes = Augmentation(crop=0.3, crop_rare=1.0)

    def share_with_class_1(changes):
        seeds = tf.stack([tf.ones(128, tf.int32), tf.range(128)], axis=1)
        batch = np.repeat(mask[np.newaxis], 128, axis=0)
        _, masks = augment_batch(batch[..., np.newaxis], batch, seeds, changes, compiled=False)
        assert set(np.unique(masks)) <= {0, 1, 255}
        return (masks.numpy() == 1).any(axis=(1, 2)).mean()

    # Every second crop is drawn around class 1; some of the others show it by chance.
    assert share_with_class_1(changes) > 0.5
    assert share_with_class_1(dataclasses.replace(changes, crop_rare=0.0)) < 0.45


def test_crops_stay_inside():
    mask = blobs(40, 56, seed=1)
    for seed in range(8):
        _, moved = augment(
            drawn_from(mask, 1), mask, (seed, 1), Augmentation(crop=0.4, crop_rare=0.5)
        )
        assert (moved.numpy() != 255).all()


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("channels", [1, 5])
def test_presets_take_any_number_of_channels(name, channels):
    mask = blobs(24, 32, seed=0)
    image, moved = augment(drawn_from(mask, channels), mask, (1, 2), AUGMENTATIONS[name])
    assert image.shape == (24, 32, channels) and image.dtype == tf.uint8
    assert moved.shape == (24, 32) and moved.dtype == tf.uint8


EVERYTHING = Augmentation(
    flip_horizontal=True,
    quarter_turns=True,
    rotation=20,
    scale=0.2,
    shear=5,
    translation=0.1,
    elastic=0.02,
    crop=0.6,
    crop_rare=0.5,
    brightness=0.1,
    contrast=0.2,
    saturation=0.2,
    hue=10,
    gamma=0.2,
    blur=1.0,
    noise=0.05,
    jpeg=50,
    dropout=0.2,
)


def random_batch(count=3, size=(24, 32), channels=3):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, *size, channels)).astype(np.uint8)
    images = ndimage.gaussian_filter(images, (0, 2, 2, 0))
    return images, np.stack([blobs(*size, seed) for seed in range(count)])


def test_a_sample_does_not_depend_on_its_batch():
    images, masks = random_batch()
    seeds = tf.constant([[1, 2], [3, 4], [5, 6]])
    together = augment_batch(images, masks, seeds, EVERYTHING, compiled=False)
    for i in range(3):
        image, mask = augment(images[i], masks[i], seeds[i], EVERYTHING)
        np.testing.assert_array_equal(image, together[0][i])
        np.testing.assert_array_equal(mask, together[1][i])


def test_compiled_is_the_same_within_one_level():
    images, masks = random_batch()
    seeds = tf.constant([[1, 2], [3, 4], [5, 6]])
    # JPEG is left out: it may turn a difference of one level into more.
    changes = dataclasses.replace(EVERYTHING, jpeg=0)
    plain = augment_batch(images, masks, seeds, changes, compiled=False)
    compiled = augment_batch(images, masks, seeds, changes)
    difference = np.abs(plain[0].numpy().astype(int) - compiled[0].numpy())
    assert difference.max() <= 2 and (difference > 0).mean() < 0.05
    assert (plain[1].numpy() != compiled[1].numpy()).mean() < 0.01


@pytest.mark.parametrize(
    "field", [field.name for field in dataclasses.fields(Augmentation) if field.name != "crop_rare"]
)
def test_every_change_changes_something_and_differs_between_seeds(field):
    images, masks = random_batch(count=1, size=(32, 32))
    default = getattr(Augmentation(), field)
    value = True if isinstance(default, bool) else getattr(EVERYTHING, field)
    changes = Augmentation(**{field: value})
    results = {
        augment(images[0], masks[0], (seed, 7), changes)[0].numpy().tobytes() for seed in range(6)
    }
    assert len(results) > 1
    assert any(result != images[0].tobytes() for result in results)


def test_photometric_changes_leave_the_mask_alone():
    images, masks = random_batch(count=1)
    changes = Augmentation(
        brightness=0.5, contrast=1, gamma=1, hue=180, noise=0.2, dropout=0.5, blur=2, jpeg=10
    )
    _, mask = augment(images[0], masks[0], (0, 1), changes)
    np.testing.assert_array_equal(mask, masks[0])


def test_grey_keeps_its_grey_under_hue_and_saturation():
    grey = np.repeat(np.arange(0, 250, dtype=np.uint8)[:, np.newaxis, np.newaxis], 3, -1)
    image, _ = augment(grey, grey[..., 0], (3, 4), Augmentation(saturation=0.5, hue=90))
    assert np.abs(image.numpy().astype(int) - grey).max() <= 1


def test_blur_agrees_with_scipy():
    images, masks = random_batch(count=1, size=(32, 40))
    image, _ = augment(images[0], masks[0], (1, 1), Augmentation(blur=2.0))
    image = image.numpy()
    errors = [
        np.abs(
            ndimage.gaussian_filter(images[0].astype(float), (s, s, 0), truncate=6 / s) - image
        ).max()
        for s in np.arange(0.05, 2.0, 0.01)
    ]
    assert min(errors) <= 1.0


@pytest.mark.parametrize(
    "wrong", [{"crop": 1.5}, {"rotation": -1}, {"shear": 45}, {"jpeg": 101}, {"dropout": 2}]
)
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="Received"):
        Augmentation(**wrong)
