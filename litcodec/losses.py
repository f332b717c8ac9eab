"""The training objective R + lmbda * D, in the field's units."""

import math

import torch
from pytorch_msssim import ms_ssim
from torch import Tensor

from litcodec.errors import ShapeError
from litcodec.limits import MS_SSIM_MIN_SIDE
from litcodec.types import CodecOutput, Distortion, RDLoss, mixed


def bits_per_pixel(output: CodecOutput) -> Tensor:
    """Estimated bits per true pixel of a batch, a float32 scalar."""
    B, _, H, W = output.x_hat.shape
    bits = sum(
        (likelihoods.log().sum() for likelihoods in output.likelihoods),
        start=torch.zeros(()).to(output.x_hat.device),
    )
    return bits / (-math.log(2) * B * H * W)


def rd_loss(output: CodecOutput, x: Tensor, *, lmbda: float, distortion: Distortion = "mse") -> RDLoss:
    """Rate plus weighted distortion.

    Args:
        output: what the codec made of ``x``.
        x: the images, (B, 3, H, W) in [0, 1].
        lmbda: weight of the distortion. The field's values are 0.0018 0.0035 0.0067 0.0130 0.0250 0.0483
            0.0932 0.1800 for "mse" and "mixed", 2.40 4.58 8.73 16.64 31.73 60.50 115.37 220.00 for "ms-ssim".
        distortion: "mse" is ``255^2 * MSE``, "ms-ssim" is ``1 - MS-SSIM`` (Wang et al. 2003), "mixed" is
            0.8 of the one and 0.2 * 1275 of the other. At the least MSE a little more of it costs next to
            nothing, while MS-SSIM gains in proportion.

    Returns:
        Scalars; always float32.

    Raises:
        ShapeError: if ``distortion`` is unknown, or not "mse" and a side of ``x`` is under 161.
    """
    d = _distortion(output.x_hat.float(), x.float(), distortion, each=False)
    rate = bits_per_pixel(output)
    return RDLoss(rate + lmbda * d, rate, d)


def rd_loss_of_each(
    output: CodecOutput,
    x: Tensor,
    *,
    lmbdas: Tensor,
    weights: Tensor | None = None,
    distortion: Distortion = "mse",
) -> RDLoss:
    """``rd_loss`` where every image has its own lmbda: the mean of ``w_i * (R_i + lmbda_i * D_i)``.

    Args:
        output: what the codec made of ``x``, image by image.
        x: as in ``rd_loss``.
        lmbdas: (B,).
        weights: (B,), all 1 if not given.
        distortion: as in ``rd_loss``.

    Returns:
        As ``rd_loss``; rate and distortion are means over the images, whatever their weights.

    Raises:
        ShapeError: as ``rd_loss``.
    """
    d = _distortion(output.x_hat.float(), x.float(), distortion, each=True)
    pixels = x.shape[2] * x.shape[3]
    logs = torch.stack([likelihoods.log().flatten(1).sum(dim=1) for likelihoods in output.likelihoods])
    rates = logs.sum(dim=0) / (-math.log(2) * pixels)
    losses = rates + lmbdas * d
    return RDLoss((losses if weights is None else weights * losses).mean(), rates.mean(), d.mean())


def _distortion(x_hat: Tensor, x: Tensor, distortion: str, *, each: bool) -> Tensor:
    """Of a batch, a scalar, or of ``each`` image, (B,)."""
    if distortion == "mse":
        return _squares(x_hat, x, each=each)
    if distortion == "ms-ssim":
        return _dissimilarity(x_hat, x, each=each)
    if distortion == "mixed":
        return mixed(_squares(x_hat, x, each=each), _dissimilarity(x_hat, x, each=each))
    raise ShapeError(f"distortion {distortion!r} is unknown; use 'mse', 'ms-ssim' or 'mixed'.")


def _squares(x_hat: Tensor, x: Tensor, *, each: bool) -> Tensor:
    squares = (x_hat - x) ** 2
    return 255**2 * (squares.mean(dim=(1, 2, 3)) if each else torch.mean(squares))


def _dissimilarity(x_hat: Tensor, x: Tensor, *, each: bool) -> Tensor:
    if min(x.shape[-2:]) < MS_SSIM_MIN_SIDE:
        raise ShapeError(
            f"MS-SSIM needs sides of at least {MS_SSIM_MIN_SIDE}; got {tuple(x.shape[-2:])}. "
            "Use larger patches."
        )
    similarity: Tensor = ms_ssim(x_hat, x, data_range=1.0, size_average=not each)
    return 1 - similarity
