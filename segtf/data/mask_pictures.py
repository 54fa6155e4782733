"""Mask files to values: what can be read in two ways is refused, not read by the way that is first.

A picture of class ids has one page, one channel and no transparency, and stores each id as it is.
Files that say more than that are read where all they say agrees, and refused where it does not.
"""

import numpy as np

from segtf.data.array_files import ImageError

MASK_MODES = ("1", "L", "P", "I", "F", "LA", "PA", "RGB", "RGBA")
"""Pillow's modes that a mask may have, beside those of 16 bits (I;16)."""

_BITS, _PHOTOMETRIC, _SAMPLES, _SAMPLE_FORMAT, _PAGE_KIND = 258, 262, 277, 339, 254
_SOFTWARE = 305
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _SIGNED = 0, 1, 2
_REDUCED = 1
_MOST_PAGES = 64
_WHITE = 250


class TwoReadings(ImageError):
    """A mask file that can be read in two ways, with the cause: a text that follows its name."""

    kind = "two readings"

    def __init__(self, name, cause):
        super().__init__(
            "Expected a mask file that can be read in one way only, such as a grey PNG of class "
            f"ids. Received: {name}, which {cause}"
        )
        self.cause = cause


class FractionalMask(ImageError):
    """A mask of fractions."""

    kind = "float mask"

    def __init__(self, name, mode):
        super().__init__(f"Expected a mask of whole numbers. Received: {name} of mode {mode}")
        self.cause = "holds fractions"


def picture_values(image, name, load):
    """Return the values of a mask picture.

    Args:
        image: a PIL image that is open, its pixels not decoded yet.
        name: of the file, for errors.
        load: function of the image that decodes it and turns it upright.

    Returns:
        Array `(H, W)` of whole numbers or truth values, or of floats that may be whole.

    Raises:
        ImageError: `TwoReadings`, or for pictures of colours.
    """
    _refuse_pages(image, name)
    doubts = list(_doubts(image))
    pixels = load(image)
    if not (pixels.mode in MASK_MODES or pixels.mode.startswith("I;16")):
        raise _colors(name, pixels.mode)
    values = np.asarray(pixels)
    for is_in_doubt, cause in doubts:
        if is_in_doubt(values):
            raise TwoReadings(name, cause)
    if pixels.mode in ("LA", "PA", "RGBA"):
        values = _without_alpha(values, name)
    if values.ndim == 3:
        if (values != values[..., :1]).any():
            raise _colors(name, pixels.mode)
        values = values[..., 0]
    if pixels.mode in ("P", "PA"):
        _check_palette(palette_of(pixels), np.unique(values), name)
    return values


def picture_colors(image, name, load):
    """Return the colours of a mask picture: uint8 `(H, W, 3)`.

    Arguments and errors are those of `picture_values`.
    """
    _refuse_pages(image, name)
    pixels = load(image)
    if pixels.mode[0] in "IF":
        raise ImageError(
            f"Expected a mask of colours. Received: {name}, of numbers (mode {pixels.mode})"
        )
    if pixels.mode in ("LA", "PA") or "transparency" in pixels.info:
        pixels = pixels.convert("RGBA")
    if pixels.mode == "RGBA":
        return _without_alpha(np.asarray(pixels), name)
    return np.asarray(pixels.convert("RGB"))


def array_values(values, name):
    """Return the values of a mask that is an array, `(H, W)` as `picture_values` does.

    Raises:
        ImageError: `TwoReadings` for several channels that differ; or for other than numbers.
    """
    if values.dtype.kind not in "biuf" or values.size == 0:
        raise ImageError(
            f"Expected a mask of whole numbers. Received: {name} of {values.dtype} and the shape "
            f"{values.shape}"
        )
    if values.ndim == 3 and values.shape[-1] == 1:
        return values[..., 0]
    if values.ndim == 3 and values.shape[0] == 1:
        return values[0]
    if values.ndim == 3 and values.shape[-1] == 3 and (values == values[..., :1]).all():
        return values[..., 0]
    if values.ndim == 3:
        cause = f"has the shape {values.shape}: class ids have two axes, a map for each class three"
        raise TwoReadings(name, cause)
    return values


def whole_numbers(values, name, mode):
    """Return values as uint8 or int32.

    Raises:
        FractionalMask: if they are no whole numbers of 32 bits.
    """
    if values.dtype in (np.bool_, np.uint8):
        return values.astype(np.uint8)
    with np.errstate(invalid="ignore"):
        whole = values.astype(np.int32)
    if not np.array_equal(values, whole):
        raise FractionalMask(name, mode)
    return whole


def _refuse_pages(image, name):
    pages = count_pages(image)
    if pages > 1:
        raise TwoReadings(name, f"holds {pages} pages or frames, of which any may be meant")


def count_pages(image):
    """Return how many pages or frames a PIL image holds: 2 for two or more, where that is quicker.

    The previews of phone photos (MPO) and the reduced copies in a TIFF are no pages.
    """
    if image.format == "MPO" or not getattr(image, "is_animated", False):
        return 1
    if image.format != "TIFF":
        return 2
    kinds = []
    for page in range(min(image.n_frames, _MOST_PAGES)):
        image.seek(page)
        kinds.append(image.tag_v2.get(_PAGE_KIND, 0))
    image.seek(0)
    return sum(1 for kind in kinds if not kind & _REDUCED)


def palette_of(image):
    """Return the colours of a palette image by number: a tuple of (red, green, blue)."""
    flat = image.getpalette("RGB") or []
    return tuple(zip(flat[::3], flat[1::3], flat[2::3], strict=True))


