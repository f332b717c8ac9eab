"""CompressAI's checkpoints as its own package wrote them, by ``tests/golden/make_compressai_vectors.py``."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

GOLDEN = Path(__file__).parents[1] / "golden" / "compressai"


@pytest.fixture
def golden() -> Path:
    """The folder of the stored checkpoints."""
    return GOLDEN


@pytest.fixture
def state() -> dict[str, Tensor]:
    """The state dict of the stored mbt2018-mean, N=8, M=12."""
    return dict(torch.load(GOLDEN / "mbt2018-mean.pth.tar", weights_only=True)["state_dict"])
