"""LabelMap: what the class ids of a mask mean. It travels from data set to exported file.

Skeleton: what the points of an object mean.
"""

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass

from segtf.class_lists import read_class_list
from segtf.text_files import plain

IGNORE_CLASS = 255

_BACKGROUND_NAMES = {
    *("background", "backgrounds", "bg", "bkg", "bgd", "backgnd", "hintergrund", "fond", "fondo"),
    *("fundo", "sfondo", "achtergrond", "bakgrund", "bakgrunn", "baggrund", "tausta", "tło"),
    *("фон", "背景", "배경"),
}
_NOTHING_NAMES = {"unlabeled", "unlabelled", "notlabeled", "notlabelled", "nolabel", "void", "none"}


@dataclass(frozen=True)
class LabelMap:
    """Class names and colours in id order, and the id of pixels that count nowhere.

    A map of two classes is a binary task: class 1 is the foreground, and one logit per pixel
    tells it from class 0. In a map of more classes any of them may be the background, or none:
    ids are what the masks hold, and figures are means over all classes.

    Args:
        names: class names; the position is the class id. At least two, of one line each: they are
            written one a line where models travel. Blanks round them are dropped.
        colors: one ``(red, green, blue)`` in 0..255 per class; by default the first class is
            black and the others are spread over the hues. Black stands for background, unless
            a class is called so.
        ignore_class: mask value of pixels that count neither in training nor in evaluation,
            or `None`.

    Raises:
        ValueError: for fewer than two or more than 256 names, names that occur twice, are empty
            or break the line, a number of colours that is not the number of names, or an ignore
            class that is a class.

    Example:

    >>> labels = LabelMap(("skin", "lesion"))
    >>> labels.num_classes, labels.is_binary, labels.num_logits
    (2, True, 1)
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...] = ()
    ignore_class: int | None = IGNORE_CLASS

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(plain(str(name)).strip() for name in self.names))
        colors = self.colors or _spread_colors(len(self.names))
        object.__setattr__(self, "colors", tuple(tuple(int(c) for c in rgb) for rgb in colors))
        if not 2 <= len(self.names) <= 256:
            shown = f"{self.names}" if len(self.names) < 2 else f"{len(self.names)}"
            raise ValueError(f"Expected 2 to 256 class names. Received: {shown}")
        for id_, name in enumerate(self.names):
            if len(name.splitlines()) != 1:
                raise ValueError(
                    "Expected class names of one line, with something on it. "
                    f"Received: {name!r} for class {id_}"
                )
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"Expected class names that differ. Received: {self.names}")
        if len(self.colors) != len(self.names) or any(len(rgb) != 3 for rgb in self.colors):
            raise ValueError(
                f"Expected one (red, green, blue) for each of {len(self.names)} classes. "
                f"Received: {self.colors}"
            )
        if not all(0 <= value <= 255 for rgb in self.colors for value in rgb):
            raise ValueError(f"Expected colours within 0..255. Received: {self.colors}")
        if self.ignore_class is not None and self.ignore_class not in range(len(self.names), 256):
            raise ValueError(
                f"Expected an ignore_class beyond the {len(self.names)} class ids, up to 255. "
                f"Received: {self.ignore_class}"
            )

    @property
    def num_classes(self):
        """Number of classes; a binary task has two."""
        return len(self.names)

    @property
    def is_binary(self):
        """Whether one logit per pixel is enough."""
        return self.num_classes == 2

    @property
    def background(self):
        """Id of the background: 0 in a binary task; else the class called so, or 0 where it is
        painted black; `None` where there is none."""
        if not self.is_binary:
            named = [id_ for id_, name in enumerate(self.names) if background_rank(name) == 2]
            if len(named) == 1:
                return named[0]
        return 0 if self.is_binary or self.colors[0] == (0, 0, 0) else None

    @property
    def num_logits(self):
        """Channels of a model's output for these labels: one for a binary task."""
        return 1 if self.is_binary else self.num_classes

    def to_dict(self):
        """Return plain lists and numbers for JSON."""
        return {
            "names": list(self.names),
            "colors": [list(rgb) for rgb in self.colors],
            "ignore_class": self.ignore_class,
        }

    @classmethod
    def from_dict(cls, values: Mapping):
        """Return the map that `to_dict` described.

        Names of the time before line breaks were refused have a blank in their place; those of
        which nothing is left, or that are as another then, have the class id behind them.

        Raises:
            ValueError: for values of other types.
        """
        names = values["names"]
        if not isinstance(names, list | tuple) or not all(isinstance(one, str) for one in names):
            raise ValueError(f"Expected a list of class names. Received: {names!r}")
        return cls(
            _of_one_line(names),
            tuple(tuple(rgb) for rgb in values.get("colors", ())),
            values.get("ignore_class", IGNORE_CLASS),
        )

    @classmethod
    def from_file(cls, path):
        """Read the classes from a list of names or table, as `read_class_list` describes.

        Args:
            path: the file.

        Raises:
            ValueError: naming the file and the line, if it does not hold at least two different
                names or is of a form that is not read.
        """
        classes = read_class_list(path)
        try:
            return cls(classes.names, classes.colors)
        except ValueError as error:
            raise ValueError(f"Class names in {path}: {error}") from None


