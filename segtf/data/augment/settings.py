"""How much an image may be changed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random changes; 0 or `False` leaves one out.

    Args:
        flip_horizontal: whether left and right may be swapped.
        flip_vertical: whether top and bottom may be swapped.
        quarter_turns: whether the image may be turned by 90, 180 or 270 degrees (only by 180
            where it is not square).
        rotation: largest rotation either way, in degrees.
        scale: largest change of size; 0.2 is between 1/1.2 and 1.2 times.
        shear: largest shear either way, in degrees.
        translation: largest shift either way, as a share of height and width.
        brightness: largest shift either way, as a share of the grey range.
        contrast: largest change; 0.2 is between 1/1.2 and 1.2 times, about the image's mean.
        saturation: largest change, likewise, about each pixel's grey.
        hue: largest turn of the colour circle either way, in degrees.
    """

    flip_horizontal: bool = False
    flip_vertical: bool = False
    quarter_turns: bool = False
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    translation: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0

    @property
    def is_geometric(self):
        """Whether pixels may move."""
        return bool(
            self.flip_horizontal
            or self.flip_vertical
            or self.quarter_turns
            or self.rotation
            or self.scale
            or self.shear
            or self.translation
        )

    @property
    def is_photometric(self):
        """Whether pixels may change their colour."""
        return bool(self.brightness or self.contrast or self.saturation or self.hue)


AUGMENTATIONS = {
    "none": Augmentation(),
    "light": Augmentation(flip_horizontal=True, brightness=0.1, contrast=0.1),
    "medical": Augmentation(
        flip_horizontal=True,
        flip_vertical=True,
        quarter_turns=True,
        rotation=15,
        scale=0.15,
        shear=3,
        translation=0.05,
        brightness=0.1,
        contrast=0.15,
        saturation=0.15,
        hue=5,
    ),
    "street": Augmentation(
        flip_horizontal=True,
        rotation=5,
        scale=0.3,
        translation=0.05,
        brightness=0.15,
        contrast=0.2,
        saturation=0.2,
        hue=5,
    ),
}
"""Settings by name, for `segtf train --augment`."""
