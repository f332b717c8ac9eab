"""The commands of the command line and their options, by group. Imports nothing heavy."""

from litcodec.usage.evaluation_options import REPORT_FORMATS
from litcodec.usage.parser import LIGHTNING, make_parser

__all__ = ["LIGHTNING", "REPORT_FORMATS", "make_parser"]
