"""Signals that end a command: it tidies up after itself first, then ends as the signal says."""

import contextlib
import signal
import threading

_NAMES = ("SIGTERM", "SIGHUP")  # Windows has no SIGHUP


class Ended(KeyboardInterrupt):
    """A signal ends the command as Ctrl-C would.

    Args:
        number: of the signal.
    """

    def __init__(self, number):
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def ending_on_signals():
    """Raise `Ended` on SIGTERM and SIGHUP; a second one ends the process at once.

    A signal that is ignored, as ``nohup`` has it, stays ignored. Outside of the main thread
    Python gives no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {}
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            kept[number] = signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _end(number, frame):
    signal.signal(number, signal.SIG_DFL)
    raise Ended(number)
