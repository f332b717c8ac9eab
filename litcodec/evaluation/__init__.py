"""Codecs at work on files: real bytes in, real bytes out."""

from litcodec.evaluation.evaluate import Step, evaluate
from litcodec.evaluation.files import (
    CompressedFile,
    DecompressedFile,
    compress_file,
    decompress_file,
    refuse_original,
)
from litcodec.evaluation.machine import this_machine
from litcodec.evaluation.outputs import atomic_output, check_output, output_paths, refuse_inputs
from litcodec.evaluation.results import SCHEMA_VERSION, Failure, Machine, Point, Results, Score
from litcodec.evaluation.results_file import read_results, write_results
from litcodec.evaluation.target import RateTarget, check_target, stream_for

__all__ = [
    "SCHEMA_VERSION",
    "CompressedFile",
    "DecompressedFile",
    "Failure",
    "Machine",
    "Point",
    "RateTarget",
    "Results",
    "Score",
    "Step",
    "atomic_output",
    "check_output",
    "check_target",
    "compress_file",
    "decompress_file",
    "evaluate",
    "output_paths",
    "read_results",
    "refuse_inputs",
    "refuse_original",
    "stream_for",
    "this_machine",
    "write_results",
]
