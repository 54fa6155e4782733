"""Text as people and their tools have written it: any usual encoding, any name of a file."""

import codecs
import unicodedata
from pathlib import Path

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_INVISIBLE_LETTERS = set("\u034f\u115f\u1160\u3164\uffa0\u2800") | {
    chr(code) for first, end in ((0x180B, 0x1810), (0xFE00, 0xFE10)) for code in range(first, end)
}


def read_text(path):
    """Read a text file, whatever the usual encoding.

    A byte order mark decides (UTF-8, UTF-16, UTF-32). Without one, a file in which every second
    byte is zero is UTF-16; any other is UTF-8 if it can be, else Windows-1252.

    Args:
        path: the file.

    Returns:
        The text, without its byte order mark.

    Raises:
        ValueError: naming the file, if it is not there, cannot be opened or is no text.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "names.txt"
    >>> _ = path.write_bytes("Straße".encode("cp1252"))
    >>> read_text(path)
    'Straße'
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f"Expected a text file. Received: {path}, which "
            f"{'is not a file' if path.exists() else 'does not exist'}"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"Expected a text file. Received: {path} ({error.strerror})") from None
    try:
        text = content.decode(_encoding(content))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            "Expected text in UTF-8, UTF-16 or Windows-1252. "
            f"Received: {path}, line {line} ({error.reason})"
        ) from None
    if "\0" in text:
        raise ValueError(f"Expected a text file. Received: {path}, which holds zero bytes")
    return text


def read_lines(path):
    """Read the lines of a text file that say something.

    Args:
        path: the file, in any encoding that `read_text` takes.

    Returns:
        A list of line number, counted from 1, and cleaned line; blank lines and those that
        begin with ``#`` are left out.

    Raises:
        ValueError: as `read_text` does.
    """
    lines = enumerate((clean(line) for line in read_text(path).splitlines()), 1)
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def clean(text):
    """Return text without what cannot be seen: composed (NFC), with ordinary blanks, stripped.

    Zero-width and control characters are dropped, no-break spaces and tabs become blanks.

    Example:

    >>> clean("\\u200btraffic\\u00a0light ")
    'traffic light'
    """
    text = unicodedata.normalize("NFC", text)
    text = "".join(" " if char.isspace() else char for char in text)
    return "".join(char for char in text if not _is_invisible(char)).strip()


def plain(text):
    """Return a name as text that can be written anywhere: composed (NFC), its bytes escaped.

    Python keeps bytes of a file's name that are no UTF-8 as lone surrogates, which no file and
    no terminal takes; they become ``\\udc..``.

    Example:

    >>> print(plain("bl\\udce4schen"))
    bl\\udce4schen
    """
    return unicodedata.normalize("NFC", encode(text).decode("utf-8"))


def printable(text):
    """Return text on one line that any terminal can show, whatever names are in it.

    Control characters, which could move the cursor or change colours, and what turns the
    direction of writing are escaped; so are bytes of a file's name that are no UTF-8.

    Example:

    >>> print(printable("scan\\x1b[31m.png\\n"))
    scan\\x1b[31m.png\\n
    """
    text = encode(str(text)).decode("utf-8")
    return "".join(
        char.encode("unicode_escape").decode() if _is_control(char) else char for char in text
    )


def is_utf_8(path):
    """Return whether the name of a file is UTF-8, as TensorFlow needs it of what it writes."""
    return encode(str(path)).decode("utf-8") == str(path)


def encode(text):
    """Return text as UTF-8; bytes of a file's name that are no UTF-8 become ``\\udc..``."""
    return text.encode("utf-8", "backslashreplace")


def _encoding(content):
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding
    if content and len(content) % 2 == 0:
        if not any(content[1::2]):
            return "utf-16-le"
        if not any(content[::2]):
            return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _is_control(char):
    is_turning = "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"
    return is_turning or unicodedata.category(char) in ("Cc", "Zl", "Zp")


def _is_invisible(char):
    return unicodedata.category(char) in ("Cc", "Cf") or char in _INVISIBLE_LETTERS