@dataclass(frozen=True)
class Skeleton:
    """The joints of an object that are marked by points, in their order.

    Args:
        joints: names of the joints, which differ.
        bones: pairs of names of joints between which a line is drawn.
        pairs: pairs of names, left and right, that a mirror image exchanges.

    Raises:
        ValueError: for names of joints that occur twice, bones or pairs of others, or a joint that
            is in two pairs.

    Example:

    >>> Skeleton(("nose", "left_eye", "right_eye"), pairs=(("left_eye", "right_eye"),)).mirrored
    (0, 2, 1)
    """

    joints: tuple[str, ...]
    bones: tuple[tuple[str, str], ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()

    def __post_init__(self):
        if len(set(self.joints)) < len(self.joints) or not self.joints:
            raise ValueError(f"Expected joints that differ. Received: {self.joints}")
        for names in (*self.bones, *self.pairs):
            if len(set(names)) != 2 or not set(names) <= set(self.joints):
                raise ValueError(
                    f"Expected two joints out of {', '.join(self.joints)}. Received: {names}"
                )
        paired = [name for pair in self.pairs for name in pair]
        if len(set(paired)) < len(paired):
            raise ValueError(f"Expected each joint in one pair at most. Received: {self.pairs}")

    @property
    def mirrored(self):
        """Of each joint the position of the one that it is in a mirror image."""
        other = {left: right for left, right in self.pairs}
        other |= {right: left for left, right in self.pairs}
        return tuple(self.joints.index(other.get(name, name)) for name in self.joints)


def background_rank(name):
    """Return how surely a class is the background, by its name.

    Args:
        name: of the class.

    Returns:
        2 for background (``_background_``, ``bg``, in other languages), 1 for names with that word
        in them and of what nobody has labelled (``unlabeled``, ``void``), 0 for any other.

    Example:

    >>> [background_rank(name) for name in ("_background_", "Unlabelled", "cat")]
    [2, 1, 0]
    """
    letters = "".join(char for char in name.casefold() if char.isalnum())
    if letters in _BACKGROUND_NAMES:
        return 2
    return 1 if letters in _NOTHING_NAMES or "background" in letters else 0


def background_first(names):
    """Return class names in another order, the one that is called background first, if any does.

    For sources that give the ids themselves: those of the masks stay as they are.

    Args:
        names: of the classes, in any order.

    Returns:
        A tuple of the same names.

    Example:

    >>> background_first(("cat", "background"))
    ('background', 'cat')
    """
    first = max(range(len(names)), key=lambda index: background_rank(names[index]), default=0)
    return (*names[first : first + 1], *names[:first], *names[first + 1 :])


def _of_one_line(names):
    """Names as they can be written one a line; those that are so already stay as they are."""
    lines = [" ".join(name.split()) if len(name.splitlines()) > 1 else name for name in names]
    lines = [line.strip() or f"class_{id_}" for id_, line in enumerate(lines)]
    if len(set(lines)) < len(lines) == len(set(names)):
        lines = [f"{line} {id_}" if line in lines[:id_] else line for id_, line in enumerate(lines)]
    return tuple(lines)


def _spread_colors(count):
    """Black for class 0, then hues a golden ratio apart so that neighbours differ."""
    colors = [(0, 0, 0)]
    for index in range(count - 1):
        rgb = colorsys.hsv_to_rgb((index * 0.618034) % 1.0, 0.75, 0.95)
        colors.append(tuple(round(255 * value) for value in rgb))
    return tuple(colors[:count])