def samples_unread(image):
    """Return how many channels a PIL image stores if it gives fewer: so many of a TIFF are lost;
    else 0."""
    stored = image.tag_v2.get(_SAMPLES, 1) if image.format == "TIFF" else 0
    return stored if stored > len(image.getbands()) else 0


def _doubts(image):
    """Yield what a header leaves open: whether values are in doubt by it, as a function of them,
    and the cause."""
    if image.format == "PNG" and image.tile:
        yield from _png_doubts(str(image.tile[0][3]))
    elif image.format == "TIFF":
        yield from _tiff_doubts(image)
    elif image.format == "BMP" and image.tile:
        yield from _bmp_doubts(image)
    elif image.format == "PPM" and image.tile:
        yield from _ppm_doubts(image)


def _ppm_doubts(image):
    """Pillow stretches what goes up to another number than 255 or 65535."""
    options = image.tile[0][3]
    most = options[1] if isinstance(options, tuple) and image.mode != "1" else 255
    if most not in (255, 65535):
        yield _always, f"says that white is {most}: ids would be stretched to 0..255"


def _bmp_doubts(image):
    """Pillow takes a palette of few greys for fewer bits than each pixel has."""
    raw_mode, stride = image.tile[0][3][:2]
    bits = {"1": 1, "L": 8}.get(raw_mode)
    if bits and stride != (image.width * bits + 31) // 32 * 4:
        yield _always, "has a palette of greys that Pillow reads wrongly: save it as a grey picture"


def _png_doubts(raw_mode):
    mode, _, bits = raw_mode.partition(";")
    if mode == "L" and bits in ("2", "4"):
        yield np.any, _few_bits(int(bits))
    elif bits.startswith("16") and mode != "I":
        yield _always, _DEEP_CHANNELS


def _tiff_doubts(image):
    bits = image.tag_v2.get(_BITS, (1,))
    photometric = image.tag_v2.get(_PHOTOMETRIC)
    samples = image.tag_v2.get(_SAMPLES, 1)
    if photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) and bits[0] in (2, 4):
        yield np.any, _few_bits(bits[0])
    if photometric == _WHITE_IS_ZERO and bits[0] > 1:
        yield (
            _always,
            "says that white is 0: its numbers and what it looks like are each other's reverse",
        )
    if photometric == _WHITE_IS_ZERO and str(image.tag_v2.get(_SOFTWARE)).startswith("tifffile"):
        yield (
            _always,
            "holds truth values as tifffile writes them without photometric='minisblack':"
            " its numbers and what it looks like are each other's reverse",
        )
    if samples_unread(image):
        yield _always, f"has {samples} channels, of which Pillow reads {len(image.getbands())}"
    elif samples > 1 and max(bits) > 8:
        yield _always, _DEEP_CHANNELS
    if _SIGNED in image.tag_v2.get(_SAMPLE_FORMAT, ()) and bits[0] == 8:
        yield _holds_negative, "holds numbers below 0, which are those above 127 for most readers"


_DEEP_CHANNELS = "has several channels of 16 bits, of which Pillow reads the upper 8"


def _few_bits(bits):
    most = 2**bits - 1
    return (
        f"stores {bits} bits a pixel: as numbers they go from 0 to {most}, as grey levels from 0 "
        "to 255"
    )


def _always(values):
    return True


def _holds_negative(values):
    return values.dtype == np.uint8 and values.max(initial=0) > 127


def _without_alpha(values, name):
    """The channels but the last, if transparency says nothing else than they do."""
    alpha, channels = values[..., -1], values[..., :-1]
    if np.ptp(alpha) == 0:
        return channels
    if np.ptp(channels.reshape(-1, channels.shape[-1]), axis=0).max() == 0:
        raise TwoReadings(
            name,
            "is of one colour under a transparency that varies: if that is the mask, save the "
            "alpha channel by itself",
        )
    if channels[alpha == 0].any():
        raise TwoReadings(
            name,
            "has other values than 0 under pixels that are wholly transparent: save either the "
            "colour or the alpha channel by itself",
        )
    return channels


def _check_palette(colors, used, name):
    """Refuse grey palettes whose greys are another mask than their numbers.

    Of colours the numbers are the class ids, unless the two of a binary mask are reversed; they
    count from mask to mask, too (see
    `segtf.data.check.palettes`). Greys may be the ids themselves, as tools keep them that make
    files small, or a ramp from black to white that makes ids visible.
    """
    used = used[used < len(colors)]
    if not len(used):
        return
    shown = np.array(colors, np.int64)[used]
    if (shown != shown[:, :1]).any():
        if used.tolist() == [0, 1] and shown[0].any() and not shown[1].any():
            raise TwoReadings(
                name,
                "has a palette in which number 1 is black and number 0 is not: by its numbers the "
                "black is the object, by its colours the other",
            )
        return
    greys = shown[:, 0]
    if (greys == used).all():
        return
    scale = greys.max() / max(1, used.max())
    is_ramp = np.abs(greys - used * scale).max() <= 1 and max(map(max, colors)) >= _WHITE
    if not is_ramp:
        pairs = ", ".join(
            f"{number} is grey {grey}" for number, grey in zip(used, greys, strict=True)
        )
        raise TwoReadings(
            name,
            f"has a grey palette in another order than its numbers ({pairs:.60}): save what is "
            "meant, the numbers or the greys, as a grey picture",
        )


def _colors(name, mode):
    return ImageError(
        "Expected a mask of class ids (a grey or palette picture), not of colours. "
        f"Received: {name} of mode {mode}"
    )
