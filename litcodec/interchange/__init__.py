"""Imports weights trained with other packages."""

from litcodec.interchange.checkpoints import read_checkpoint
from litcodec.interchange.compressai import Imported, codec_from_compressai, import_compressai

__all__ = [
    "Imported",
    "codec_from_compressai",
    "import_compressai",
    "read_checkpoint",
]
