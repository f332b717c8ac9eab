"""The codec of a lapped transform and channel groups. What holds for every codec: as one of KINDS."""

import pytest
import torch

from litcodec.codec_files import build_codec
from litcodec.codecs import LappedCosine
from litcodec.data import bundled_photographs, list_images, read_image
from litcodec.errors import FreezeError, ShapeError
from litcodec.frozen import FrozenCodec
from litcodec.latent_models import ChannelGroupModel
from litcodec.objectives import mse

TINY = {"N": 8, "groups": (3, 5, 8), "features": 4, "width": 8, "analysis_blocks": 1, "synthesis_blocks": 1}


@pytest.fixture(scope="module")
def photograph() -> torch.Tensor:
    x = read_image(list_images(bundled_photographs() / "heldback")[0])
    return x[None, :, 128:384, 128:384].float() / 255


def _lively(checkerboards: int) -> LappedCosine:
    torch.manual_seed(0)
    codec = LappedCosine(**TINY, checkerboards=checkerboards).eval()
    with torch.no_grad():
        for net in codec.latent_model.y_model.sequentials():
            net[-1].weight.mul_(30)
    return codec


@torch.no_grad()
@pytest.mark.parametrize("checkerboards", [0, 2, 3])
def test_its_estimate_is_what_its_bytes_cost(checkerboards: int, photograph: torch.Tensor) -> None:
    codec = _lively(checkerboards)
    loss = mse().loss(codec(photograph), photograph, lmbda=0.0122)
    coded = codec.freeze().encode(photograph)
    bits = float(loss.rate) * photograph[0, 0].numel()
    assert 8 * sum(map(len, coded.strings)) == pytest.approx(bits, rel=0.02, abs=8 * 40 + 30 * coded.escapes)


@torch.no_grad()
@pytest.mark.parametrize("checkerboards", [0, 2, 3])
def test_decoding_is_exact_on_any_number_of_threads(checkerboards: int, photograph, threads) -> None:
    frozen = _lively(checkerboards).freeze()
    threads(1)
    coded = frozen.encode(photograph)
    threads(2)
    assert frozen.encode(photograph).strings == coded.strings
    assert torch.equal(frozen.decode_latents(coded.strings, (256, 256)), coded.y_hat)


@torch.no_grad()
def test_the_context_of_groups_and_anchors_is_used(photograph: torch.Tensor) -> None:
    """A changed y moves means of later groups about it, of its own group at direct neighbours alone."""
    codec = _lively(2)
    model, y = codec.latent_model.y_model, codec.latents(photograph).y
    hyper = codec.latent_model.h_s(codec.latent_model.h_a(y).round())
    other = y.clone()
    other[0, 3, 8, 8] += 3  # group 1, an anchor
    moved = (model.latents(y, hyper).means_hat - model.latents(other, hyper).means_hat)[0].abs() > 1e-6
    assert not moved[:3].any()  # the group before
    of_own = moved[3:8].any(dim=0)
    assert of_own[8, 7]
    assert of_own[7, 8]
    assert not of_own[8, 8]
    assert not of_own[7, 7]
    assert moved[8:].any(dim=0)[7:10, 7:10].all()
    assert int(moved[8:].any(dim=0).sum()) >= 9


def test_names_and_shapes_of_its_weights() -> None:
    shapes = {name: tuple(p.shape) for name, p in LappedCosine().state_dict().items()}
    assert shapes["nets.0.0.weight"] == (96, 32 + 3, 3, 3)
    assert shapes["nets.4.0.weight"] == (96, 32 + 45 + 36, 3, 3)
    assert shapes["nets.5.0.weight"] == (96, 32 + 81, 3, 3)
    assert shapes["nets.7.4.weight"] == (2 * 89, 96, 1, 1)
    assert shapes["h_s.4.weight"] == (2 * 320 + 32, 160, 1, 1)
    assert shapes["g_a.1.weight"] == (192, 3, 8, 8)
    assert shapes["g_s.7.weight"] == (192, 3, 8, 8)
    assert sum(p.numel() for p in LappedCosine().parameters()) < 4_800_000


def test_where_training_starts_is_no_matter_of_its_file() -> None:
    arguments = {**TINY, "checkerboards": 2}
    codec = LappedCosine(**arguments, lmbda=0.05)
    assert codec.architecture == LappedCosine(**arguments).architecture
    with torch.device("meta"):
        built = build_codec(codec.architecture._asdict())
    assert {n: p.shape for n, p in built.named_parameters()} == {
        n: p.shape for n, p in codec.named_parameters()
    }


@torch.no_grad()
def test_its_weights_are_restored_from_its_tensors(photograph: torch.Tensor) -> None:
    codec = _lively(2)
    frozen = codec.freeze()
    tensors = {**frozen.decoder_tensors(), **frozen.encoder_tensors()}
    restored: FrozenCodec = codec.restore(tensors)
    assert restored.encode(photograph).strings == frozen.encode(photograph).strings
    with pytest.raises(FreezeError, match=r"nets\.1"):
        codec.restore({name: t for name, t in tensors.items() if not name.startswith("nets.1.")})


@pytest.mark.parametrize("arguments", [{"groups": ()}, {"groups": (700, 69)}, {"lmbda": 0.0}])
def test_groups_that_hold_no_basis_functions_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ShapeError, match="groups hold 1 to 768 channels"):
        LappedCosine(**{**TINY, **arguments})


def test_more_checkerboards_than_groups_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"got \[3, 5\] and 3"):
        ChannelGroupModel((3, 5), features=2, width=4, checkerboards=3)
