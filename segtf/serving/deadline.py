"""HTTP connections that end when the time of a whole request is over.

The time-outs of sockets hold for each piece that arrives: a server that sends its headers byte by
byte would never exceed one.
"""

import contextlib
import socket
import threading
import time

import urllib3

_request = threading.local()


class Deadline:
    """Ends a request after a number of seconds, whatever it is doing then.

    Use it as a context; connections made by `pool_manager` know it by the thread.

    Args:
        seconds: from now on.

    Attributes:
        has_passed: whether the request was ended.
    """

    def __init__(self, seconds):
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(max(0.0, seconds), self._shut)
        self._timer.daemon = True
        self._socket = None

    def __enter__(self):
        _request.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *exception):
        self._timer.cancel()
        _request.deadline = None

    @property
    def has_passed(self):
        """Whether the time is over."""
        return time.monotonic() >= self._end

    def watch(self, sock):
        """Have what is received by this socket ended when the time is over."""
        self._socket = sock
        if self.has_passed:
            self._shut()

    def _shut(self):
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it is closed already
                self._socket.shutdown(socket.SHUT_RDWR)


class _Watched:
    """A connection that a `Deadline` of its thread can end."""

    def getresponse(self):
        deadline = getattr(_request, "deadline", None)
        if deadline is not None:
            deadline.watch(self.sock)  # the connection itself may let go of it any time
        return super().getresponse()


class _Connection(_Watched, urllib3.connection.HTTPConnection):
    pass


class _SecureConnection(_Watched, urllib3.connection.HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def pool_manager(connections, ca_file=None):
    """Return a `urllib3.PoolManager` whose requests a `Deadline` can end.

    Args:
        connections: connections that are kept open.
        ca_file: path of the certificates to trust; by default those of the system.
    """
    pools = urllib3.PoolManager(maxsize=connections, retries=False, ca_certs=ca_file)
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return pools
