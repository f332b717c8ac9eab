"""Codecs at work on files: real bytes in, real bytes out."""

from litcodec.evaluation.files import CompressedFile, DecompressedFile, compress_file, decompress_file
from litcodec.evaluation.outputs import atomic_output, output_paths

__all__ = [
    "CompressedFile",
    "DecompressedFile",
    "atomic_output",
    "compress_file",
    "decompress_file",
    "output_paths",
]
