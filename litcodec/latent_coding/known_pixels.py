"""The pixels of an image that are known so far, and the steps in which they become known."""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from litcodec.latent_coding.step_limit import check_steps
from litcodec.layers import ABOVE, LEFT, OUTSIDE, PIXEL_OFFSETS, RIGHT, SLOPE

Image = npt.NDArray[np.uint8]
Number = TypeVar("Number", bound=np.generic)
Wide = npt.NDArray[np.int64]


class KnownPixels(NamedTuple):
    """An image surrounded as ``pad_causally`` does."""

    flat: Image  # ((4 + H) * (4 + W + 3), 3)
    H: int
    W: int

    @property
    def stride(self) -> int:
        """From a pixel to the one below it."""
        return LEFT + self.W + RIGHT

    @property
    def steps(self) -> range:
        """The numbers of all steps; some may have no pixel. Raises ``TooLarge`` if there are too many."""
        steps = self.W + SLOPE * (self.H - 1)
        check_steps(steps, rows=self.H, columns=self.W)
        return range(steps)

    def step(self, k: int) -> Wide:
        """Where in ``flat`` the pixels of step k lie, rows ascending."""
        first, last = max(0, -(-(k - self.W + 1) // SLOPE)), min(self.H - 1, k // SLOPE)
        rows = np.arange(first, last + 1)
        return (rows + ABOVE) * self.stride + LEFT + k - SLOPE * rows

    def put(self, at: Wide, k: int, levels: Image) -> None:
        """Make step k known, and what lies beside the image because of it."""
        self.flat[at] = levels
        if k % SLOPE == 0 and k // SLOPE < self.H - 1:  # column 0 is the last row's of a step
            below = at[-1] + self.stride
            self.flat[below - LEFT : below] = levels[-1]
        if k >= self.W - 1 and (k - self.W + 1) % SLOPE == 0:  # the last column is the first row's
            self.flat[at[0] + 1 : at[0] + 1 + RIGHT] = levels[0]

    def seen(self, at: Wide) -> npt.NDArray[np.int16]:
        """The 28 pixels that each of n sees, (28, n, 3)."""
        found: npt.NDArray[np.int16] = self.flat[at + self.places(PIXEL_OFFSETS)].astype(np.int16)
        return found

    def places(self, offsets: tuple[tuple[int, int], ...]) -> Wide:
        """(row, column) as distances in ``flat``, (len(offsets), 1)."""
        return np.array([[row * self.stride + column] for row, column in offsets])

    def cropped(self, values: npt.NDArray[Number]) -> npt.NDArray[Number]:
        """The image's part, (H, W, 3), of what is shaped like ``flat``."""
        return values.reshape(ABOVE + self.H, self.stride, 3)[ABOVE:, LEFT:-RIGHT]

    def in_batches(self, count: int) -> Iterator[list[Wide]]:
        """The positions of steps, in groups of about ``count`` pixels."""
        group: list[Wide] = []
        taken = 0
        for k in self.steps:
            at = self.step(k)
            if not len(at):
                continue
            if group and taken + len(at) > count:
                yield group
                group, taken = [], 0
            group.append(at)
            taken += len(at)
        if group:
            yield group


def blank_pixels(H: int, W: int) -> KnownPixels:
    """None is known."""
    return KnownPixels(np.full(((ABOVE + H) * (LEFT + W + RIGHT), 3), OUTSIDE, np.uint8), H, W)


def all_pixels(image: Image) -> KnownPixels:
    """All of an image (H, W, 3) are known."""
    H, W, _ = image.shape
    padded = np.full((ABOVE + H, LEFT + W + RIGHT, 3), OUTSIDE, np.uint8)
    padded[ABOVE:, LEFT:-RIGHT] = image
    padded[ABOVE + 1 :, :LEFT] = image[:-1, :1]
    padded[ABOVE:, -RIGHT:] = image[:, -1:]
    return KnownPixels(padded.reshape(-1, 3), H, W)
