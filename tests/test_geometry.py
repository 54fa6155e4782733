"""Resize rules and their inverses, against Pillow."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segtf.data.fit import fit_image, fit_mask
from segtf.geometry import place, resize_image, resize_mask, restore
from segtf.spec import RESIZE_RULES

sides = st.integers(1, 60)
sizes = st.tuples(sides, sides)
rules = st.sampled_from(RESIZE_RULES)
# Every new size is a new trace of TensorFlow's; few examples with many sizes are enough.
few = settings(max_examples=30, deadline=None)


def pixels(size, channels, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*size, channels)).astype(np.uint8)


def by_pillow(image, rule, size, resampling, fill=0):
    """Each grey channel by itself, laid on a canvas."""
    source, target = place(rule, image.shape[:2], size)
    box = (source.left, source.top, source.left + source.width, source.top + source.height)
    canvas = np.full((*size, image.shape[-1]), fill, np.uint8)
    bottom, right = target.top + target.height, target.left + target.width
    for channel in range(image.shape[-1]):
        part = Image.fromarray(image[..., channel].copy()).crop(box)
        part = part.resize((target.width, target.height), resampling)
        canvas[target.top : bottom, target.left : right, channel] = np.asarray(part)
    return canvas


@given(rules, sizes, sizes)
def test_boxes_lie_inside(rule, image_size, canvas_size):
    for box, outer in zip(
        place(rule, image_size, canvas_size), (image_size, canvas_size), strict=True
    ):
        assert box.height >= 1 and box.width >= 1
        assert box.top >= 0 and box.top + box.height <= outer[0]
        assert box.left >= 0 and box.left + box.width <= outer[1]


@given(sizes, sizes)
def test_letterbox_and_crop_are_each_other_reversed(one, other):
    letterbox = place("letterbox", one, other)
    crop = place("crop", other, one)
    assert letterbox.target == crop.source


@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 40))
def test_whole_multiples_keep_proportions_and_lose_nothing(height, width, factor):
    canvas = (height * factor, width * factor)
    for rule in RESIZE_RULES:
        source, target = place(rule, (height, width), canvas)
        assert source == (0, 0, height, width)
        assert target == (0, 0, *canvas)


@few
@given(rules, sizes, sizes, st.sampled_from([1, 3]))
def test_images_are_pillows_bilinear_within_one_level(rule, image_size, size, channels):
    image = pixels(image_size, channels)
    expected = by_pillow(image, rule, size, Image.Resampling.BILINEAR).astype(int)
    assert np.abs(resize_image(image, rule, size).numpy() - expected).max() <= 1
    assert np.abs(fit_image(image, rule, size) - expected).max() <= 1


@few
@given(rules, sizes, sizes)
def test_masks_are_pillows_nearest(rule, image_size, size):
    mask = pixels(image_size, 1)
    expected = by_pillow(mask, rule, size, Image.Resampling.NEAREST, fill=255)[..., 0]
    source, target = place(rule, image_size, size)
    has_one_nearest = np.ix_(
        one_nearest(source.height, target.top, target.height, size[0]),
        one_nearest(source.width, target.left, target.width, size[1]),
    )
    for found in (fit_mask, resize_mask):
        found = np.asarray(found(mask[..., 0], rule, size, 255))
        np.testing.assert_array_equal(found[has_one_nearest], expected[has_one_nearest])


def one_nearest(length, start, new_length, size):
    """Places on the canvas whose middle does not fall between two pixels."""
    places = np.arange(size)
    middle = (2 * (places - start) + 1) * length
    return places[middle % (2 * new_length) != 0]


@few
@given(rules, sizes, st.integers(1, 4))
def test_enlarging_and_restoring_gives_masks_back(rule, image_size, factor):
    mask = pixels(image_size, 1)[..., 0] % 5
    size = (image_size[0] * factor, image_size[1] * factor)
    canvas = fit_mask(mask, rule, size, 255)
    np.testing.assert_array_equal(fit_mask(canvas, rule, image_size, 255), mask)


@few
@given(rules, sizes, sizes)
def test_restored_values_belong_to_the_part_that_was_seen(rule, image_size, size):
    source, target = place(rule, image_size, size)
    values = np.full((*size, 2), 7.0, np.float32)
    values[: target.top] = values[target.top + target.height :] = -1.0
    values[:, : target.left] = values[:, target.left + target.width :] = -1.0
    part, box = restore(values, rule, image_size)
    assert box == source
    assert part.shape == (source.height, source.width, 2)
    np.testing.assert_allclose(part, 7.0, rtol=1e-6)


def test_restore_undoes_a_smooth_resize():
    y, x = np.mgrid[:40, :60].astype(np.float32)
    ramp = np.stack([x, y], -1)
    for rule in RESIZE_RULES:
        canvas = resize_float(ramp, rule, (80, 100))
        part, box = restore(canvas, rule, (40, 60))
        original = ramp[box.top : box.top + box.height, box.left : box.left + box.width]
        # Borders are clamped by the first resize.
        np.testing.assert_allclose(part[2:-2, 2:-2], original[2:-2, 2:-2], atol=0.06)


def resize_float(values, rule, size):
    """scipy's linear interpolation with half-pixel centres, on a canvas of zeros."""
    from scipy.ndimage import map_coordinates

    source, target = place(rule, values.shape[:2], size)
    rows = source.top + (np.arange(target.height) + 0.5) * source.height / target.height - 0.5
    columns = source.left + (np.arange(target.width) + 0.5) * source.width / target.width - 0.5
    grid = np.meshgrid(rows, columns, indexing="ij")
    canvas = np.zeros((*size, values.shape[-1]), np.float32)
    for channel in range(values.shape[-1]):
        part = map_coordinates(values[..., channel], grid, order=1, mode="nearest")
        canvas[
            target.top : target.top + target.height,
            target.left : target.left + target.width,
            channel,
        ] = part
    return canvas


def test_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="Received: 'squeeze'"):
        place("squeeze", (1, 1), (1, 1))


@pytest.mark.parametrize("size", [(24, 20), (90, 7), (300, 200)])
def test_strips_of_a_large_image_change_nothing(monkeypatch, size):
    image = pixels((130, 170), 3)
    whole = resize_image(image, "stretch", size).numpy()
    monkeypatch.setattr("segtf.geometry._PIXELS_AT_ONCE", 2000)
    np.testing.assert_array_equal(resize_image(image, "stretch", size), whole)


def test_the_size_of_an_array_takes_no_copy_of_its_pixels(monkeypatch):
    def copies(*arguments, **settings):
        raise AssertionError("tf.shape makes a tensor of the array")

    monkeypatch.setattr(tf, "shape", copies)
    assert resize_image(np.zeros((4, 6, 3), np.uint8), "stretch", (2, 3)).shape == (2, 3, 3)
