"""What was evaluated, drawn: a page, figures, tables."""

from litcodec.report.assemble import report_data
from litcodec.report.data import BDEntry, ImageRow, ReportData, Version, ViewerImage
from litcodec.report.decoding import files_behind
from litcodec.report.figures import rd_figure
from litcodec.report.page import page
from litcodec.report.plane_figure import plane_figure, plane_figures
from litcodec.report.plane_plot import plane_plot
from litcodec.report.planes import Plane, PlanePoint, Planes, planes_of
from litcodec.report.plots import plot
from litcodec.report.tables import bd_csv_table, csv_table, markdown
from litcodec.report.time_charts import time_charts
from litcodec.report.time_figure import time_plot

__all__ = [
    "BDEntry",
    "ImageRow",
    "Plane",
    "PlanePoint",
    "Planes",
    "ReportData",
    "Version",
    "ViewerImage",
    "bd_csv_table",
    "csv_table",
    "files_behind",
    "markdown",
    "page",
    "plane_figure",
    "plane_figures",
    "plane_plot",
    "planes_of",
    "plot",
    "rd_figure",
    "report_data",
    "time_charts",
    "time_plot",
]
