"""An encoder that spends time on one image: it refines y before it is coded; no decoder knows of it."""

from litcodec.refinement.effort import EFFORTS, with_effort
from litcodec.refinement.gumbel import GumbelQuantiser
from litcodec.refinement.refiner import LatentRefiner

__all__ = ["EFFORTS", "GumbelQuantiser", "LatentRefiner", "with_effort"]
