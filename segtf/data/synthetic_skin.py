"""Made-up skin with a lesion: its outline, and its colour from what absorbs light in it.

Light that comes back from skin is dimmed exponentially by the pigments on its way
(Beer-Lambert), so the parts of a picture are drawn as densities of pigments and added up.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage, special

# What one unit of density takes away from red, green and blue light.
MELANIN = np.array((0.50, 0.90, 1.40), np.float32)
DEEP_MELANIN = np.array((1.15, 0.95, 0.75), np.float32)  # seen through scattering tissue: bluish
BLOOD = np.array((0.08, 0.55, 0.42), np.float32)

SKIN_TONES = np.array(
    [
        (240, 208, 200),
        (238, 220, 196),
        (222, 186, 152),
        (226, 168, 108),
        (214, 214, 196),
        (206, 168, 174),
        (168, 118, 86),
        (118, 80, 60),
    ],
    np.float32,
)
VEIL = np.array((120, 128, 146), np.float32)

MEDIAN_AREA = 0.25
AREA_RANGE = (0.035, 0.88)


class Outline(NamedTuple):
    """Where the lesion is.

    Attributes:
        depth: float32 `(H, W)`, positive inside, in units of the lesion's radius.
        mask: bool `(H, W)`.
        radius: of a disc of the same area, in pixels.
    """

    depth: np.ndarray
    mask: np.ndarray
    radius: float


def draw_outline(rng, size):
    """Draw the outline of a lesion: a warped ellipse cut at the level that gives it its area."""
    area = np.clip(MEDIAN_AREA * np.exp(rng.normal(0, 0.8)), *AREA_RANGE)
    radius = np.sqrt(area * size[0] * size[1] / np.pi)
    irregularity = rng.uniform(0.05, 0.22)

    depth = -_ellipse(rng, size, radius, area)
    depth += irregularity * smooth_noise(rng, size, 0.9 * radius)
    depth += 0.35 * irregularity * fractal_noise(rng, size, 0.4 * radius, octaves=2)
    depth -= np.quantile(depth, 1 - area)

    parts, _ = ndimage.label(depth > 0)
    main = parts == np.argmax(np.bincount(parts.ravel())[1:]) + 1
    mask = ndimage.binary_fill_holes(main)
    # One lesion a picture: what the warp has cut off sinks below the level.
    away = ndimage.distance_transform_edt(~mask) / radius
    depth = np.minimum(depth, np.where(mask, np.inf, -1.5 * away))
    return Outline(depth.astype(np.float32), mask, radius)


def draw_skin(rng, size, outline):
    """Draw skin with the lesion on it, float32 RGB in 0..255, in even light."""
    tone = SKIN_TONES[rng.integers(len(SKIN_TONES))] * np.exp(rng.normal(0, 0.04, 3))
    melanin, blood = _skin_densities(rng, size)
    melanin += _freckles(rng, size, outline)

    # The finest ripples of the edge are drawn but not labelled: nobody outlines them by hand.
    edge = outline.depth + rng.uniform(0.02, 0.07) * fractal_noise(
        rng, size, 0.16 * outline.radius, octaves=3
    )
    opacity = special.expit(edge / rng.uniform(0.015, 0.1))
    pigment = opacity * _pigment(rng, size, outline)
    deep = _deep_share(rng, size, outline)
    inflamed = special.expit((outline.depth + 0.25) / 0.12)

    melanin += (1 - deep) * pigment
    blood += rng.choice((0.1, 0.4, 1.0), p=(0.65, 0.25, 0.1)) * opacity
    blood += max(0, rng.normal(0, 0.25)) * inflamed
    absorbed = (
        melanin[..., None] * MELANIN
        + (deep * pigment)[..., None] * DEEP_MELANIN
        + blood[..., None] * BLOOD
    )
    image = tone * np.exp(-absorbed)
    veil = opacity * _veil(rng, size, outline)
    return (image + veil[..., None] * (VEIL - image)).astype(np.float32)


def smooth_noise(rng, size, cell):
    """Return float32 noise `(H, W)` of unit variance whose bumps are about `cell` pixels wide."""
    cell = max(float(cell), 1.0)
    rows, columns = (int(np.ceil(side / cell)) + 3 for side in size)
    grid = Image.fromarray(rng.standard_normal((rows, columns), np.float32))
    left, top = rng.random(2)
    box = (left, top, left + size[1] / cell, top + size[0] / cell)
    noise = np.asarray(grid.resize((size[1], size[0]), Image.Resampling.BICUBIC, box=box))
    return noise * 1.4  # interpolation between independent values halves their variance


def fractal_noise(rng, size, cell, octaves):
    """Return a sum of `smooth_noise`, each octave half as wide and half as high."""
    return sum(smooth_noise(rng, size, cell / 2**k) * 0.5**k for k in range(octaves))


def coordinates(size):
    """Return the row and the column of each pixel's centre, float32."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    return rows.astype(np.float32) + 0.5, columns.astype(np.float32) + 0.5


def _ellipse(rng, size, radius, area):
    """Distance from a centre in units of the radius, along tilted and stretched axes."""
    wander = 0.16 * (1 - area) if rng.random() < 0.8 else 0.32 * (1 - area)
    centre = [side * np.clip(rng.normal(0.5, wander), 0.1, 0.9) for side in size]
    tilt = rng.uniform(0, np.pi)
    stretch = np.exp(rng.normal(0, 0.13))
    rows, columns = coordinates(size)
    y, x = rows - centre[0], columns - centre[1]
    along = (np.cos(tilt) * x + np.sin(tilt) * y) * stretch
    across = (np.cos(tilt) * y - np.sin(tilt) * x) / stretch
    return np.hypot(along, across) / radius


