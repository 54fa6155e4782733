"""Objects as label tools write them: outlines, run lengths and small pictures, drawn when asked.

Coordinates are continuous: the first pixel reaches from 0 to 1. A pixel is of an object if its
middle lies inside.
"""

import base64
import binascii
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segtf.data.annotations import lay_over
from segtf.data.coco_outlines import OutlineError
from segtf.data.decode import ImageError, image_size, open_image
from segtf.data.masks import require_pixels

_CROSSINGS_AT_ONCE = 2**20
_CORNERS_OF_ELLIPSE = 256
_MOST_UNPACKED = 2**26
_WITH_ALPHA = ("LA", "PA", "RGBA")


@dataclass(frozen=True)
class Rings:
    """Outlines of one object; what an even number of them surrounds is a hole.

    Args:
        rings: each a tuple of x, y, x, y, ...
        are_shares: whether x and y are shares of width and height, 0..1, rather than pixels.
    """

    rings: tuple[tuple[float, ...], ...]
    are_shares: bool = False

    def draw(self, size):
        """Return the pixels inside, bool `size`."""
        if not self.are_shares:
            return fill(self.rings, size)
        sides = size[::-1] * (max(map(len, self.rings)) // 2)
        return fill([np.multiply(ring, sides[: len(ring)]) for ring in self.rings], size)


@dataclass(frozen=True)
class Runs:
    """Numbers of pixels that are outside and inside by turns, the first of them outside.

    Args:
        counts: the numbers; what they leave over is outside.
        box: left, top, width and height of what they fill; `None` for the whole image.
        by_columns: whether they go down the columns; else along the rows.
    """

    counts: tuple[int, ...]
    box: tuple[int, int, int, int] | None = None
    by_columns: bool = False

    def draw(self, size):
        """Return the pixels inside, bool `size`."""
        left, top, width, height = self.box or (0, 0, size[1], size[0])
        require_inside((left, top, width, height), size)
        rest = width * height - sum(self.counts)
        if rest < 0 or min(self.counts, default=0) < 0:
            raise OutlineError("has run lengths of another size than its image")
        counts = (*self.counts, rest) if len(self.counts) % 2 == 0 else (*self.counts, 0, rest)
        inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
        inside = inside.reshape((width, height)).T if self.by_columns else inside
        covered = np.zeros(size, bool)
        covered[top : top + height, left : left + width] = inside.reshape((height, width))
        return covered


@dataclass(frozen=True)
class Bitmap:
    """A small picture of an object, of which pixels other than 0 (or opaque ones) are inside.

    Args:
        content: the encoded picture in base64.
        left: column of the image that its first column lies on.
        top: row of the image that its first row lies on.
        is_packed: whether zlib has packed the picture once more.
    """

    content: str
    left: int = 0
    top: int = 0
    is_packed: bool = False

    def draw(self, size):
        """Return the pixels inside, bool `size`."""
        inside = self._pixels()
        require_inside((self.left, self.top, *inside.shape[::-1]), size)
        covered = np.zeros(size, bool)
        height, width = inside.shape
        covered[self.top : self.top + height, self.left : self.left + width] = inside
        return covered

    def _pixels(self):
        try:
            content = base64.b64decode(self.content, validate=True)
            if self.is_packed:
                unpacking = zlib.decompressobj()
                content = unpacking.decompress(content, _MOST_UNPACKED)
                if not unpacking.eof:
                    raise OutlineError("has a picture that is truncated or too large")
            with open_image(content) as image:
                image.load()
                if image.mode in _WITH_ALPHA:
                    return np.asarray(image.getchannel("A")) > 0
                # The numbers of a palette tell the object, not its colours.
                values = np.asarray(image)
                return values > 0 if values.ndim == 2 else (values > 0).any(-1)
        except (binascii.Error, ValueError, zlib.error, OSError, SyntaxError) as error:
            if isinstance(error, OutlineError):
                raise
            raise OutlineError("has a picture that cannot be decoded") from None


@dataclass(frozen=True)
class Brush:
    """Run lengths of the brush of Label Studio: bits that stand for the bytes of an RGBA picture.

    The first 32 bits are the number of bytes, 5 the bits of each less one, then four times 4 the
    bits of a run's length less one. A run is a bit (whether one value fills it), 2 bits that choose
    one of the four, the length less one, and its value or values.

    Args:
        content: the bytes.
    """

    content: bytes

    def draw(self, size):
        """Return the pixels that are not transparent, bool `size`."""
        values = _unpack_brush(self.content, 4 * size[0] * size[1])
        return (values[3::4] > 0).reshape(size)


@dataclass(frozen=True)
class ShapeMask:
    """Objects that a file of a label tool outlines in one image.

    Args:
        path: the file.
        size: height and width in pixels by that file, or `None` for those of the image.
        objects: class id and shapes of each object, in the order in which they are laid over each
            other; each shape has ``draw(size)``.
        image: path of the image, whose size is taken if `size` is `None`.
    """

    path: Path
    size: tuple[int, int] | None
    objects: tuple[tuple[int, tuple[object, ...]], ...]
    image: Path | None = None

    @property
    def files(self):
        """The file."""
        return (self.path,)

    @property
    def own_part(self):
        """What of the file concerns this image, as bytes."""
        return repr((self.size, self.objects)).encode()

    def read(self):
        """Return uint8 class ids `(H, W)`."""
        return self.read_parts(("classes",)).classes

    def read_parts(self, parts, num_classes=0):
        """Return classes, instances and labels; regions of the ignore class are no objects."""
        size = self.size or image_size(self.image)
        require_pixels(size, self.path)
        return lay_over(self._objects(size), size, parts, num_classes)

    def _objects(self, size):
        """Yield the class id of each object and where it is."""
        for class_id, shapes in self.objects:
            covered = np.zeros(size, bool)
            for shape in shapes:
                try:
                    covered |= shape.draw(size)
                except OutlineError as error:
                    raise ImageError(
                        f"Expected objects that can be drawn. Received: {self.path}, where one "
                        f"{error}"
                    ) from None
            yield class_id, covered


def fill(rings, size):
    """Return the pixels whose middles lie within outlines.

    A middle on an outline belongs to what is right of and below it, so that two objects with a
    common border share no pixel and leave none out.

    Args:
        rings: outlines, each x, y, x, y, ... in pixels; where an even number of them surrounds a
            pixel, it is outside.
        size: height and width in pixels.

    Returns:
        bool array `size`.

    Example:

    >>> fill([(0, 0, 2, 0, 2, 1, 0, 1)], (2, 3)).astype(int).tolist()
    [[1, 1, 0], [0, 0, 0]]
    """
    height, width = size
    # How many outlines are crossed at each pixel, on the way from the left.
    crossed = np.zeros((height, width + 1), np.uint8)
    for ring in rings:
        begin = np.array(ring, np.float64).reshape(-1, 2)
        end = np.roll(begin, -1, axis=0)
        at_once = max(1, _CROSSINGS_AT_ONCE // height)
        for first in range(0, len(begin), at_once):
            _cross(crossed, begin[first : first + at_once], end[first : first + at_once])
    return np.bitwise_xor.accumulate(crossed & 1, axis=1)[:, :width].astype(bool)


def ellipse(x, y, radius_x, radius_y, degrees=0.0):
    """Return the outline of an ellipse, as x, y, x, y, ...

    Args:
        x: of its middle.
        y: of its middle.
        radius_x: half of its width.
        radius_y: half of its height.
        degrees: by which it is turned clockwise about its middle.
    """
    angles = np.linspace(0, 2 * math.pi, _CORNERS_OF_ELLIPSE, endpoint=False)
    return turned(
        np.stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)], -1),
        degrees,
        (x, y),
    )


