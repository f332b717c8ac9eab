"""Options of the commands about training: sweep, workspace, prepare."""

from litcodec.usage import values
from litcodec.usage.shared_options import Commands, add_debug, add_device, add_hidden_anchors


def add_sweep(commands: Commands) -> None:
    """Add ``litcodec sweep``."""
    sweep = commands.add_parser(
        "sweep",
        help="train every point of a sweep file, measure all, write the report",
        description="Train a codec at every point of a W&B sweep file, without a server; then measure all of "
        "them on real files and write the report. If it is interrupted, the same command continues with what "
        "is left.",
    )
    sweep.add_argument(
        "file",
        type=values.path,
        metavar="FILE",
        help="a W&B sweep file with method grid, such as sweeps/lambda.yaml",
    )
    sweep.add_argument(
        "--devices",
        metavar="N|I,J,…",
        help="train N points at a time, each on a GPU of its own where there are GPUs; or one on each of the "
        "GPUs I,J,… (default: one after another)",
    )
    sweep.add_argument(
        "--images",
        type=values.path,
        help="folder of images to measure on (default: held-back photographs)",
    )
    sweep.add_argument(
        "--baselines",
        type=values.keys,
        default=("jpeg", "webp", "jpeg2000"),
        metavar="KEY,…",
        help="baseline codecs to measure too: jpeg,jpeg444,jpeg2000,webp,avif,hevc,jxl,vvc, or all; "
        "or class paths, or '' for none (default: jpeg,webp,jpeg2000)",
    )
    add_hidden_anchors(sweep)
    add_device(sweep)
    sweep.add_argument(
        "-o",
        "--output",
        type=values.path,
        metavar="FOLDER",
        help="where runs, codecs, results.json and report.html go (default: runs/sweeps/NAME)",
    )
    sweep.add_argument(
        "--label", help="one name for all codecs' points, which makes them one curve (default: by codec)"
    )
    sweep.add_argument(
        "-f",
        "--force",
        action="store_true",
        help="measure again, dropping results.json; trained points are kept",
    )
    add_debug(sweep)


def add_workspace(commands: Commands) -> None:
    """Add ``litcodec workspace``."""
    workspace = commands.add_parser(
        "workspace", help="create a W&B workspace that opens on rate-distortion curves"
    )
    workspace.add_argument(
        "project", help="W&B project: trainer.logger.init_args.project, by default litcodec"
    )
    workspace.add_argument("--entity", help="user or team (default: the API key's)")
    workspace.add_argument(
        "--spec",
        type=values.output("workspace.json"),
        help="write the workspace to this file or folder/ instead of creating it on the server",
    )
    workspace.add_argument("-f", "--force", action="store_true", help="replace a file that exists")
    add_debug(workspace)


def add_prepare(commands: Commands) -> None:
    """Add ``litcodec prepare``."""
    prepare = commands.add_parser("prepare", help="turn images into shards for streaming")
    prepare.add_argument("source", type=values.path, help="folder of images, searched recursively")
    prepare.add_argument("output", type=values.name, help="new folder, or a URL s3://… or gs://…")
    prepare.add_argument(
        "--tile-size", type=values.positive, default=512, help="side of the tiles kept (%(default)s)"
    )
    prepare.add_argument(
        "--min-size", type=values.positive, default=256, help="skip smaller images (%(default)s)"
    )
    prepare.add_argument(
        "--num-workers", type=values.positive, default=2, help="number of processes (%(default)s)"
    )
    add_debug(prepare)
