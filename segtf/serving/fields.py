"""Fields of a server's answer, each of the type that is expected or named in an error."""

from segtf.serving.errors import UnreadableAnswer

_MISSING = object()


class Fields:
    """An object of a JSON answer, read by the path of its fields.

    Args:
        values: what the answer, or a part of it, was parsed to.
        place: path of that part in the answer, for messages.
    """

    def __init__(self, values, place=()):
        self._place = place
        self._values = self._checked(values, dict, "an object", place)

    def get(self, *path, default=None):
        """Return what is at a path, or `default` where there is nothing."""
        found = self._values
        for depth, key in enumerate(path):
            place = (*self._place, *path[:depth])
            found = self._checked(found, dict, "an object", place).get(key, _MISSING)
            if found is _MISSING:
                return default
        return found

    def text(self, *path, default=_MISSING):
        """Return the text at a path."""
        return self._typed(path, str, "text", default)

    def integer(self, *path):
        """Return the whole number at a path; a server may write it as text."""
        value = self.get(*path, default=_MISSING)
        if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) < 20:
            return int(value)
        return self._checked(value, int, "a whole number", (*self._place, *path))

    def inside(self, *path):
        """Return the object at a path as `Fields`."""
        return Fields(self.get(*path, default=_MISSING), (*self._place, *path))

    def named(self, *path):
        """Return name to `Fields` of an object of objects."""
        place = (*self._place, *path)
        values = self._typed(path, dict, "an object", _MISSING)
        return {name: Fields(one, (*place, name)) for name, one in values.items()}

    def each(self, *path, default=_MISSING):
        """Return `Fields` for each entry of a list."""
        place = (*self._place, *path)
        values = self._typed(path, (list, tuple), "a list", default)
        return [Fields(one, (*place, str(index))) for index, one in enumerate(values)]

    def _typed(self, path, kind, what, default):
        value = self.get(*path, default=default)
        return self._checked(value, kind, what, (*self._place, *path))

    @staticmethod
    def _checked(value, kind, what, place):
        if isinstance(value, kind) and not isinstance(value, bool):
            return value
        raise unreadable(".".join(place) or "answer", what, value)


def unreadable(name, what, value):
    """Return the error for a field that does not hold what it should.

    Args:
        name: of the field.
        what: was expected there.
        value: what is there.
    """
    shown = "nothing" if value is _MISSING else repr(value)
    return UnreadableAnswer(
        f"Expected {what} as {name} in the answer of TensorFlow Serving. Received: {shown[:100]}"
    )
