"""A codec whose transforms and latent model litcodec has never seen."""

from torch import Tensor, nn

from litcodec.architecture import Buildable
from litcodec.codecs import TransformCodec
from litcodec.latent_models import ContextModel, FactorizedModel, HyperpriorModel
from litcodec.latent_models.base import CodedLatents
from litcodec.layers import CausalConv2d
from litcodec.types import AuxiliaryLoss


class Residual(nn.Module):
    """Convolutions of 3x3 about a skip."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, h, w) -> the same."""
        corrected: Tensor = x + 0.1 * self.layers(x)
        return corrected


class Width(Buildable, nn.Module):
    """A part that a configuration names; ``Buildable`` lets codec files name it too."""

    def __init__(self, *, channels: int = 6) -> None:
        super().__init__()
        self.channels = channels


def transforms(width: int, M: int, depth: int) -> tuple[nn.Sequential, nn.Sequential]:
    """g_a and g_s of stride 8."""
    g_a = nn.Sequential(nn.Conv2d(3, width, 8, 8), Residual(width, depth), nn.Conv2d(width, M, 1))
    g_s = nn.Sequential(nn.Conv2d(M, width, 1), Residual(width, depth), nn.ConvTranspose2d(width, 3, 8, 8))
    return g_a, g_s


class ElicLite(TransformCodec):
    """Stride 8, a receptive field of 8 latents, hyper-latents of stride 2, a 7x7 causal context."""

    def __init__(
        self, width: Width, *, M: int = 5, scales: list[float] | None = None, name: str = "lite"
    ) -> None:
        g_a, g_s = transforms(width.channels, M, 8)
        h_a = nn.Sequential(nn.Conv2d(M, 4, 3, stride=2, padding=1))
        h_s = nn.Sequential(nn.ConvTranspose2d(4, 2 * M, 4, stride=2, padding=1))
        parameters = nn.Sequential(nn.Conv2d(4 * M, 8, 1), nn.LeakyReLU(), nn.Conv2d(8, 2 * M, 1))
        y_model = ContextModel(CausalConv2d(M, 2 * M, kernel_size=7), parameters)
        latent_model = HyperpriorModel(h_a=h_a, h_s=h_s, M=M, N=4, y_model=y_model)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)


class Committed(FactorizedModel):
    """Adds a loss of its own to whatever the objective is."""

    def forward(self, y: Tensor) -> CodedLatents:
        """Quantise ``y`` (B, M, h, w), score it, and add the loss."""
        coded = super().forward(y)
        loss = 0.25 * (y - coded.y_hat.detach()).square().mean()
        return coded._replace(losses=(AuxiliaryLoss("commitment", loss),))


class WithLoss(TransformCodec):
    """A factorized prior with an auxiliary loss."""

    def __init__(self, *, M: int = 5) -> None:
        g_a, g_s = transforms(6, M, 1)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=Committed(M))
