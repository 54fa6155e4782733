"""LabelMap: what the class ids of a mask mean. It travels from data set to exported file.

Skeleton: what the points of an object mean.
"""

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral

from segtf.class_lists import read_class_list
from segtf.text_files import plain

IGNORE_CLASS = 255
AUTO = "auto"

_BACKGROUND_NAMES = {
    *("background", "backgrounds", "bg", "bkg", "bgd", "backgnd", "hintergrund", "fond", "fondo"),
    *("fundo", "sfondo", "achtergrond", "bakgrund", "bakgrunn", "baggrund", "tausta", "tło"),
    *("фон", "背景", "배경"),
}
_NOTHING_NAMES = {"unlabeled", "unlabelled", "notlabeled", "notlabelled", "nolabel", "void", "none"}


@dataclass(frozen=True)
class LabelMap:
    """Class names and colours in id order, which of them are what, and the id that counts nowhere.

    Ids are what the masks hold. Which class is the background, if any, is said here and nowhere
    else: neither the place of a class nor its colour stands for it.

    Args:
        names: class names; the position is the class id. At least two, of one line each: they are
            written one a line where models travel. Blanks round them are dropped.
        colors: one ``(red, green, blue)`` in 0..255 per class; by default the background is
            black and the others are spread over the hues.
        ignore_class: mask value of pixels that count neither in training nor in evaluation,
            or `None`.
        background: id of the class of what is nothing in particular, which pictures leave clear,
            or `None` where every class is something. ``auto``, and settled once the map is made:
            the first of two classes; of more the one that is called so, if one is.
        things: ids of the classes that are counted one by one, such as cars and cells, in any
            order; all others but the background are stuff, such as sky and road. None by default.

    Raises:
        ValueError: for fewer than two or more than 256 names, names that occur twice, are empty
            or break the line, a number of colours that is not the number of names, an ignore
            class that is a class, a background or things that are none, or a background that is a
            thing.

    Example:

    >>> labels = LabelMap(("sky", "road", "car"), things=(2,))
    >>> labels.background, labels.things, labels.stuff
    (None, (2,), (0, 1))
    >>> LabelMap(("skin", "lesion")).background
    0
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...] = ()
    ignore_class: int | None = IGNORE_CLASS
    background: int | str | None = AUTO
    things: tuple[int, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(plain(str(name)).strip() for name in self.names))
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
        if self.background == AUTO:
            object.__setattr__(self, "background", _background_of(self.names))
        self._check_background_and_things()
        colors = self.colors or _spread_colors(len(self.names), self.background)
        object.__setattr__(self, "colors", tuple(tuple(int(c) for c in rgb) for rgb in colors))
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
        """Number of classes, the background among them."""
        return len(self.names)

    @property
    def foreground(self):
        """Id of the only class besides the background; `None` where there are others, or none."""
        others = [id_ for id_ in range(self.num_classes) if id_ != self.background]
        return others[0] if len(others) == 1 else None

    @property
    def stuff(self):
        """Ids of the classes that are neither things nor the background, ascending."""
        return tuple(
            id_
            for id_ in range(self.num_classes)
            if id_ not in self.things and id_ != self.background
        )

    def _check_background_and_things(self):
        if self.background is not None:
            _require_class_id("background", self.background, self.num_classes)
        for id_ in self.things:
            _require_class_id("things", id_, self.num_classes)
        object.__setattr__(self, "things", tuple(sorted(set(self.things))))
        if self.background in self.things:
            raise ValueError(
                "Expected a background that is no thing. "
                f"Received: {self.names[self.background]!r}, class {self.background}, as both"
            )

    def to_dict(self):
        """Return plain lists and numbers for JSON."""
        return {
            "names": list(self.names),
            "colors": [list(rgb) for rgb in self.colors],
            "ignore_class": self.ignore_class,
            "background": self.background,
            "things": list(self.things),
        }

    @classmethod
    def from_dict(cls, values: Mapping):
        """Return the map that `to_dict` described.

        Names of the time before line breaks were refused have a blank in their place; those of
        which nothing is left, or that are as another then, have the class id behind them. Maps of
        the time before there was a background have the one that was read out of names and colours
        then: the first of two classes, the only one of that name, or a black class 0.

        Raises:
            ValueError: for values of other types.
        """
        names = values["names"]
        if not isinstance(names, list | tuple) or not all(isinstance(one, str) for one in names):
            raise ValueError(f"Expected a list of class names. Received: {names!r}")
        names = _of_one_line(names)
        colors = tuple(tuple(rgb) for rgb in values.get("colors", ()))
        background, things = values.get("background", AUTO), values.get("things", ())
        if background == AUTO:
            background = _background_by_color(names, colors)
        if not isinstance(things, list | tuple):
            raise ValueError(f"Expected a list of class ids as things. Received: {things!r}")
        ignore_class = values.get("ignore_class", IGNORE_CLASS)
        return cls(names, colors, ignore_class, background, tuple(things))

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


def in_order(names):
    """Return class names in the order of their ids: of two, the background comes first.

    For sources that give the ids themselves, as `background_first` is; of more than two names the
    order stays.

    Args:
        names: of the classes, in any order.

    Returns:
        A tuple of the same names.

    Example:

    >>> in_order(("cat", "background")), in_order(("cat", "dog", "background"))
    (('background', 'cat'), ('cat', 'dog', 'background'))
    """
    return background_first(names) if len(names) == 2 else tuple(names)


def _of_one_line(names):
    """Names as they can be written one a line; those that are so already stay as they are."""
    lines = [" ".join(name.split()) if len(name.splitlines()) > 1 else name for name in names]
    lines = [line.strip() or f"class_{id_}" for id_, line in enumerate(lines)]
    if len(set(lines)) < len(lines) == len(set(names)):
        lines = [f"{line} {id_}" if line in lines[:id_] else line for id_, line in enumerate(lines)]
    return tuple(lines)


def _background_of(names):
    """Id of the background: the first of two classes, or of more the only one called so."""
    if len(names) == 2:
        return 0
    ranks = [background_rank(name) for name in names]
    highest = max(ranks, default=0)
    return ranks.index(highest) if highest and ranks.count(highest) == 1 else None


def _background_by_color(names, colors):
    """Id of the background as it was found before maps had one: black stood for it, too."""
    named = [id_ for id_, name in enumerate(names) if background_rank(name) == 2]
    if len(names) != 2 and len(named) == 1:
        return named[0]
    # Colours that are not given were black and then hues.
    return 0 if len(names) == 2 or not colors or colors[0] == (0, 0, 0) else None


def _require_class_id(what, id_, num_classes):
    is_whole = isinstance(id_, Integral) and not isinstance(id_, bool)
    if not is_whole or id_ not in range(num_classes):
        raise ValueError(f"Expected {what} out of {num_classes} class ids. Received: {id_!r}")


def _spread_colors(count, background):
    """Black for the background, and hues a golden ratio apart so that neighbours differ."""
    hues = (hue * 0.618034 % 1.0 for hue in range(count))
    return tuple(
        (0, 0, 0)
        if id_ == background
        else tuple(round(255 * one) for one in colorsys.hsv_to_rgb(next(hues), 0.75, 0.95))
        for id_ in range(count)
    )
