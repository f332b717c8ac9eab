"""What a codec file says of how its codec was trained."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class TrainingInfo(NamedTuple):
    """How a codec was trained. Kept in its file; not part of its identity."""

    lmbda: float | None = None
    distortion: str | None = None  # mse, ms-ssim, mixed, or the label of ``objective``
    step: int | None = None
    objective: Mapping[str, Any] | None = None  # of ``objectives.describe``, where no word is enough
