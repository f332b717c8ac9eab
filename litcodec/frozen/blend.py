"""Two synthesis transforms as one, between least distortion and most realism."""

from torch import Tensor, nn

from litcodec.errors import ShapeError


class Blend(nn.Module):
    """``(1 - realism) * first(y_hat) + realism * second(y_hat)``; one that has no part is not run.

    Args:
        first: synthesis of least distortion.
        second: synthesis of most realism, of the same shapes.
        realism: 0 to 1.

    Raises:
        ShapeError: if ``realism`` is not.
    """

    def __init__(self, first: nn.Module, second: nn.Module, realism: float) -> None:
        super().__init__()
        if not 0 <= realism <= 1:
            raise ShapeError(f"realism is 0 (least distortion) to 1 (most realism); got {realism}.")
        self.first, self.second, self.realism = first, second, realism

    def forward(self, y_hat: Tensor) -> Tensor:
        """The image (B, 3, H, W) of latents (B, M, h, w), not clamped."""
        if self.realism == 0:
            return self.first(y_hat)  # type: ignore[no-any-return]
        if self.realism == 1:
            return self.second(y_hat)  # type: ignore[no-any-return]
        x_hat: Tensor = (1 - self.realism) * self.first(y_hat) + self.realism * self.second(y_hat)
        return x_hat
