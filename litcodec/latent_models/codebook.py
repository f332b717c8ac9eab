"""Models of a latent that is quantised with a codebook: the probability of each centre."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from litcodec.coding import IntegerTables, build_tables
from litcodec.entropy import Codebook, Quantiser, log_pmf
from litcodec.entropy.codebook import Assigned
from litcodec.entropy.gaussian import SCALE_LEVELS, SCALE_MAX, SCALE_MIN
from litcodec.entropy.tables import ESCAPE_MASS
from litcodec.errors import FreezeError, ShapeError
from litcodec.latent_coding import CodebookCoder, ScaledCodebookCoder
from litcodec.latent_models.base import CodedGiven, CodedLatents, ConditionalModel, LatentModel, Latents
from litcodec.ops import lower_bound


class Histograms(nn.Module):
    """How often each of L centres is used, learned: ``softmax(logits)``, (rows, L)."""

    def __init__(self, rows: int, centres: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(rows, centres))

    def fit(self, tables: IntegerTables) -> None:
        """Take over the shares that ``tables`` were made of."""
        with torch.no_grad():
            self.logits.copy_(log_pmf(tables, 0, self.logits.shape[1] - 1))


class CodebookModel(LatentModel):
    """A histogram of the centres for each vector of a place.

    Args:
        channels: M of y.
        codebook: its vectors.

    Raises:
        ShapeError: if M channels are not a whole number of vectors.
    """

    stride = 1

    def __init__(self, channels: int, codebook: Codebook) -> None:
        super().__init__()
        self.channels, self.codebook = channels, codebook
        self.histograms = Histograms(_vectors(channels, codebook), len(codebook.centres))

    def forward(self, y: Tensor) -> CodedLatents:
        """Quantise ``y`` (B, M, h, w) and score it; there is one likelihood for each vector, (B, V, h, w)."""
        assigned = self.codebook(y)
        log_shares = torch.log_softmax(self.histograms.logits, dim=-1)[:, None, None]
        return CodedLatents(assigned.y_hat, (_likelihoods(assigned, log_shares),))

    def latents(self, y: Tensor) -> Latents:
        """``y`` (B, M, h, w), as in eval mode, with what is predicted for it: the numbers of the centres."""
        return Latents(self.codebook.nearest(y).float(), centre=y.new_zeros(()))

    def freeze(self) -> CodebookCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        return CodebookCoder(self.codebook, _tables(self.histograms.logits))

    def restore(self, tensors: Mapping[str, Tensor]) -> CodebookCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        return CodebookCoder.from_tensors(tensors, self.codebook, vectors=len(self.histograms.logits))

    def fit_tables(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the histograms from the tables of y."""
        self.histograms.fit(self.restore(tensors).tables)


class ScaledCodebookModel(ConditionalModel):
    """A histogram of the centres for each of 64 scales; h_s says which, the mean over a vector's channels.

    Args:
        channels: M of y.
        codebook: its vectors.

    Raises:
        ShapeError: if M channels are not a whole number of vectors.
    """

    def __init__(self, channels: int, codebook: Codebook) -> None:
        super().__init__()
        _vectors(channels, codebook)
        self.codebook = codebook
        self.histograms = Histograms(SCALE_LEVELS, len(codebook.centres))

    def forward(self, y: Tensor, hyper_params: Tensor, quantiser: Quantiser) -> CodedGiven:
        """Quantise ``y`` and score it by the histogram of its scale; in training between the nearest two."""
        assigned = self.codebook(y)
        B, M, h, w = hyper_params.shape
        scales = lower_bound(
            hyper_params.reshape(B, -1, self.codebook.dimensions, h, w).mean(dim=2), SCALE_MIN
        )
        step = math.log(SCALE_MAX / SCALE_MIN) / (SCALE_LEVELS - 1)
        at = ((scales / SCALE_MIN).log() / step).clamp(max=SCALE_LEVELS - 1)  # (B, V, h, w)
        if not self.training:
            at = at.round()
        lower = at.detach().floor().clamp(max=SCALE_LEVELS - 2).long()
        share = (at - lower)[..., None]
        rows = self.histograms.logits
        logits = (1 - share) * rows[lower] + share * rows[lower + 1]
        return CodedGiven(assigned.y_hat, _likelihoods(assigned, torch.log_softmax(logits, dim=-1)))

    def latents(self, y: Tensor, hyper_params: Tensor) -> Latents:
        """``y`` (B, M, h, w), as in eval mode, with what is predicted for it: the numbers of the centres."""
        return Latents(self.codebook.nearest(y).float(), centre=y.new_zeros(()))

    def freeze(self) -> ScaledCodebookCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        return ScaledCodebookCoder(self.codebook, _tables(self.histograms.logits))

    def restore(self, tensors: Mapping[str, Tensor]) -> ScaledCodebookCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        return ScaledCodebookCoder.from_tensors(tensors, self.codebook)

    def fit_tables(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the histograms from the tables of y."""
        self.histograms.fit(self.restore(tensors).tables)


def _vectors(channels: int, codebook: Codebook) -> int:
    if channels % codebook.dimensions:
        raise ShapeError(f"{channels} channels are not a whole number of vectors of {codebook.dimensions}.")
    return channels // codebook.dimensions


def _likelihoods(assigned: Assigned, log_shares: Tensor) -> Tensor:
    """Of each vector, (B, V, h, w), given the logarithms of histograms (..., L)."""
    likelihoods: Tensor = (assigned.shares * log_shares).sum(dim=-1).exp()
    return likelihoods


def _tables(logits: Tensor) -> IntegerTables:
    if not bool(logits.isfinite().all()):
        raise FreezeError("a histogram of the codebook is not finite; the codec has diverged.")
    shares = torch.softmax(logits.detach().cpu().double(), dim=-1).numpy()
    return build_tables(list(shares), [ESCAPE_MASS] * len(shares), [0] * len(shares))
