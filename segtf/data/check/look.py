"""One sample: what its files are and hold. Findings that need no other sample are made here."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np

from segtf.data.array_files import DepthError
from segtf.data.check.finding import Finding
from segtf.data.check.likeness import Likeness
from segtf.data.check.picture import (
    ARRAY_MODE,
    Picture,
    PictureError,
    damaged,
    decode_quickly,
    open_picture,
)
from segtf.data.decode import ImageError, read_image
from segtf.data.masks import InstanceMask, mask_files, read_values
from segtf.data.sample import Sample
from segtf.data.sources.picture_files import IMAGE_SUFFIXES
from segtf.resources import usable_cores

TINY_SIDE = 32
"""Images with a side shorter than this, in pixels, are reported."""

EXTREME_ASPECT = 5
"""Images this many times longer than wide, or the reverse, are reported."""

_DARK = 64
_COLOR_MODES = {"RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"}
_LOSSY_FORMATS = {"JPEG", "MPO"}


@dataclass(frozen=True)
class Look:
    """What is known of a sample after looking at its files.

    Args:
        sample: the `Sample`.
        findings: what is wrong with it by itself.
        image: the image file, if its header could be read.
        mask: the first mask file, if it is a picture whose header could be read.
        counts: value in the mask to number of pixels; empty if it could not be read.
        numbers: the values in the mask as its file holds them: numbers of objects before they
            become classes.
        mask_digest: of the mask's values, to compare masks.
        covered: number of pixels that a class other than 0 covers, and of those that several do;
            `None` unless looked at thoroughly, of a mask whose classes may overlap.
        brightest: largest value of the image as it is read, if the file has more than 8 bits.
        pixels: figures of the decoded image; `None` unless looked at thoroughly.
    """

    sample: Sample
    findings: tuple[Finding, ...] = ()
    image: Picture | None = None
    mask: Picture | None = None
    counts: dict[int, int] = field(default_factory=dict)
    numbers: frozenset[int] = frozenset()
    mask_digest: bytes = b""
    covered: tuple[int, int] | None = None
    brightest: int | None = None
    pixels: "PixelFigures | None" = None

    @property
    def has_lossy_mask(self):
        """Whether its mask is in a format that changes values."""
        return self.mask is not None and self.mask.format in _LOSSY_FORMATS


@dataclass(frozen=True)
class PixelFigures:
    """Figures of a decoded image.

    Args:
        count: number of pixels.
        sums: float64 `(C,)`, of the values of each channel.
        squares: float64 `(C,)`, of their squares.
        likeness: what it is compared with other images by.
    """

    count: int
    sums: np.ndarray
    squares: np.ndarray
    likeness: Likeness


def look_at_samples(source, thorough, on_sample=None):
    """Look at the files of every sample, several at a time.

    Args:
        source: a `Source`.
        thorough: whether to decode images in full, for figures and duplicates.
        on_sample: called with no arguments after each sample.

    Returns:
        A `Look` for each sample, in order. The files' contents are not kept.
    """

    def look(sample):
        found = _look(sample, source.channels, source.labels.num_classes if thorough else None)
        if on_sample is not None:
            on_sample()
        return found

    with ThreadPoolExecutor(usable_cores()) as pool:
        return list(pool.map(look, source.samples))


def _look(sample, channels, num_classes):
    """Look at a sample; thoroughly, if the number of classes is given."""
    thorough = num_classes is not None
    image, image_findings, brightest, pixels = _look_at_image(sample, channels, thorough)
    mask, mask_findings, values, covered = _look_at_mask(sample, num_classes)
    counts = _count(values) if values is not None else {}
    numbers = frozenset(counts)
    if values is not None and isinstance(sample.mask, InstanceMask):
        values = sample.mask.to_class_ids(values)
        counts = _count(values)
    fit_findings = []
    if image is not None and values is not None:
        fit_findings = list(_fit(sample, image, mask, values.shape))
    return Look(
        sample,
        (*image_findings, *mask_findings, *fit_findings),
        image and replace(image, content=b""),
        mask and replace(mask, content=b""),
        counts,
        numbers,
        blake2b(np.ascontiguousarray(values)).digest() if values is not None else b"",
        covered,
        brightest,
        pixels,
    )


def _look_at_image(sample, channels, thorough):
    def finding(kind, cause):
        return Finding(kind, (sample.image,), cause, (sample.id,))

    image = None
    try:
        image = open_picture(sample.image, channels)
        findings = [finding(*what) for what in _oddities(image, channels)]
        if not (thorough or image.is_deep):
            decode_quickly(image)
            return image, findings, None, None
        array = _decode(image, channels)
    except PictureError as error:
        return image, [finding(error.kind, str(error))], None, None
    brightest = int(array.max()) if image.is_deep else None
    if not thorough:
        return image, findings, brightest, None
    if np.ptp(array.reshape(-1, array.shape[-1]), axis=0).max() == 0:
        color = ", ".join(str(value) for value in array[0, 0])
        findings.append(finding("blank", f"is {color} everywhere"))
    if image.is_deep and brightest < _DARK:
        cause = f"its brightest value is read as {brightest} of 255: nearly black"
        findings.append(finding("deep", cause))
    return image, findings, brightest, _figures(array)


def _decode(image, channels):
    try:
        return read_image(image.path if image.mode == ARRAY_MODE else image.content, channels)
    except DepthError as error:
        raise PictureError(error.kind, error.cause) from None
    except ImageError as error:
        raise damaged(error.__cause__ or error) from None


def _oddities(image, channels):
    """Yield kind and cause for what the header tells."""
    height, width = image.size
    if image.is_deep:
        yield "deep", f"is of mode {image.mode}"
    if image.mode == "CMYK":
        yield "cmyk", "has the channels cyan, magenta, yellow and black"
    elif image.mode in ("P", "PA"):
        yield "palette", "holds numbers of colours"
    elif image.mode in ("L", "LA", "1") and channels == 3:
        yield "grey", f"is of mode {image.mode}"
    elif image.mode in _COLOR_MODES and channels == 1:
        yield "color", f"is of mode {image.mode}"
    if image.has_alpha:
        yield "alpha", f"is of mode {image.mode} with transparency"
    if image.frames > 1:
        yield "frames", f"holds {image.frames} frames"
    if not image.fits_suffix:
        yield "suffix", f"is a {image.format} file"
    if min(height, width) < TINY_SIDE:
        yield "tiny", f"is {width} x {height}"
    if max(height, width) > EXTREME_ASPECT * min(height, width):
        yield "aspect", f"is {width} x {height}"


def _look_at_mask(sample, num_classes):
    """Header of the first mask file, findings, values as its file holds them, and the pixels that
    classes cover; without values if it is unusable."""
    if sample.mask is None:
        return None, [Finding("no mask", (sample.image,), "has no mask", (sample.id,))], None, None
    pictures, findings = [], []
    for path in mask_files(sample):
        if path.suffix.lower() in IMAGE_SUFFIXES:
            try:
                pictures.append(open_picture(path, channels=1))
            except PictureError as error:
                findings.append(Finding(error.kind, (path,), str(error), (sample.id,)))
    first = pictures[0] if pictures else None
    if findings:
        return first, findings, None, None
    try:
        values, covered = _mask_values(sample, num_classes)
    except ImageError as error:
        return first, [_unusable(sample, pictures, error)], None, None
    for picture in pictures:
        if picture.format in _LOSSY_FORMATS:
            cause = f"is a {picture.format} file"
            findings.append(Finding("lossy mask", (picture.path,), cause, (sample.id,)))
    return first, findings, values, covered


def _mask_values(sample, num_classes):
    """Values of a mask as its file holds them, and the pixels that classes cover if they may
    overlap and that is asked for."""
    if isinstance(sample.mask, InstanceMask):
        return sample.mask.numbers(), None
    if num_classes is None or not hasattr(sample.mask, "read_parts"):
        return read_values(sample), None
    found = sample.mask.read_parts(("classes", "labels"), num_classes)
    if found.labels is None:
        return found.classes, None
    classes = (found.labels[..., 1:] == 1).sum(axis=-1)
    return found.classes, (int(np.count_nonzero(classes)), int(np.count_nonzero(classes > 1)))


def _unusable(sample, pictures, error):
    """The finding for a mask whose header is fine but whose values are not."""
    for picture in pictures:
        try:
            decode_quickly(picture)
        except PictureError as cause:
            return Finding(cause.kind, (picture.path,), str(cause), (sample.id,))
    files = mask_files(sample)
    if hasattr(error, "kind"):
        return Finding(error.kind, files, error.cause, (sample.id,))
    mode = pictures[0].mode if pictures else ""
    if len(pictures) == 1 and (mode in _COLOR_MODES or mode == "PA"):
        return Finding("color mask", files, f"is of mode {mode}", (sample.id,))
    return Finding("smoothed mask", files, str(error), (sample.id,))


def _fit(sample, image, mask, mask_size):
    """Yield findings on whether the mask lies on the image."""
    files = (sample.image, *mask_files(sample)[:1])
    height, width = image.size
    sizes = (
        f"mask {files[1].name} is {mask_size[1]} x {mask_size[0]}, its image "
        f"{files[0].name} is {width} x {height} (width x height)"
    )
    turned = image.orientation != 1 and not (mask and mask.orientation == image.orientation)
    if mask_size == image.size:
        if turned and (image.orientation < 5 or height == width):
            cause = f"has EXIF orientation {image.orientation}, its mask has none"
            yield Finding("exif", files, cause, (sample.id,))
    elif turned and mask_size == image.stored_size:
        cause = f"has EXIF orientation {image.orientation}; {sizes}"
        yield Finding("mask not rotated", files, cause, (sample.id,))
    elif mask_size == image.size[::-1]:
        yield Finding("size", files, f"{sizes}: sides are swapped", (sample.id,))
    else:
        yield Finding("size", files, sizes, (sample.id,))


def _count(values):
    if values.dtype == np.uint8:
        counts = np.bincount(values.ravel(), minlength=256)
        return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _figures(array):
    channels = array.shape[-1]
    counts = np.stack([np.bincount(array[..., c].ravel(), minlength=256) for c in range(channels)])
    levels = np.arange(256, dtype=np.float64)
    return PixelFigures(
        array.shape[0] * array.shape[1], counts @ levels, counts @ levels**2, Likeness.of(array)
    )
