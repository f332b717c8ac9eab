"""ELIC. What holds for every codec: as one of KINDS."""

import pytest
import torch

from litcodec.codecs import Elic
from litcodec.errors import FreezeError, ShapeError

TINY = {"N": 4, "M": 9, "groups": (2, 3), "context": (6, 5)}


@pytest.fixture(scope="module")
def tiny() -> Elic:
    torch.manual_seed(0)
    codec = Elic(**TINY).eval()
    with torch.no_grad():
        for net in codec.latent_model.y_model.aggregation:
            net[-1].bias.copy_(torch.randn(net[-1].bias.shape) + 2)
    return codec


@torch.no_grad()
def test_what_a_changed_y_moves(tiny: Elic, image_like) -> None:
    """Its own group where the 5x5 context sees it, of the other colour; every later group 6 places around."""
    model, y = tiny.latent_model.y_model, tiny.latents(image_like(320, 320)).y
    hyper = tiny.latent_model.h_s(tiny.latent_model.h_a(y).round())
    moved = {}
    for row, column in ((10, 10), (10, 11)):
        other = y.round()
        other[0, 3, row, column] += 3  # group 1
        of_y, of_other = (model._gaussians(hyper, each)[1] for each in (y.round(), other))
        moved[row, column] = (of_y - of_other)[0].abs() > 1e-6
        assert not moved[row, column][:2].any()
        later = moved[row, column][5:].any(dim=0).nonzero()
        assert later.min() >= min(row, column) - 6
        assert later.max() <= max(row, column) + 6
        assert moved[row, column][5:].any(dim=0)[row, column]
    rows, columns = torch.meshgrid(torch.arange(20) - 10, torch.arange(20) - 10, indexing="ij")
    seen = ((rows + columns) % 2 == 1) & (rows.abs() <= 2) & (columns.abs() <= 2)
    assert torch.equal(moved[10, 10][2:5].any(dim=0), seen)
    assert not moved[10, 11][2:5].any()  # no anchor: nobody of its group sees it


@torch.no_grad()
@pytest.mark.parametrize("pixels", [2**10, 2**13, 2**30])
def test_no_bit_depends_on_the_height_of_strips(
    pixels: int, tiny: Elic, image_like, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = image_like(400, 48)
    whole = tiny.freeze().latent_coder.encode(tiny.latents(x).y)
    monkeypatch.setattr("litcodec.latent_coding.strips.STRIP_PIXELS", pixels)
    monkeypatch.setattr("litcodec.latent_coding.aggregated_groups.AT_ONCE", 7)
    coder = tiny.freeze().latent_coder
    assert coder.encode(tiny.latents(x).y).strings == whole.strings
    assert torch.equal(coder.decode(whole.strings, *whole.y_hat.shape[2:]), whole.y_hat)


@torch.no_grad()
def test_a_network_that_is_missing_is_named(tiny: Elic) -> None:
    frozen = tiny.freeze()
    tensors = {**frozen.decoder_tensors(), **frozen.encoder_tensors()}
    for lost in ("channel.1", "spatial.0", "aggregation.2"):
        with pytest.raises(FreezeError, match=lost.replace(".", r"\.")):
            tiny.restore({name: t for name, t in tensors.items() if not name.startswith(f"{lost}.")})


def test_names_shapes_and_parameters_of_the_papers_size() -> None:
    with torch.device("meta"):
        codec = Elic()
    shapes = {name: tuple(p.shape) for name, p in codec.state_dict().items()}
    assert shapes["channel.1.0.weight"] == (224, 16, 5, 5)
    assert shapes["channel.4.2.weight"] == (128, 224, 5, 5)
    assert shapes["spatial.4.weight"] == (384, 192, 5, 5)
    assert shapes["aggregation.0.0.weight"] == (640, 640 + 32, 1, 1)
    assert shapes["aggregation.4.0.weight"] == (640, 640 + 4 * 192, 1, 1)
    assert shapes["aggregation.4.4.weight"] == (384, 512, 1, 1)
    assert shapes["g_a.13.weight"] == (320, 192, 5, 5)
    assert sum(p.numel() for p in codec.parameters()) == 34_150_595


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"M": 5}, "leave none of M=5"),
        ({"groups": (0, 3)}, r"got \[0, 3, 6\]"),
        ({"context": (6,)}, r"two inner widths; got \[6\]"),
    ],
)
def test_arguments_that_make_no_groups_are_refused(arguments: dict[str, object], reason: str) -> None:
    with pytest.raises(ShapeError, match=reason):
        Elic(**{**TINY, **arguments})
