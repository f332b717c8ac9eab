from pathlib import Path

import pytest
from torch import Tensor

from litcodec.baselines import BASELINE_KEYS, Baseline, open_baselines
from litcodec.data import bundled_photographs, read_image


@pytest.fixture(scope="session")
def photograph() -> Tensor:
    """(3, 128, 128), uint8: houses, water and sky."""
    path = bundled_photographs() / "heldback" / "canal-houses-d60acb20.jpg"
    return read_image(path)[:, 200:328, 300:428]


@pytest.fixture(scope="session", params=BASELINE_KEYS)
def baseline(request: pytest.FixtureRequest) -> Baseline:
    """Every baseline that is installed."""
    found, missing = open_baselines([request.param])
    if missing:
        pytest.skip(missing[0])
    return found[0]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on the PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder
