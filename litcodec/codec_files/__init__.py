"""Codec files and training checkpoints: what holds a codec on disk. Reading one runs no code."""

from litcodec.codec_files.checkpoint import TrainedCodec, load_torch_file, read_training_checkpoint
from litcodec.codec_files.description import build_codec, check_same_codec, codec_architecture, describe
from litcodec.codec_files.half_precision import round_to_half_precision
from litcodec.codec_files.safetensors_file import codec_bytes, load_codec, save_codec
from litcodec.codec_files.second_synthesis import (
    check_synthesis_alone_trained,
    load_with_synthesis,
    synthesis_beside,
    synthesis_bytes,
    with_synthesis_beside,
)
from litcodec.codec_files.unfreeze import unfreeze

__all__ = [
    "TrainedCodec",
    "build_codec",
    "check_same_codec",
    "check_synthesis_alone_trained",
    "codec_architecture",
    "codec_bytes",
    "describe",
    "load_codec",
    "load_torch_file",
    "load_with_synthesis",
    "read_training_checkpoint",
    "round_to_half_precision",
    "save_codec",
    "synthesis_beside",
    "synthesis_bytes",
    "unfreeze",
    "with_synthesis_beside",
]
