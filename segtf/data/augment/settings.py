"""How much an image may be changed."""

from dataclasses import dataclass, fields, replace

from segtf.nearest import names_to_choose

_SHARES = ("translation", "crop", "crop_rare", "brightness", "dropout")


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random changes; 0 or `False` leaves one out.

    Each sample draws its amount of every change evenly from the whole range, so that weak
    changes are as common as strong ones.

    Args:
        flip_horizontal: whether left and right may be swapped.
        flip_vertical: whether top and bottom may be swapped.
        quarter_turns: whether the image may be turned by 90, 180 or 270 degrees (only by 180
            where it is not square).
        rotation: largest rotation either way, in degrees.
        scale: largest change of size; 0.2 is between 1/1.2 and 1.2 times.
        shear: largest shear either way, in degrees.
        translation: largest shift either way, as a share of height and width.
        elastic: standard deviation of the shifts of 4 x 4 points spread over the image, between
            which the image is bent smoothly; as a share of its shorter side.
        crop: smallest share of height and width that a crop shows; it is brought to full size.
        crop_rare: share of the crops that are sure to contain a pixel of a class drawn evenly
            from the classes in the image, so that rare classes are seen as often as common ones.
        brightness: largest shift either way, as a share of the grey range.
        contrast: largest change; 0.2 is between 1/1.2 and 1.2 times, about the image's mean.
        saturation: largest change; 0.2 is between 1/1.2 and 1.2 times, about each pixel's grey.
        hue: largest turn of the colour circle either way, in degrees.
        gamma: largest change of the exponent; 0.2 is between 1/1.2 and 1.2.
        blur: largest standard deviation of a Gaussian blur, in pixels.
        noise: largest standard deviation of Gaussian noise, as a share of the grey range.
        jpeg: lowest quality (1..100) that the image is stored at as JPEG; images of one or three
            channels only.
        dropout: largest height and width, as a share of the image's, of four holes that are
            filled with the mean colour; the mask keeps what is under them.

    Raises:
        ValueError: for a value out of its range.

    Papers: Ronneberger et al., "U-Net", 2015 (elastic deformation from a coarse grid);
    DeVries and Taylor, "Improved regularization of convolutional neural networks with cutout",
    2017 (coarse dropout).
    """

    flip_horizontal: bool = False
    flip_vertical: bool = False
    quarter_turns: bool = False
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    translation: float = 0.0
    elastic: float = 0.0
    crop: float = 0.0
    crop_rare: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    gamma: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    jpeg: int = 0
    dropout: float = 0.0

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if value < 0 or (field.name in _SHARES and value > 1):
                limit = "0..1" if field.name in _SHARES else "0 or more"
                raise ValueError(f"Expected {field.name} of {limit}. Received: {value}")
        if self.shear >= 45 or self.jpeg > 100:
            raise ValueError(
                "Expected shear below 45 degrees and jpeg of at most 100. "
                f"Received: shear {self.shear}, jpeg {self.jpeg}"
            )

    @property
    def is_resampling(self):
        """Whether pixels may move to places between pixels."""
        return bool(
            self.rotation
            or self.scale
            or self.shear
            or self.translation
            or self.elastic
            or self.crop
        )

    @property
    def is_geometric(self):
        """Whether pixels may move."""
        return bool(
            self.is_resampling or self.flip_horizontal or self.flip_vertical or self.quarter_turns
        )

    @property
    def is_photometric(self):
        """Whether pixels may change their colour, each by itself."""
        return bool(self.brightness or self.contrast or self.saturation or self.hue or self.gamma)


_MEDICAL = Augmentation(
    flip_horizontal=True,
    flip_vertical=True,
    quarter_turns=True,
    rotation=20,
    scale=0.2,
    shear=5,
    translation=0.06,
    brightness=0.12,
    contrast=0.2,
    saturation=0.2,
    hue=10,
)

AUGMENTATIONS = {
    "none": Augmentation(),
    "light": Augmentation(flip_horizontal=True, brightness=0.1, contrast=0.1),
    "medical": _MEDICAL,
    "medical-mild": replace(
        _MEDICAL,
        rotation=15,
        scale=0.15,
        shear=3,
        translation=0.05,
        brightness=0.1,
        contrast=0.15,
        saturation=0.15,
        hue=5,
    ),
    "photo": Augmentation(
        flip_horizontal=True,
        rotation=15,
        scale=0.25,
        shear=5,
        translation=0.06,
        crop=0.7,
        brightness=0.15,
        contrast=0.25,
        saturation=0.3,
        hue=8,
        gamma=0.2,
        blur=0.7,
    ),
    "street": Augmentation(
        flip_horizontal=True,
        rotation=5,
        scale=0.1,
        crop=0.6,
        crop_rare=0.5,
        brightness=0.15,
        contrast=0.2,
        saturation=0.2,
        hue=5,
        gamma=0.2,
        blur=0.7,
    ),
}
"""Settings by name, for `segtf train --augment`."""


def find_augmentation(name):
    """Return the settings that `AUGMENTATIONS` has under a name.

    Args:
        name: the name, such as ``medical``.

    Returns:
        The `Augmentation`.

    Raises:
        ValueError: for a name that it does not have.
    """
    if name not in AUGMENTATIONS:
        known = names_to_choose(AUGMENTATIONS, name)
        raise ValueError(f"Expected augment as one of {known}. Received: {name!r}")
    return AUGMENTATIONS[name]
