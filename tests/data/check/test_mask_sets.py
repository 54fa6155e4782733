"""Masks that are read as they are meant, or not at all, as check and training see a whole set."""

import numpy as np
import pytest
from damages import disc, picture
from PIL import Image

from segtf.data import (
    DataError,
    check_source,
    find_augmentation,
    inspect_source,
    load_source,
    read_class_ids,
)
from segtf.data.check import draw_samples
from segtf.data.synthetic import write_synthetic


def save(path, pixels):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels))
    image.save(path)


def palette(ids, colors):
    image = Image.fromarray(np.asarray(ids, np.uint8)).convert("P")
    image.putpalette([level for color in colors for level in color])
    return image


def pair(folder, name, write, suffix, seed=0):
    for part in ("images", "masks"):
        (folder / part).mkdir(exist_ok=True, parents=True)
    save(folder / f"images/{name}.png", picture(seed))
    write(folder / f"masks/{name}{suffix}")


def test_check_and_training_name_them_alike(tmp_path):
    alpha = Image.fromarray(disc(value=0)).convert("L")
    alpha.putalpha(Image.fromarray(disc(value=255)))
    pair(tmp_path, "alpha", lambda path: save(path, alpha), ".png", 1)
    pair(tmp_path, "soft", lambda path: np.save(path, disc() / 2), ".npy", 2)
    pair(tmp_path, "good", lambda path: save(path, disc()), ".png", 3)
    source = load_source("folder", tmp_path)
    found = {finding.files[0].stem: finding.kind for finding in check_source(source).errors}
    assert found == {"alpha": "two readings", "soft": "float mask"}
    with pytest.raises(DataError, match=r"alpha\.png is of one colour under a transparency"):
        inspect_source(source)
    kept, _ = inspect_source(source, skip_broken=True)
    assert [sample.id for sample in kept.samples] == ["good"]


def quantized(pixels):
    """As a tool does that numbers the colours of each picture anew."""
    colors, ids = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    counts = np.bincount(ids)
    order = np.argsort(-counts)
    places = np.argsort(order)
    return palette(places[ids].reshape(pixels.shape[:2]), colors[order].tolist())


@pytest.mark.parametrize("names", [("a", "b"), ("a", "b", "c")])
def test_palettes_that_number_colours_anew_are_refused(tmp_path, names):
    red, blue = np.uint8([255, 0, 0]), np.uint8([0, 0, 255])
    (tmp_path / "classes.txt").write_text("\n".join(names))
    for index, inside in enumerate((disc() > 0, disc() == 0)):
        pixels = np.where(inside[..., None], red, blue)
        pair(tmp_path, str(index), lambda path, p=pixels: save(path, quantized(p)), ".png", index)
    source = load_source("folder", tmp_path, classes=tmp_path / "classes.txt")
    assert "palettes" in {finding.kind for finding in check_source(source).errors}
    with pytest.raises(DataError, match=r"in 0\.png number . is the colour #.*in 1\.png number"):
        inspect_source(source)


def test_palettes_of_a_fixed_order_are_fine(tmp_path):
    colors = [(0, 0, 0), (128, 0, 0), (0, 128, 0)]
    (tmp_path / "classes.txt").write_text("a\nb\nc")
    masks = [palette(disc(), colors), palette(disc(value=2), colors), disc(value=2)]
    masks.append(Image.fromarray(disc()).convert("P"))
    for index, mask in enumerate(masks):
        pair(tmp_path, str(index), lambda path, m=mask: save(path, m), ".png", index)
    assert check_source(load_source("folder", tmp_path)).is_safe


@pytest.mark.parametrize("options", [{}, {"instances": True}])
def test_trimaps_are_recognised(tmp_path, options):
    trimap = disc(value=255)
    trimap = np.where(trimap, 1, 2).astype(np.uint8)
    trimap[20:24] = 3
    for index in range(2):
        pair(tmp_path, str(index), lambda path: save(path, trimap), ".png", index)
    source = load_source("folder", tmp_path, **options)
    (finding,) = check_source(source).errors
    assert finding.kind == "trimap" and "--data pets" in finding.remedy
    assert "{1: 1, 2: 0, 3: 255}" in finding.cause
    with pytest.raises(DataError, match="holds 1, 2, 3, as trimaps do"):
        inspect_source(source)
    read = load_source("folder", tmp_path, mask_values={"1": 1, "2": 0, "3": 255})
    assert check_source(read).is_safe
    ids = read_class_ids(read.samples[0], read.labels)
    assert (ids == np.select([trimap == 1, trimap == 2], [1, 0], 255)).all()


def test_matting_trimaps_are_recognised(tmp_path):
    trimap = disc(value=255)
    trimap[20:24] = 128
    for index in range(2):
        pair(tmp_path, str(index), lambda path: save(path, trimap), ".png", index)
    assert "trimap" in {
        finding.kind for finding in check_source(load_source("folder", tmp_path)).errors
    }


def test_ids_from_1_to_3_of_more_classes_are_no_trimap(tmp_path):
    (tmp_path / "classes.txt").write_text("none\na\nb\nc\nd")
    mask = disc() + 1
    mask[20:24] = 3
    pair(tmp_path, "a", lambda path: save(path, mask), ".png")
    assert check_source(load_source("folder", tmp_path)).is_safe


def test_classes_that_overlap_are_found_and_drawn(tmp_path):
    folder = write_synthetic(tmp_path / "set", count=6, size=(48, 64), kind="shapes")
    source = load_source("folder", folder)
    (found,) = [one for one in check_source(source).findings if one.kind == "overlap"]
    assert "of 6 images" in found.cause
    draw_samples(source, tmp_path / "one.png", 6, find_augmentation("medical"), overlapping=False)
    draw_samples(
        source, tmp_path / "several.png", 6, find_augmentation("medical"), overlapping=True
    )
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "several.png").read_bytes()
