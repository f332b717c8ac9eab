"""Lightning callbacks that show what a codec does: rate and distortion of real bytes, images, counts."""

from litcodec.callbacks.entropy_statistics import EntropyStatistics
from litcodec.callbacks.predictions import WritePredictions
from litcodec.callbacks.rd_curve import RDCurve
from litcodec.callbacks.rd_points import RDPoint, RDPoints
from litcodec.callbacks.reconstructions import Reconstructions
from litcodec.callbacks.report_page import ReportPage
from litcodec.callbacks.throughput import PatchThroughput

__all__ = [
    "EntropyStatistics",
    "PatchThroughput",
    "RDCurve",
    "RDPoint",
    "RDPoints",
    "Reconstructions",
    "ReportPage",
    "WritePredictions",
]
