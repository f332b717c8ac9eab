"""The scans of a JPEG, counted before anything is decoded."""

import re

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)


def jpeg_scans(data: bytes | memoryview, *, limit: int) -> int:
    """Count the scans of a JPEG, up to ``limit`` + 1, by its markers alone."""
    position, scans = 2, 0
    while scans <= limit and (match := _MARKER.search(data, position)):
        marker, position = data[match.end() - 1], match.end()
        if marker == 0xD9:  # end of image
            break
        scans += marker == 0xDA  # start of scan
        if marker not in (0x01, 0xD8):  # those have no length
            position += max(2, int.from_bytes(data[position : position + 2], "big"))
    return scans
