"""The other runs of a sweep, read from a W&B server."""

from typing import Any

from litcodec.dashboard.run_points import RunPoint, from_json, on_one_curve
from litcodec.errors import ResultsError

TIMEOUT_S = 10


def siblings_in_sweep(run: Any, own: RunPoint) -> list[RunPoint]:
    """The points of this run's curve that other runs of its sweep have left in their summaries.

    Args:
        run: this run, of W&B; without a sweep or without a server there is nothing to be asked.
        own: its point.

    Raises:
        ResultsError: if the server cannot be asked.
    """
    import wandb

    if getattr(run, "sweep_id", None) is None or run.offline:
        return []
    path = f"{run.entity}/{run.project}/{run.sweep_id}"
    try:
        runs = wandb.Api(timeout=TIMEOUT_S).sweep(path).runs  # type: ignore[no-untyped-call]
        others = [other for other in runs if other.id != run.id]
        said = [other.summary_metrics.get("rd_point") for other in others]
        points = [from_json(text) for text in said if isinstance(text, str)]
    except (wandb.Error, OSError, ValueError) as error:
        raise ResultsError(f"{path}: {error}") from error
    return [point for point in points if on_one_curve(point, own)]
