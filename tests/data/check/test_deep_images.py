"""Images of more than 8 bits: one scale for all of them, told before training, or refused."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile
from damages import disc, picture
from PIL import Image

from segtf.data import DataError, ImageError, check_source, inspect_source, load_source, read_image
from segtf.data.decode import read_single


def grey(seed):
    return picture(seed)[..., 0]


def write_set(folder, images, suffix=".tif", channels=3):
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for index, pixels in enumerate(images):
        path = folder / f"images/{index}{suffix}"
        if suffix == ".npy":
            np.save(path, pixels)
        elif suffix == ".tif":
            photometric = "rgb" if pixels.ndim == 3 else "minisblack"
            tifffile.imwrite(path, pixels, photometric=photometric)
        else:
            Image.fromarray(pixels).save(path)
        Image.fromarray(disc()).save(folder / f"masks/{index}.png")
    return load_source("folder", folder, channels=channels)


REFUSED = {
    "floats of 0..1": (lambda seed: (grey(seed) / 255).astype(np.float32), "no grey levels"),
    "floats of -1..1": (
        lambda seed: (grey(seed) / 127.5 - 1).astype(np.float32),
        "no grey levels of 0..255",
    ),
    "floats of 0..4095": (
        lambda seed: (grey(seed) * 16.0).astype(np.float32),
        "no grey levels of 0..255",
    ),
    "floats with NaN": (
        lambda seed: np.where(grey(seed) > 99, np.nan, grey(seed)).astype(np.float32),
        "no grey levels of 0..255",
    ),
    "12 bits in 16": (lambda seed: grey(seed).astype(np.uint16) * 16, "read as 1. of 255"),
    "8 bits in 16": (lambda seed: grey(seed).astype(np.uint16), "read as 0 of 255"),
    "8 bits in 32": (lambda seed: grey(seed).astype(np.int32), "read as 0 of 255"),
    "12 bits in 16, colour": (
        lambda seed: picture(seed).astype(np.uint16) * 16,
        "read as 1. of 255",
    ),
    "signed 16 bits": (
        lambda seed: grey(seed).astype(np.int16) * 16 - 1000,
        "no grey levels of 0..65535",
    ),
    "signed 8 bits": (
        lambda seed: (grey(seed) // 2 - 60).astype(np.int8),
        "signed numbers of 8 bits",
    ),
    "beyond 16 bits": (
        lambda seed: grey(seed).astype(np.int32) * 1000,
        "no grey levels of 0..65535",
    ),
    "white is 0": (None, "16 bits of which 0 is white"),
}


@pytest.mark.parametrize(("make", "cause"), REFUSED.values(), ids=REFUSED)
def test_sets_on_another_scale_are_refused_by_check_and_training(tmp_path, make, cause):
    if make is None:
        source = write_set(tmp_path, [grey(0), grey(1)])
        for index in range(2):
            deep = grey(index).astype(np.uint16) * 257
            tifffile.imwrite(tmp_path / f"images/{index}.tif", deep, photometric="miniswhite")
    else:
        source = write_set(tmp_path, [make(0), make(1)])
    report = check_source(source)
    assert {found.kind for found in report.errors} <= {"no grey levels", "black"}
    assert len(report.errors) == 2
    for to_train in (True, False):
        with pytest.raises(DataError, match=rf"images/0\.tif .*{cause}"):
            inspect_source(source, to_train=to_train)


def test_arrays_on_another_scale_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    floats = [rng.random((48, 64, 5), np.float32) for _ in range(2)]
    with pytest.raises(DataError, match=r"0\.npy is of float32"):
        inspect_source(write_set(tmp_path / "a", floats, ".npy", 5))
    dark = [rng.integers(0, 4096, (48, 64, 5), np.uint16) for _ in range(2)]
    with pytest.raises(DataError, match="read as 15 of 255"):
        inspect_source(write_set(tmp_path / "b", dark, ".npy", 5))
    deep = [rng.integers(0, 65536, (48, 64, 5), np.uint16) for _ in range(2)]
    _, notices = inspect_source(write_set(tmp_path / "c", deep, ".npy", 5))
    assert "image of 16 bits" in notices[0]


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_16_bits_are_read_by_their_upper_8_with_a_notice(tmp_path, suffix):
    images = [grey(index).astype(np.uint16) * 257 for index in range(3)]
    images[1] //= 64  # one dark image of a set says nothing
    source = write_set(tmp_path, images, suffix)
    ready, notices = inspect_source(source)
    assert len(ready.samples) == 3 and len(notices) == 1
    assert "image of 16 bits or fractions (3 times)" in notices[0]
    assert check_source(source).is_safe
    np.testing.assert_array_equal(read_image(source.samples[0].image, 1)[..., 0], grey(0))
    dark, _ = inspect_source(replace(source, samples=source.samples[1:2]))
    assert dark.samples == source.samples[1:2]


def test_floats_of_grey_levels_are_read(tmp_path):
    images = [grey(index).astype(np.float32) + 0.25 for index in range(2)]
    source = write_set(tmp_path, [np.minimum(image, 255.3) for image in images])
    assert check_source(source).is_safe
    np.testing.assert_array_equal(read_image(source.samples[0].image, 1)[..., 0], grey(0))


@pytest.mark.parametrize("name", ["floats of 0..1", "signed 16 bits", "signed 8 bits"])
def test_an_image_by_itself_is_refused_on_another_scale(tmp_path, name):
    tifffile.imwrite(tmp_path / "a.tif", REFUSED[name][0](0))
    for source in (tmp_path / "a.tif", (tmp_path / "a.tif").read_bytes()):
        with pytest.raises(ImageError, match="scale others to 8 bits by one window"):
            read_single(source)


@pytest.mark.parametrize("name", ["12 bits in 16", "8 bits in 16", "12 bits in 16, colour"])
def test_an_image_by_itself_that_comes_out_black_is_warned_about(tmp_path, name, recwarn):
    tifffile.imwrite(tmp_path / "a.tif", REFUSED[name][0](0))
    with pytest.warns(UserWarning, match=r"a\.tif comes out nearly black"):
        pixels = read_single(tmp_path / "a.tif")
    np.testing.assert_array_equal(pixels, read_image(tmp_path / "a.tif"))


def test_a_black_photo_is_not_warned_about(tmp_path, recwarn):
    Image.fromarray(picture(0) // 16).save(tmp_path / "a.png")
    read_single(tmp_path / "a.png")
    read_single(picture(0) // 16)
    assert not recwarn.list


def test_channels_that_pillow_does_not_read_are_not_left_out_silently(tmp_path):
    source = write_set(tmp_path, [grey(0), grey(1)])
    two = np.dstack([grey(0), grey(1)])
    path = source.samples[0].image
    tifffile.imwrite(path, two, photometric="minisblack", planarconfig="contig")
    with pytest.raises(ImageError, match=r"of 1 channels\. Received: .*0\.tif of 2"):
        read_image(path)
    assert [found.kind for found in check_source(source).errors] == ["channels"]
    with pytest.raises(DataError, match=r"0\.tif holds 2 channels"):
        inspect_source(source)
