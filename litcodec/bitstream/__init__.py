"""``.litc`` streams: one coded image as bytes, lengths and a checksum, no codec. The format is in SPEC.md."""

from litcodec.bitstream.container import pack, unpack
from litcodec.bitstream.header import FINGERPRINT_BYTES, VERSION, Header, read_header
from litcodec.bitstream.reading import read_stream

__all__ = [
    "FINGERPRINT_BYTES",
    "VERSION",
    "Header",
    "pack",
    "read_header",
    "read_stream",
    "unpack",
]
