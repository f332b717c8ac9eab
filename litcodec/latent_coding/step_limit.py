"""Limits how many steps an image may take to decode one after another, whatever its size."""

from litcodec.errors import TooLarge
from litcodec.limits import MAX_STEPS


def check_steps(steps: int, *, rows: int, columns: int) -> None:
    """Check that a wavefront is not too long: a few bytes may claim an image of one column, and hours.

    Args:
        steps: of the wavefront.
        rows: of what it goes through.
        columns: of what it goes through.

    Raises:
        TooLarge: if there are more than ``MAX_STEPS``.
    """
    if steps > MAX_STEPS:
        raise TooLarge(
            f"{rows} rows of {columns} take {steps} steps, one after another; at most {MAX_STEPS} are taken. "
            "Cut the image, or use a codec without an autoregressive context."
        )
