"""Made-up sets: for tests, first steps and demonstrations without a download.

The pictures of lesions imitate dermoscopy: a lesion on skin, with hair, gel, uneven light and a
camera. They show that a pipeline works. How well a model does on people they cannot tell. Those of
shapes overlap, for multi-label segmentation.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from segtf.data import synthetic_photo as photo
from segtf.data import synthetic_shapes as shapes
from segtf.data import synthetic_skin as skin
from segtf.files import publishing_folder, require_writable
from segtf.ranges import LARGEST_SEED, image_size, whole_number

CLASS_NAMES = ("skin", "lesion")
KINDS = ("lesions", "shapes")
SMALLEST_SIDE = 32
LARGEST_COUNT = 1_000_000


def write_synthetic(folder, count=60, size=(192, 256), seed=0, on_progress=None, kind="lesions"):
    """Write a made-up set: `images/NNNN.jpg`, `masks/NNNN.png`, `classes.txt`.

    Shapes overlap: the masks of each class are in a subfolder of its name, `masks/disc/NNNN.png`.

    Picture `i` depends on `(seed, i)` alone, so that a longer set begins with the shorter one.
    The same library versions on the same kind of machine write the same bytes. The set appears
    in full or not at all.

    Args:
        folder: where to write; must not exist or be empty.
        count: number of pictures.
        size: height and width in pixels, each at least 32.
        seed: non-negative integer.
        on_progress: called as `on_progress(done, count)` after each picture.
        kind: ``lesions``, skin lesions of one class, or ``shapes``, discs, rings and bars that
            overlap.

    Returns:
        `folder` as a `Path`.

    Raises:
        ValueError: if `folder` holds something already, for a count, size or seed out of range, or
            another kind.

    Example:

    >>> import tempfile
    >>> folder = write_synthetic(tempfile.mkdtemp(), count=2, size=(48, 64))
    >>> sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    ['classes.txt', 'images/0000.jpg', 'images/0001.jpg', 'masks/0000.png', 'masks/0001.png']
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(
            "Expected a new or empty folder; nothing is overwritten. "
            f"Received: {folder}, which exists"
        )
    whole_number("count", count, 1, LARGEST_COUNT)
    _check(size, seed)
    if kind not in KINDS:
        raise ValueError(f"Expected kind as one of {KINDS}. Received: {kind!r}")
    require_writable(folder)
    write, names = (
        (_write_lesion, CLASS_NAMES) if kind == "lesions" else (_write_shapes, shapes.CLASS_NAMES)
    )

    with publishing_folder(folder) as beside:
        (beside / "images").mkdir()
        (beside / "classes.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
        for index in range(count):
            write(beside, index, size, seed)
            if on_progress:
                on_progress(index + 1, count)
        if folder.exists():
            folder.rmdir()
    return folder


def draw_synthetic(index, size=(192, 256), seed=0):
    """Draw one picture of a made-up lesion and its mask.

    Args:
        index: number of the picture.
        size: height and width in pixels, each at least 32.
        seed: non-negative integer.

    Returns:
        The image, uint8 RGB `(height, width, 3)`, and the mask, uint8 `(height, width)`: 0 is
        skin, 1 is lesion.

    Raises:
        ValueError: for an index, size or seed out of range.

    Example:

    >>> image, mask = draw_synthetic(0, size=(48, 64))
    >>> image.shape, mask.shape, np.unique(mask).tolist()
    ((48, 64, 3), (48, 64), [0, 1])
    """
    whole_number("index", index, 0, LARGEST_COUNT)
    _check(size, seed)
    size = tuple(int(side) for side in size)
    rng = np.random.default_rng([seed, index])

    outline = skin.draw_outline(rng, size)
    transmission = photo.draw_aperture(rng, size)
    mask = outline.mask & (transmission > photo.OPAQUE)

    image = skin.draw_skin(rng, size, outline)
    image = photo.add_hair(rng, image)
    image = photo.add_gel(rng, image)
    image = photo.add_ruler(rng, image)
    image = photo.light(rng, image) * transmission[..., None]
    return photo.expose(rng, image), mask.astype(np.uint8)


def _write_lesion(folder, index, size, seed):
    image, mask = draw_synthetic(index, size, seed)
    _write(image, folder / "images" / f"{index:04d}.jpg")
    _write(mask, folder / "masks" / f"{index:04d}.png")


def _write_shapes(folder, index, size, seed):
    image, masks = shapes.draw_shapes(np.random.default_rng([seed, index]), size)
    _write(image, folder / "images" / f"{index:04d}.jpg")
    for name, mask in masks.items():
        _write(mask.astype(np.uint8) * 255, folder / "masks" / name / f"{index:04d}.png")


def _write(pixels, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=90)


def _check(size, seed):
    image_size("size", size, least=SMALLEST_SIDE)
    whole_number("seed", seed, 0, LARGEST_SEED)
