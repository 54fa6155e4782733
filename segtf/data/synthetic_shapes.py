"""Made-up shapes that overlap: for tests and first steps of multi-label segmentation.

Discs, rings and bars of coloured glass lie over each other on rough ground; where two overlap, both
are seen. An image may lack some of them.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

CLASS_NAMES = ("background", "disc", "ring", "bar")
_GLASS = ((0.95, 0.4, 0.35), (0.35, 0.85, 0.4), (0.4, 0.5, 1.0))
"""Share of red, green and blue that discs, rings and bars let through."""
_PRESENT = 0.8
_FINER = 4
"""Shapes are drawn so many times larger, for smooth edges."""


def draw_shapes(rng, size):
    """Draw one picture of shapes that overlap.

    Args:
        rng: `numpy.random.Generator`.
        size: height and width in pixels.

    Returns:
        The image, uint8 RGB `(height, width, 3)`, and class name to bool array `(height, width)`
        for each class but the background; at least one of them is there.

    Example:

    >>> image, masks = draw_shapes(np.random.default_rng(0), (48, 64))
    >>> image.shape, {name: mask.shape for name, mask in masks.items()}
    ((48, 64, 3), {'disc': (48, 64), 'ring': (48, 64), 'bar': (48, 64)})
    """
    image = _ground(rng, size)
    is_there = rng.random(len(_GLASS)) < _PRESENT
    is_there[rng.integers(len(_GLASS))] = True
    masks = {}
    shapes = zip(CLASS_NAMES[1:], _GLASS, (_disc, _ring, _bar), is_there, strict=True)
    for name, glass, draw, wanted in shapes:
        cover = _covered(rng, size, draw) * wanted
        masks[name] = cover >= 0.5
        image *= 1 - cover[..., np.newaxis] * (1 - np.array(glass))
    image += rng.normal(0, 4, image.shape)
    return np.clip(np.round(image), 0, 255).astype(np.uint8), masks


def _ground(rng, size):
    """Rough ground, lighter at one side, float `(height, width, 3)`."""
    height, width = size
    coarse = Image.fromarray(rng.integers(90, 166, (8, 8), np.uint8)).resize((width, height))
    smooth = np.asarray(coarse.filter(ImageFilter.GaussianBlur(2)), np.float64)
    across = np.linspace(*rng.uniform(0.85, 1.15, 2), width)
    return (smooth * across)[..., np.newaxis] * rng.uniform(0.92, 1.08, 3) + 70


def _covered(rng, size, draw):
    """Share of each pixel that a shape covers, float `(height, width)`."""
    height, width = size
    large = Image.new("L", (width * _FINER, height * _FINER))
    draw(rng, ImageDraw.Draw(large), np.array(large.size))
    return np.asarray(large.resize((width, height), Image.Resampling.BOX), np.float64) / 255


def _disc(rng, pen, size):
    pen.ellipse(_box(rng, size), fill=255)


def _ring(rng, pen, size):
    box = _box(rng, size)
    pen.ellipse(box, outline=255, width=round((box[2] - box[0]) * rng.uniform(0.15, 0.25)))


def _bar(rng, pen, size):
    middle, side = _middle(rng, size), min(size)
    angle = rng.uniform(0, np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]]) * side * rng.uniform(0.06, 0.1)
    along *= side * rng.uniform(0.35, 0.55)
    ends = (-along - across, along - across, along + across, -along + across)
    pen.polygon([tuple(middle + end) for end in ends], fill=255)


def _box(rng, size):
    radius = min(size) * rng.uniform(0.18, 0.32)
    left, top = _middle(rng, size) - radius
    return left, top, left + 2 * radius, top + 2 * radius


def _middle(rng, size):
    """Near the middle, so that shapes overlap."""
    return size * rng.uniform(0.35, 0.65, 2)
