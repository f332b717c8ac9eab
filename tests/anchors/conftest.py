from pathlib import Path

import pytest
from torch import Tensor

from litcodec.anchors import ANCHOR_KEYS, Anchor, open_anchors
from litcodec.data import bundled_photographs, read_image


@pytest.fixture(scope="session")
def photograph() -> Tensor:
    """(3, 128, 128), uint8: houses, water and sky."""
    path = bundled_photographs() / "heldback" / "canal-houses-d60acb20.jpg"
    return read_image(path)[:, 200:328, 300:428]


@pytest.fixture(scope="session", params=ANCHOR_KEYS)
def anchor(request: pytest.FixtureRequest) -> Anchor:
    """Every yardstick that is installed."""
    found, missing = open_anchors([request.param])
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
