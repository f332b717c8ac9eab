"""Lightning callbacks that show what a codec does: rate and distortion of real bytes, pictures, counts."""

from callbacks.entropy_statistics import EntropyStatistics
from callbacks.predictions import WritePredictions
from callbacks.rd_curve import RDCurve
from callbacks.rd_points import RDPoint, RDPoints
from callbacks.reconstructions import Reconstructions
from callbacks.report_page import ReportPage
from callbacks.throughput import PatchThroughput

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
