"""Palette masks side by side: numbers are class ids only if they mean the same in every mask."""

from collections import defaultdict

from segtf.data.check.finding import Finding

_SHOWN = 2


def judge_palettes(looks, labels):
    """Find palette masks in which one colour has several numbers, or one number several colours.

    Tools that make palettes of their own number the colours of each picture anew, by how often
    they occur; then the numbers are no class ids.

    Args:
        looks: `segtf.data.check.look.Look`s of the masks that hold plain ids.
        labels: the `LabelMap`. In a mask of two classes, class 1 may well be painted differently
            from picture to picture.

    Returns:
        A list of findings, one at most.
    """
    numbers, colors = defaultdict(dict), defaultdict(dict)
    for look in looks:
        for number, color in _used(look).items():
            numbers[color].setdefault(number, look)
            colors[number].setdefault(color, look)
    for color, masks in numbers.items():
        if len(masks) > 1:
            return [_finding(masks, f"number {{}} is the colour {_text(color)}")]
    for number, masks in colors.items():
        if len(masks) > 1 and labels.foreground is None:
            shown = {_text(color): look for color, look in masks.items()}
            return [_finding(shown, f"number {number} is the colour {{}}")]
    return []


def _used(look):
    """Number to colour of what occurs in a mask; greys that are their own number tell nothing, nor
    do colours of several numbers in one mask."""
    palette = look.mask.palette if look.mask is not None else ()
    used = {number: palette[number] for number in look.counts if 0 <= number < len(palette)}
    colors = list(used.values())
    return {
        number: color
        for number, color in used.items()
        if color != (number,) * 3 and colors.count(color) == 1
    }


def _finding(masks, text):
    shown = list(masks.items())[:_SHOWN]
    files = tuple(look.mask.path for _, look in shown)
    cause = ", ".join(f"in {look.mask.path.name} {text.format(key)}" for key, look in shown)
    return Finding("palettes", files, cause)


def _text(color):
    return "#{:02x}{:02x}{:02x}".format(*color)
