"""The frozen lossless codec of pixels."""

from typing import Self

import numpy as np
import torch
from torch import Tensor

from litcodec.architecture import Architecture
from litcodec.errors import Corrupt
from litcodec.frozen.base import FrozenCodec, Resolution
from litcodec.frozen.eight_bits import Image, check_crc, check_crc_length, crc_of, levels_of, tensor_of
from litcodec.latent_coding import Coded, PixelNetwork, PixelWalk
from litcodec.layers import FIT_FROM, LINEAR_WEIGHTS, LinearPrediction, fit_prediction

CODED_ORDER = [1, 0, 2]  # G, R, B
PREDICTION_BYTES = 2 * (3 * LINEAR_WEIGHTS + 3)


class FrozenPixelAutoregressive(FrozenCodec):
    """The strings: the pixels; with a linear prediction its weights; the CRC-32 of the pixels.

    Decoding is exact and runs on the CPU.

    Args:
        architecture: how to build the codec again.
        network: predicts the mixtures.
        usual: what small images are predicted with; None if inputs are relative to MED.
    """

    lossless = True

    def __init__(
        self, architecture: Architecture, network: PixelNetwork, usual: LinearPrediction | None = None
    ) -> None:
        super().__init__(architecture, 1)
        self._network, self._usual = network, usual

    @property
    def device(self) -> torch.device:
        """Where the transforms run: always the CPU."""
        return torch.device("cpu")

    def to(self, device: torch.device | str) -> Self:
        """Do nothing: all of it stays on the CPU."""
        return self

    @property
    def string_count(self) -> int:
        """How many strings ``encode`` makes."""
        return 2 if self._usual is None else 3

    def encode(self, x: Tensor) -> Coded:
        """Code an 8-bit image (1, 3, H, W) in [0, 1]; ``y_hat`` are its grey levels.

        Raises:
            ShapeError: if ``x`` is no 8-bit image.
        """
        image = levels_of(x)
        prediction, sent = self._fitted(image)
        string = PixelWalk(self._network, prediction).encode(image[..., CODED_ORDER])
        return Coded((string, *sent, crc_of(image)), tensor_of(image), image.size, 0, 0)

    def _fitted(self, image: Image) -> tuple[LinearPrediction | None, tuple[bytes, ...]]:
        """The prediction that suits an image, and the string that a decoder reads it from, if any."""
        if self._usual is None:
            return None, ()
        if image.shape[0] * image.shape[1] < FIT_FROM:
            return self._usual, (b"",)
        fitted = fit_prediction(torch.from_numpy(image[..., CODED_ORDER]).permute(2, 0, 1))
        numbers = torch.cat([fitted.weights.flatten(), fitted.coefficients])
        return fitted, (numbers.numpy().astype("<i2").tobytes(),)

    def _told(self, sent: bytes) -> LinearPrediction | None:
        """Read back what ``_fitted`` gave.

        Raises:
            Corrupt: if it has another length.
        """
        if self._usual is None or not sent:
            return self._usual
        if len(sent) != PREDICTION_BYTES:
            raise Corrupt(
                f"the prediction's weights have {len(sent)} bytes, not {PREDICTION_BYTES}; "
                "get the file again."
            )
        numbers = torch.from_numpy(np.frombuffer(sent, "<i2").astype(np.int64))
        return LinearPrediction(numbers[:-3].reshape(3, LINEAR_WEIGHTS), numbers[-3:])

    def decode(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """Decode the exact grey levels, divided by 255: (1, 3, H, W).

        Raises:
            Corrupt: if they have another CRC.
        """
        return self.decode_latents(strings, size) / 255

    def decode_latents(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """The ``y_hat`` that ``encode`` reported: the grey levels (1, 3, H, W)."""
        self._check_number(strings)
        string, crc = strings[0], strings[-1]
        check_crc_length(crc)
        walk = PixelWalk(self._network, self._told(b"".join(strings[1:-1])))
        image = np.ascontiguousarray(walk.decode(string, *size)[..., CODED_ORDER])
        check_crc(image, crc)
        return tensor_of(image)

    def bits(self, x: Tensor, resolution: Resolution | None = None) -> tuple[Tensor, ...]:
        """Bits of every symbol of one image (1, 3, H, W), for each latent: of every level, (1, 3, H, W)."""
        image = levels_of(x)
        walk = PixelWalk(self._network, self._fitted(image)[0])
        bits = walk.bits(image[..., CODED_ORDER])[..., CODED_ORDER]
        return (torch.from_numpy(np.ascontiguousarray(bits.transpose(2, 0, 1)))[None],)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that decoding depends on, by name."""
        found = self._network.tensors()
        if self._usual is not None:
            found["linear.weights"] = self._usual.weights.int()
            found["linear.coefficients"] = self._usual.coefficients.int()
        return found

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only compressing depends on: nothing."""
        return {}
