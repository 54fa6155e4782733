"""JPEG files in several scans, which cost more than their size says.

A decoder keeps the coefficients of the whole picture until the last scan, and goes over all of it
for each: some hundred bytes are a scan, and a file may have any number of them.
"""

from segtf.data.array_files import MAX_PIXELS, ImageError

MAX_SCANS = 1000
"""Encoders make about 10."""
MAX_SCANNED_VALUES = 9 * MAX_PIXELS // 4
"""Pixels times components of a picture in several scans: 48 megapixels of colour."""
MAX_SCANNED_PIXELS = 16 * MAX_PIXELS
"""Pixels times scans: 100 scans of 10 megapixels, 20 of 50."""

START_OF_SCAN = 0xDA
PROGRESSIVE_FRAMES = (0xC2, 0xC6, 0xCA, 0xCE)
FRAMES = (0xC0, 0xC1, 0xC3, 0xC5, 0xC7, 0xC9, 0xCB, 0xCD, 0xCF, *PROGRESSIVE_FRAMES)
ALONE = (0x01, *range(0xD0, 0xD9))
"""Markers that no length follows."""


def require_few_scans(content, height, width, name):
    """Check that a JPEG file is decoded in bounded time and memory.

    Args:
        content: bytes of the file.
        height: of the picture, in pixels.
        width: of the picture, in pixels.
        name: of the file, for the error.

    Raises:
        ImageError: if it has no scan, or several which are more than `MAX_SCANS` or than its size
            allows.
    """
    begins, components, is_progressive = _first_scan(content, name)
    scans = content.count(bytes((0xFF, START_OF_SCAN)), begins)
    pixels = height * width
    has_several = is_progressive or content[begins + 4 : begins + 5] < bytes((components,))
    is_too_much = (
        scans > MAX_SCANS
        or pixels * components > MAX_SCANNED_VALUES
        or pixels * scans > MAX_SCANNED_PIXELS
    )
    if has_several and is_too_much:
        raise ImageError(
            f"Expected a JPEG in several scans, as a progressive one is, of at most {MAX_SCANS} "
            f"scans, {MAX_SCANNED_VALUES} pixels x components and {MAX_SCANNED_PIXELS} pixels x "
            f"scans. Received: {name} of {width} x {height}, {components} components, {scans} scans"
        )


def _first_scan(content, name):
    """Where it begins, the components of the frame, and whether that is progressive."""
    at, components, is_progressive = 2, 0, False
    while at + 4 <= len(content):
        marker = content[at + 1]
        if content[at] != 0xFF or marker == 0xFF:  # decoders pass over what is between markers
            at += 1
        elif marker == START_OF_SCAN:
            return at, components, is_progressive
        elif marker in ALONE:
            at += 2
        else:
            if marker in FRAMES and at + 9 < len(content):
                components, is_progressive = content[at + 9], marker in PROGRESSIVE_FRAMES
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    raise ImageError(
        f"Expected an image that can be decoded. Received: {name}, which is damaged or truncated "
        "(a JPEG without a scan)"
    )
