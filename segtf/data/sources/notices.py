"""Lines on what a source left out or mended."""

from collections import Counter


class Notices:
    """What was left out or mended, counted by the reason."""

    def __init__(self):
        self._counts, self._first = Counter(), {}

    def add(self, reason, first):
        """Count a case: what it is as a text that follows a number, and its name."""
        self._counts[reason] += 1
        self._first.setdefault(reason, first)

    def lines(self):
        """Return a line for each reason, with the first case."""
        for reason, count in self._counts.items():
            yield f"{count} {reason}, the first: {self._first[reason]}"