def rectangle(left, top, right, bottom, degrees=0.0, about=None):
    """Return the outline of a rectangle, as x, y, x, y, ...

    Args:
        left: its lowest x.
        top: its lowest y.
        right: its highest x.
        bottom: its highest y.
        degrees: by which it is turned clockwise.
        about: x and y of the point that it is turned about; by default its middle.
    """
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
    return turned(corners, degrees, about or ((left + right) / 2, (top + bottom) / 2))


def turned(points, degrees, about):
    """Return points `(N, 2)` turned clockwise about one, as x, y, x, y, ..."""
    if degrees:
        sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
        points = (points - about) @ np.array([[cosine, sine], [-sine, cosine]]) + about
    return [float(value) for value in points.ravel()]


def require_inside(box, size):
    """Refuse a box (left, top, width, height) that does not lie within an image.

    Raises:
        OutlineError: if it does not.
    """
    left, top, width, height = box
    if min(left, top, width, height) < 0 or left + width > size[1] or top + height > size[0]:
        raise OutlineError("has a picture or run lengths that reach out of its image")


def _cross(crossed, begin, end):
    """Count where lines cross the middles of rows, at the first pixel right of each place."""
    height, width = crossed.shape[0], crossed.shape[1] - 1
    is_up = begin[:, 1] > end[:, 1]
    upper, lower = np.where(is_up[:, None], end, begin), np.where(is_up[:, None], begin, end)
    first = np.ceil(upper[:, 1] - 0.5).clip(0, height).astype(np.int64)
    last = np.ceil(lower[:, 1] - 0.5).clip(0, height).astype(np.int64)
    counts = np.maximum(last - first, 0)
    line = np.repeat(np.arange(len(counts)), counts)
    rows = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[line]
    run = lower[:, 0] - upper[:, 0]
    rise = np.where(counts > 0, lower[:, 1] - upper[:, 1], 1.0)
    x = upper[line, 0] + (rows + 0.5 - upper[line, 1]) * run[line] / rise[line]
    columns = np.ceil(x - 0.5).clip(0, width).astype(np.int64)
    np.add.at(crossed, (rows, columns), 1)


def _unpack_brush(content, count):
    """uint8 values of the runs."""
    bits = np.unpackbits(np.frombuffer(content, np.uint8))
    place = 0

    def take(number):
        nonlocal place
        if place + number > len(bits):
            raise OutlineError("has a brush whose run lengths are truncated")
        value = int("".join(map(str, bits[place : place + number])) or "0", 2)
        place += number
        return value

    if take(32) != count or take(5) + 1 != 8:
        raise OutlineError("has a brush of another size than its image")
    lengths = [take(4) + 1 for _ in range(4)]
    values = np.zeros(count, np.uint8)
    done = 0
    while done < count:
        is_one_value = take(1)
        end = done + 1 + take(lengths[take(2)])
        if end > count:
            raise OutlineError("has a brush of another size than its image")
        if is_one_value:
            values[done:end] = take(8)
        else:
            last = place + 8 * (end - done)
            if last > len(bits):
                raise OutlineError("has a brush whose run lengths are truncated")
            values[done:end] = np.packbits(bits[place:last])
            place = last
        done = end
    return values
