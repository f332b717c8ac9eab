"""What was evaluated, drawn: a page, figures, tables."""

from litcodec.report.assemble import report_data
from litcodec.report.data import BDEntry, ImageRow, Picture, ReportData, Version
from litcodec.report.decoding import files_behind
from litcodec.report.figures import rd_figure
from litcodec.report.page import page
from litcodec.report.plots import plot
from litcodec.report.tables import bd_csv_table, csv_table, markdown

__all__ = [
    "BDEntry",
    "ImageRow",
    "Picture",
    "ReportData",
    "Version",
    "bd_csv_table",
    "csv_table",
    "files_behind",
    "markdown",
    "page",
    "plot",
    "rd_figure",
    "report_data",
]
