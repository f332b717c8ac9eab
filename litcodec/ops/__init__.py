"""Elementary operations with gradients of their own: pure functions, one idea per file."""

from litcodec.ops.bounds import lower_bound
from litcodec.ops.centres import nearest_centre
from litcodec.ops.rounding import add_uniform_noise, round_about, round_straight_through

__all__ = ["add_uniform_noise", "lower_bound", "nearest_centre", "round_about", "round_straight_through"]
