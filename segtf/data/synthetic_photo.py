"""What lies between skin and a photograph of it: hair, gel, a ruler, light, lens and sensor."""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage, special

from segtf.data.synthetic_skin import coordinates, smooth_noise

OPAQUE = 0.1  # transmission below which nothing can be seen, nor labelled
SHARPER = 3  # strokes are drawn this much larger, then averaged: smooth edges

HAIR_COLORS = np.array([(38, 28, 24), (70, 45, 30), (25, 22, 26), (225, 205, 170)], np.float32)


def draw_aperture(rng, size):
    """Return the light that the lens lets through, float32 `(H, W)` in 0..1.

    Mostly a soft vignette, now and then the dark frame of a round aperture.
    """
    rows, columns = coordinates(size)
    half_diagonal = np.hypot(*size) / 2
    row, column = (side * rng.normal(0.5, 0.02) for side in size)
    distance = np.hypot(rows - row, columns - column) / half_diagonal
    kind = rng.choice(("open", "vignette", "frame"), p=(0.25, 0.6, 0.15))
    if kind == "open":
        return (1 - rng.uniform(0, 0.25) * distance**2).astype(np.float32)
    if kind == "vignette":
        edge, softness, darkest = rng.uniform(0.82, 0.97), rng.uniform(0.02, 0.06), 0.22
    else:
        edge, softness, darkest = rng.uniform(0.8, 0.95), 0.006, 0.02
    seen = special.expit((edge - distance) / softness)
    return (darkest + (1 - darkest) * seen).astype(np.float32)


def add_hair(rng, image):
    """Lay curved strokes over the picture, each with a direction near that of the others."""
    count = rng.choice((0, rng.integers(1, 6), rng.integers(6, 30)), p=(0.4, 0.4, 0.2))
    if count == 0:
        return image
    height, width = image.shape[:2]
    color = HAIR_COLORS[rng.choice(len(HAIR_COLORS), p=(0.4, 0.25, 0.2, 0.15))]
    direction = rng.uniform(0, 2 * np.pi)
    thickness = rng.uniform(0.8, 1.9) * min(height, width) / 192
    coverage, pen = _canvas(image)
    for _ in range(count):
        angle = direction + rng.normal(0, 0.5)
        length = min(height, width) * rng.uniform(0.2, 1.1)
        start = rng.random(2) * (width, height)
        along = length * np.array((np.cos(angle), np.sin(angle)))
        bend = rng.normal(0, 0.25) * along[::-1] * (-1, 1)
        time = np.linspace(0, 1, 16)[:, None]
        points = start + along * (time - 0.5) + bend * 4 * time * (1 - time)
        shade = int(255 * rng.uniform(0.45, 0.95))
        line = max(1, round(SHARPER * thickness * rng.uniform(0.6, 1.2)))
        pen.line([tuple(point) for point in points * SHARPER], fill=shade, width=line)
    return _blend(image, coverage, color)


def add_gel(rng, image):
    """Add what the contact gel does: bubbles with bright rims, and glints."""
    height, width = image.shape[:2]
    scale = min(height, width)
    if rng.random() < 0.35:
        rims, pen = _canvas(image)
        for _ in range(rng.integers(1, 9)):
            radius = SHARPER * scale * rng.uniform(0.008, 0.035)
            x, y = SHARPER * rng.random(2) * (width, height)
            box = (x - radius, y - radius, x + radius, y + radius)
            start = rng.uniform(0, 360)
            pen.arc(box, 0, 360, fill=60, width=SHARPER)
            pen.arc(box, start, start + rng.uniform(60, 170), fill=220, width=SHARPER)
        image = _blend(image, rims, (255, 252, 245))
    if rng.random() < 0.3:
        noise = smooth_noise(rng, (height, width), 0.012 * scale)
        where = special.expit((smooth_noise(rng, (height, width), 0.3 * scale) - 0.8) / 0.2)
        glints = where * special.expit((noise - rng.uniform(2.0, 2.6)) / 0.2)
        image = image + (0.8 * glints)[..., None] * (255 - image)
    return image


def add_ruler(rng, image):
    """Now and then, add the marks of a ruler along one side."""
    if rng.random() > 0.1:
        return image
    height, width = image.shape[:2]
    marks, pen = _canvas(image)
    step = SHARPER * min(height, width) * rng.uniform(0.03, 0.06)
    length = SHARPER * min(height, width) * rng.uniform(0.025, 0.05)
    sideways = rng.random() < 0.5
    side = SHARPER * (width if sideways else height)
    base = side * rng.choice((0.04, 0.96))
    for tick in range(int(SHARPER * max(height, width) / step)):
        reach = base + length * (1.8 if tick % 5 == 0 else 1) * (1 if base < side / 2 else -1)
        ends = [(base, tick * step), (reach, tick * step)]
        pen.line(ends if sideways else [end[::-1] for end in ends], fill=190, width=SHARPER)
    return _blend(image, marks, (30, 30, 34))


def light(rng, image):
    """Light the picture unevenly, and by a lamp of some colour."""
    height, width = image.shape[:2]
    rows, columns = coordinates((height, width))
    angle = rng.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * (columns / width - 0.5) + np.sin(angle) * (rows / height - 0.5)
    brightness = rng.uniform(0.8, 1.12) * (1 + rng.uniform(0, 0.3) * slope)
    lamp = np.exp(rng.normal(0, 0.035, 3)).astype(np.float32)
    return image * brightness[..., None] * lamp


def expose(rng, image):
    """Photograph the scene: slight blur, sensor noise; uint8."""
    blur = rng.uniform(0.2, 0.9) * min(image.shape[:2]) / 192
    image = ndimage.gaussian_filter(image, (blur, blur, 0), truncate=3.0)
    noise = rng.standard_normal(image.shape, np.float32) * rng.uniform(1, 5)
    return np.clip(image + noise + 0.5, 0, 255).astype(np.uint8)


def _canvas(image):
    height, width = image.shape[:2]
    canvas = Image.new("L", (width * SHARPER, height * SHARPER))
    return canvas, ImageDraw.Draw(canvas)


def _blend(image, canvas, color):
    """Paint `color` where strokes were drawn on the canvas."""
    coverage = np.asarray(canvas.reduce(SHARPER), np.float32)[..., None] / 255
    return image + coverage * (np.asarray(color, np.float32) - image)