def _skin_densities(rng, size):
    """Melanin and blood of the skin around: broad patches, furrows, pores, redness."""
    scale = min(size)
    melanin = 0.05 * fractal_noise(rng, size, 0.3 * scale, octaves=3)
    melanin += rng.uniform(0.005, 0.03) * smooth_noise(rng, size, 0.012 * scale)
    melanin += rng.uniform(0, 0.04) * _furrows(rng, size)
    redness = fractal_noise(rng, size, 0.35 * scale, octaves=2)
    blood = 0.06 * redness
    if rng.random() < 0.25:
        blood += rng.uniform(0.15, 0.45) * special.expit((redness - 0.7) / 0.35)
    return melanin, blood


def _furrows(rng, size):
    """Parallel wavy lines in one direction."""
    rows, columns = coordinates(size)
    tilt = rng.uniform(0, np.pi)
    wave = np.cos(tilt) * columns + np.sin(tilt) * rows
    wave = wave / (0.025 * min(size)) + 1.5 * smooth_noise(rng, size, 0.15 * min(size))
    return np.sin(wave) * smooth_noise(rng, size, 0.08 * min(size))


def _freckles(rng, size, outline):
    """Small pale spots away from the lesion: pigment that must not be taken for it."""
    density = np.zeros(size, np.float32)
    if rng.random() < 0.5:
        return density
    for _ in range(rng.integers(1, 14)):
        radius = min(size) * rng.uniform(0.008, 0.045)
        row, column = (side * rng.random() for side in size)
        rows, columns = coordinates(size)
        near = np.exp(-((((rows - row) ** 2 + (columns - column) ** 2) / radius**2) ** 1.5))
        density += rng.uniform(0.08, 0.35) * near
    density *= 1 + 0.3 * smooth_noise(rng, size, 0.02 * min(size))
    return density * special.expit(-(outline.depth + 0.2) / 0.05)


def _pigment(rng, size, outline):
    """Density of pigment if the lesion went on everywhere: blotches, a core, network, globules."""
    density = np.exp(rng.normal(-0.35, 0.65))  # 0.25: faint, 0.8: brown, 2.5: near black
    density = np.clip(density, 0.22, 2.6)
    blotches = fractal_noise(rng, size, 0.5 * outline.radius, octaves=3)
    relative = np.exp(rng.uniform(0.05, 0.35) * blotches)
    core = special.expit((outline.depth - rng.uniform(0.1, 0.7) + 0.15 * blotches) / 0.12)
    relative *= 1 + rng.choice((0, 0.5, 1.2)) * core
    cell = min(size) * rng.uniform(0.018, 0.04)
    style = rng.choice(("plain", "network", "globules", "both"), p=(0.3, 0.3, 0.25, 0.15))
    patches = special.expit((smooth_noise(rng, size, 0.6 * outline.radius) + 0.5) / 0.3)
    if style in ("network", "both"):
        relative *= 1 + rng.uniform(0.3, 0.9) * patches * _network(rng, size, cell)
    if style in ("globules", "both"):
        relative += rng.uniform(0.4, 1.4) * patches * _globules(rng, size, cell)
    return density * relative


def _network(rng, size, cell):
    """A warped honeycomb of dark lines, about -0.4..0.8: three waves 60 degrees apart."""
    rows, columns = coordinates(size)
    tilt = rng.uniform(0, np.pi)
    honeycomb = 0
    for turn in range(3):
        angle = tilt + turn * np.pi / 3
        wave = (np.cos(angle) * columns + np.sin(angle) * rows) * (2 * np.pi / cell)
        honeycomb = honeycomb + np.cos(wave + 2.2 * smooth_noise(rng, size, 1.8 * cell))
    return np.clip(0.3 - 0.4 * honeycomb, -0.5, 0.8)


def _globules(rng, size, cell):
    """Round dark dots at random places, 0..1 and somewhat more where they meet."""
    points = (rng.random(size) < 0.35 / cell**2).astype(np.float32)
    sigma = 0.28 * cell
    return ndimage.gaussian_filter(points, sigma) * (2 * np.pi * sigma**2)


def _deep_share(rng, size, outline):
    """Share of the pigment that lies deep and looks blue-grey: little, in patches, or all."""
    kind = rng.choice(("shallow", "patches", "deep"), p=(0.7, 0.22, 0.08))
    if kind == "deep":
        return np.float32(0.9)
    noise = smooth_noise(rng, size, 0.5 * outline.radius)
    if kind == "shallow":
        return np.clip(0.08 + 0.05 * noise, 0, 1)
    return 0.1 + 0.6 * special.expit((noise - 0.4) / 0.4)


def _veil(rng, size, outline):
    """Opacity of a blue-whitish veil over part of the lesion; seldom there."""
    if rng.random() < 0.8:
        return np.zeros(size, np.float32)
    noise = fractal_noise(rng, size, 0.6 * outline.radius, octaves=2)
    return rng.uniform(0.2, 0.5) * special.expit((noise + outline.depth - 0.5) / 0.2)
