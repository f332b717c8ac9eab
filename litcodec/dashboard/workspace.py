"""A W&B workspace that opens on rate-distortion curves."""

import json
import urllib.error
import urllib.request
from typing import Any

import wandb

from litcodec.baselines import BASELINE_KEYS
from litcodec.dashboard.baselines import PUBLISHED
from litcodec.errors import LitcodecError

NAME = "litcodec: rate and distortion"
TIMEOUT_S = 10
RUNS_SHOWN = 32  # a sweep of four codecs over eight lambda
WIDE, HALF, HEIGHT = 24, 12, 10  # of W&B's grid, which is 24 wide
STEP = "trainer/global_step"
LEGEND = "${run:displayName}, lambda ${summary:lmbda}"
ENTROPY = ("y_bpp", "z_bpp", "dead_channels", "noise_gap", "escape_share", "clipped")


class NoServer(LitcodecError):
    """No W&B server can be asked."""


def workspace(entity: str, project: str) -> Any:
    """A ``wandb_workspaces.workspaces.Workspace`` of what litcodec's callbacks log; nothing is sent."""
    import wandb_workspaces.workspaces as ws
    from wandb_workspaces.reports.v2 import interface as wr

    places = [wr.Layout(x=0, y=0, w=HALF, h=HEIGHT), wr.Layout(x=HALF, y=0, w=HALF, h=HEIGHT)]
    wide = wr.Layout(x=0, y=0, w=WIDE, h=HEIGHT)

    def media(title: str, key: str, layout: Any) -> Any:
        return wr.MediaBrowser(title=title, media_keys=[key], num_columns=1, layout=layout)

    def lines(title: str, *keys: str) -> Any:
        return wr.LinePlot(title=title, x=STEP, y=list(keys))

    scatters: list[Any] = [
        wr.ScatterPlot(
            title=title,
            x=wr.SummaryMetric("bpp"),
            y=wr.SummaryMetric(key),
            layout=layout,
            legend_template=LEGEND,
        )
        for title, key, layout in (
            ("PSNR of each run, dB, over bpp", "psnr", places[0]),
            ("MS-SSIM of each run, dB, over bpp", "ms_ssim_db", places[1]),
        )
    ]
    keys = dict.fromkeys((*PUBLISHED, *BASELINE_KEYS))
    return ws.Workspace(
        entity=entity,
        project=project,
        name=NAME,
        sections=[
            ws.Section(name="Rate and distortion: one point a run", is_open=True, panels=scatters),
            ws.Section(
                name="Curves with baselines",
                is_open=True,
                panels=[
                    media("PSNR", "rd_curve/psnr", places[0]),
                    media("MS-SSIM", "rd_curve/ms_ssim_db", places[1]),
                ],
            ),
            ws.Section(
                name="BD-rate: percent of bits, negative is fewer",
                is_open=True,
                panels=[
                    wr.BarPlot(
                        title=title,
                        metrics=[f"{name}/{key}" for key in keys],
                        layout=layout,
                        max_runs_to_show=RUNS_SHOWN,
                    )
                    for title, name, layout in (
                        ("at equal PSNR", "bd_rate", places[0]),
                        ("at equal MS-SSIM", "bd_rate_ms_ssim", places[1]),
                    )
                ],
            ),
            ws.Section(
                name="Reconstructions",
                is_open=True,
                panels=[media("Reconstructions", "reconstructions", wide)],
            ),
            ws.Section(name="Report", panels=[media("Report", "report", wide)]),
            ws.Section(
                name="Training",
                is_open=True,
                panels=[
                    lines("Loss", "train/loss", "val/loss"),
                    lines("Rate, bpp", "train/bpp", "val/bpp", "val/bpp_estimated"),
                    lines("PSNR, dB", "train/psnr", "val/psnr"),
                    lines("Patches a second", "perf/patches_per_s"),
                ],
            ),
            ws.Section(
                name="Hybrids: what the enhancer does",
                panels=[
                    lines("Gain of PSNR, dB", "val/enhancer_gain"),
                    lines("Share of images coded at half size", "val/half_share"),
                ],
            ),
            ws.Section(
                name="Where the bits go",
                panels=[
                    *(lines(key, f"entropy/{key}") for key in ENTROPY),
                    *(media(key, f"entropy/{key}", wr.Layout()) for key in ("channels", "densities")),
                ],
            ),
        ],
        settings=ws.WorkspaceSettings(x_axis=STEP, max_runs=RUNS_SHOWN),
    )


def create(project: str, entity: str | None) -> str:
    """Create the workspace as a new view of ``project``.

    Args:
        project: need not exist yet.
        entity: user or team; the API key's own if not given.

    Returns:
        Its address.

    Raises:
        NoServer: if there is no API key, no answer, or a refusal.
    """
    settings = wandb.setup().settings
    if settings.mode in ("offline", "disabled"):
        raise NoServer(f"W&B is {settings.mode}, as WANDB_MODE or wandb offline say")
    if not wandb.login(prompt=False, verify=False):
        raise NoServer("there is no API key for a W&B server: see wandb login --help")
    _reach(settings.base_url)
    try:
        entity = entity or wandb.Api(timeout=TIMEOUT_S).default_entity
        if entity is None:
            raise NoServer(f"{settings.base_url} names no entity for this API key: give --entity")
        made = workspace(entity, project)
        made.save()
    except (wandb.Error, OSError, ValueError) as error:
        raise NoServer(f"{settings.base_url} refuses: {error}") from error
    return str(made.url)


def specification(entity: str, project: str) -> bytes:
    """What ``create`` would send, as JSON."""
    return json.dumps(workspace(entity, project)._spec, indent=1).encode() + b"\n"


def _reach(url: str) -> None:
    """Ask whether a server answers: W&B's own client would try again for a long time."""
    try:
        urllib.request.urlopen(url, timeout=TIMEOUT_S).close()
    except urllib.error.HTTPError as answer:
        answer.close()  # whatever it says, it is there
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise NoServer(f"{url} does not answer: {reason}") from error
