"""Images of more than 8 bits: a set in which they all come out nearly black is on another scale."""

from segtf.data.check.finding import Finding
from segtf.data.check.others import samples_beside
from segtf.data.check.picture import PictureError, open_picture
from segtf.data.decode import LEAST_OF_DEEP, ImageError, read_image


def judge_depth(source, looks):
    """Find deep images of a set that is nowhere brighter than a black one.

    One dark image says nothing: the scale of 16 bits is that of the set. Samples that are not
    looked at are asked as well, if need be.

    Args:
        source: the `Source`; its `whole` decides.
        looks: a `segtf.data.check.look.Look` for each of its samples.

    Returns:
        A list of findings.
    """
    deep = [look for look in looks if look.brightest is not None]
    if not deep or max(look.brightest for look in deep) >= LEAST_OF_DEEP:
        return []
    if any(_is_bright(sample, source.channels) for sample in samples_beside(source)):
        return []
    return [
        Finding(
            "black",
            (look.sample.image,),
            f"comes out nearly black: its brightest value is read as {look.brightest} of 255",
            (look.sample.id,),
        )
        for look in deep
    ]


def _is_bright(sample, channels):
    """Whether a sample's image is deep and uses its upper bits."""
    try:
        is_deep = open_picture(sample.image, channels).is_deep
        return is_deep and read_image(sample.image, channels).max() >= LEAST_OF_DEEP
    except (PictureError, ImageError):
        return False
