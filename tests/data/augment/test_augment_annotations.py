"""Every part of an annotation moves as the image does; a mirror image swaps left and right."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from segtf.data import AUGMENTATIONS, Annotation, Augmentation, Skeleton
from segtf.data.augment import augment_batch

SIZE = (48, 64)
BATCH = 6
BENT = Augmentation(flip_horizontal=True, rotation=20, scale=0.1, crop=0.8, elastic=0.01)
MOVING = {
    **{name: changes for name, changes in AUGMENTATIONS.items() if changes.is_geometric},
    "bent": BENT,
    "turned": Augmentation(flip_horizontal=True, flip_vertical=True, quarter_turns=True),
}
PAIR = Skeleton(("nose", "left", "right"), pairs=(("left", "right"),))
SEEDS = st.integers(0, 2**31 - 1)


def seeds_of(seed, count=BATCH):
    return tf.stack([tf.fill((count,), seed), tf.range(count)], axis=1)


def one_point_a_cell(seed):
    """Points `(B, 12, 1, 3)`, each on a pixel in the middle of a cell of 16."""
    rows, columns = np.meshgrid(np.arange(8, 48, 16), np.arange(8, 64, 16), indexing="ij")
    middles = np.stack([columns.ravel(), rows.ravel()], axis=-1)
    shifts = np.random.default_rng(seed).integers(-4, 5, (BATCH, len(middles), 2))
    places = (middles + shifts)[:, :, np.newaxis]
    return np.concatenate([places, np.full((*places.shape[:3], 1), 2)], -1).astype(np.float32)


def discs_on(points):
    """Numbers of objects `(B, H, W)`: a disc of 3 pixels on each point."""
    row, column = np.indices(SIZE)
    found = np.zeros((len(points), *SIZE), np.int32)
    for number in range(points.shape[1]):
        x, y = (points[:, number, 0, axis, np.newaxis, np.newaxis] for axis in (0, 1))
        found[np.hypot(column - x, row - y) <= 3] = number + 1
    return found


def annotated(points):
    instances = discs_on(points)
    classes = (instances > 0).astype(np.uint8)
    labels = np.stack([classes, instances % 2], axis=-1).astype(np.uint8)
    return Annotation(classes, instances, labels, points)


def images_of(annotation):
    return np.repeat(annotation.classes[..., np.newaxis] * np.uint8(255), 3, axis=-1)


def change(annotation, changes, seed, **options):
    seeds = seeds_of(seed, len(annotation.classes))
    options = {"compiled": False, **options}
    images, moved = augment_batch(images_of(annotation), annotation, seeds, changes, **options)
    return images.numpy(), moved.each(lambda values: values.numpy())


@pytest.mark.parametrize("name", MOVING)
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_a_point_stays_on_its_pixel(name, seed):
    """A disc drawn on a point and moved as a map has the moved point as its middle."""
    points = one_point_a_cell(seed)
    _, moved = change(annotated(points), MOVING[name], seed)
    row, column = np.indices(SIZE)
    margin = 10  # so that the whole disc is in the picture, stretched as it may be
    for sample in range(BATCH):
        for number, ((x, y, visibility),) in enumerate(moved.points[sample], start=1):
            disc = moved.instances[sample] == number
            if margin <= x < SIZE[1] - margin and margin <= y < SIZE[0] - margin:
                assert visibility == 2
                # Each pixel of a disc is the nearest one, and a stretched disc has few of them.
                assert abs(column[disc].mean() - x) <= 0.75
                assert abs(row[disc].mean() - y) <= 0.75
            elif not visibility:
                assert not (-0.5 <= x < SIZE[1] - 0.5 and -0.5 <= y < SIZE[0] - 0.5)


@pytest.mark.parametrize("name", MOVING)
@settings(max_examples=3, deadline=None)
@given(seed=SEEDS)
def test_all_maps_move_as_the_mask_alone_does(name, seed):
    annotation = annotated(one_point_a_cell(seed))
    images, moved = change(annotation, MOVING[name], seed)
    alone = augment_batch(
        images_of(annotation), annotation.classes, seeds_of(seed), MOVING[name], compiled=False
    )
    np.testing.assert_array_equal(images, alone[0])
    is_outside = moved.classes == 255  # which is mirrored without instances
    np.testing.assert_array_equal(moved.classes[~is_outside], alone[1][~is_outside])
    assert (moved.instances[is_outside] == 0).all() and (moved.labels[is_outside] == 255).all()
    numbers = moved.instances[~is_outside]
    np.testing.assert_array_equal(numbers > 0, moved.classes[~is_outside])
    np.testing.assert_array_equal(numbers % 2, moved.labels[~is_outside][:, 1])


@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_the_pixel_under_a_point_stays_under_it(seed):
    """However an image is bent: found again within one and a half pixels, rounded twice."""
    points = one_point_a_cell(seed)
    pixels = np.arange(1, SIZE[0] * SIZE[1] + 1, dtype=np.int32).reshape(SIZE)
    annotation = annotated(points)._replace(instances=np.stack([pixels] * BATCH))
    _, moved = change(annotation, dataclasses.replace(BENT, elastic=0.03), seed)
    sample, number, _ = np.nonzero(moved.points[..., 2])
    assert len(sample) > BATCH
    x, y = np.floor(moved.points[sample, number, 0, :2] + 0.5).astype(int).T
    row, column = np.divmod(moved.instances[sample, y, x] - 1, SIZE[1])
    assert np.abs(column - points[sample, number, 0, 0]).max() <= 1.5
    assert np.abs(row - points[sample, number, 0, 1]).max() <= 1.5


def test_points_that_leave_the_image_are_invisible():
    _, moved = change(annotated(one_point_a_cell(0)), Augmentation(translation=1.0), 3)
    x, y, visibility = np.moveaxis(moved.points, -1, 0)
    is_outside = (x < -0.5) | (x >= SIZE[1] - 0.5) | (y < -0.5) | (y >= SIZE[0] - 0.5)
    assert is_outside.any() and not is_outside.all()
    np.testing.assert_array_equal(visibility, np.where(is_outside, 0, 2))


def three_joints(seed):
    rng = np.random.default_rng(seed)
    places = rng.integers(0, (SIZE[1], SIZE[0]), (BATCH, 2, 3, 2))
    visibility = rng.integers(0, 3, (BATCH, 2, 3, 1))
    points = np.concatenate([places, visibility], -1).astype(np.float32)
    return annotated(one_point_a_cell(seed))._replace(points=points)


@pytest.mark.parametrize("side", ["flip_horizontal", "flip_vertical"])
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_a_mirror_swaps_pairs_and_twice_is_nothing(side, seed):
    annotation = three_joints(seed)
    changes = Augmentation(**{side: True})
    images, once = change(annotation, changes, seed, skeleton=PAIR)
    axis, length = (0, SIZE[1]) if side == "flip_horizontal" else (1, SIZE[0])
    expected = annotation.points[:, :, [0, 2, 1]]
    expected[..., axis] = length - 1 - expected[..., axis]
    for sample in range(BATCH):
        is_mirrored = (images[sample] != images_of(annotation)[sample]).any()
        right = expected if is_mirrored else annotation.points
        np.testing.assert_array_equal(once.points[sample], right[sample])
    _, twice = change(once, changes, seed, skeleton=PAIR)
    for one, other in zip(twice, annotation, strict=True):
        np.testing.assert_array_equal(one, other)


def test_turns_swap_no_pairs_and_turned_mirror_images_do():
    square = np.zeros((64, 16, 16), np.uint8)
    points = np.tile(np.float32([[[[3, 4, 1], [9, 4, 1], [9, 12, 2]]]]), (64, 1, 1, 1))
    annotation = Annotation(square, points=points)

    def turns_left(changes):
        """Whether the three joints, as they are named, lie the other way round."""
        _, moved = change(annotation, changes, 5, skeleton=PAIR)
        nose, left, right = np.moveaxis(moved.points[:, 0, :, :2], 1, 0)
        (a, b), (c, d) = (left - nose).T, (right - nose).T
        return a * d - b * c > 0

    turned = Augmentation(quarter_turns=True)
    assert turns_left(turned).all()
    # Mirrored, left and right change their places: the way round stays.
    for changes in (
        Augmentation(flip_horizontal=True, quarter_turns=True),
        AUGMENTATIONS["medical"],
    ):
        assert turns_left(dataclasses.replace(changes, translation=0)).all()


def test_without_a_skeleton_no_joint_is_left_or_right():
    annotation = three_joints(0)
    _, plain = change(annotation, Augmentation(flip_horizontal=True), 1)
    np.testing.assert_array_equal(plain.points[..., 1], annotation.points[..., 1])


def test_crops_find_the_rare_of_classes_that_overlap():
    labels = np.zeros((64, 48, 48, 3), np.uint8)
    labels[..., 1] = 1
    labels[:, 5:8, 40:43, 2] = 1
    images, seeds = (
        np.zeros((64, 48, 48, 3), np.uint8),
        tf.stack([tf.ones(64, tf.int32), tf.range(64)], 1),
    )

    def share_with_class_2(rare):
        changes = Augmentation(crop=0.3, crop_rare=rare)
        given = Annotation(labels=tf.constant(labels))
        _, moved = augment_batch(images, given, seeds, changes, compiled=False)
        return (moved.labels.numpy()[..., 2] == 1).any(axis=(1, 2)).mean()

    assert share_with_class_2(1.0) > 0.5 > 0.45 > share_with_class_2(0.0)


def test_what_cannot_be_changed_is_refused():
    annotation = three_joints(0)
    with pytest.raises(ValueError, match=r"2 joints, as the skeleton .*Received: 3"):
        change(annotation, BENT, 0, skeleton=Skeleton(("a", "b")))
    with pytest.raises(ValueError, match="crop_rare"):
        augment_batch(
            images_of(annotation),
            Annotation(points=annotation.points),
            seeds_of(0),
            AUGMENTATIONS["street"],
            compiled=False,
        )
