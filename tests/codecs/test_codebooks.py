"""Latents quantised with a codebook: exact round trips, rates as estimated, centres that are used."""

import copy
import math
from collections.abc import Callable

import pytest
import torch

from litcodec.codec_files import load_codec, save_codec, unfreeze
from litcodec.codecs import Codec, FactorizedPrior, ScaleHyperprior
from litcodec.entropy import FiniteScalar, SoftToHard
from litcodec.entropy.codebook import REVIVE_EVERY
from litcodec.errors import BitstreamError, FreezeError, ShapeError
from litcodec.frozen import FrozenCodec
from litcodec.latent_models import CodebookModel, ScaledCodebookModel
from litcodec.layers import convolutions_of
from litcodec.objectives import mse

SMALL = {"N": 8, "M": 12}
KINDS: dict[str, Callable[[], Codec]] = {
    "vectors": lambda: FactorizedPrior(**SMALL, codebook=SoftToHard(centres=24, dimensions=3)),
    "vectors given scales": lambda: ScaleHyperprior(**SMALL, codebook=SoftToHard(centres=20, dimensions=2)),
    "finite scalars": lambda: FactorizedPrior(**SMALL, codebook=FiniteScalar(levels=7)),
    "finite scalars given scales": lambda: ScaleHyperprior(**SMALL, codebook=FiniteScalar(levels=5)),
}


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS.keys())
def make(request: pytest.FixtureRequest) -> Callable[[], Codec]:
    return request.param


@pytest.fixture(scope="module")
def codec(make, image_like) -> Codec:
    """Untrained, but all centres are used, and some more than others."""
    torch.manual_seed(0)
    made = make().eval()
    with torch.no_grad():
        y = made.g_a(image_like(128, 128, seed=9))
        convolutions_of(made.g_a)[-1].weight.mul_(2 / y.std())
        for module in made.modules():
            if isinstance(module, SoftToHard):
                module.centres.mul_(2)
            if isinstance(module, (CodebookModel, ScaledCodebookModel)):
                module.histograms.logits.add_(torch.randn(module.histograms.logits.shape))
        if isinstance(made, ScaleHyperprior):
            last = convolutions_of(made.latent_model.h_s)[-1]
            last.weight.mul_(30)
            last.bias.copy_(2 * torch.rand(last.bias.shape))
    return made


@pytest.fixture(scope="module")
def frozen(codec: Codec) -> FrozenCodec:
    return codec.freeze()


@torch.no_grad()
@pytest.mark.parametrize("size", [(1, 1), (17, 33), (70, 130)])
def test_what_is_decoded_is_what_was_encoded_whatever_the_batch(
    codec: Codec, frozen: FrozenCodec, size: tuple[int, int], image_like
):
    x = image_like(*size, batch=2)
    packed = frozen.compress(x)
    coded = frozen.encode(x[1:])
    assert packed[1].strings == coded.strings
    assert torch.equal(frozen.decode_latents(coded.strings, size), coded.y_hat)
    assert torch.equal(frozen.decompress(packed)[1:], frozen.decode(coded.strings, size))
    assert coded.escapes == coded.clipped == 0
    expected = codec(x).x_hat.clamp(0, 1)
    assert (frozen.decompress(packed) - expected).abs().max() < 1 / 255
    if size == (70, 130):
        assert coded.y_hat.unique().numel() >= 5


@torch.no_grad()
def test_written_bytes_are_what_training_estimates(codec: Codec, frozen: FrozenCodec, image_like):
    x = image_like(128, 192)
    written = 8 * sum(len(string) for string in frozen.encode(x).strings)
    of_frozen = sum(float(bits.sum()) for bits in frozen.bits(x))
    estimated = sum(float(-torch.log2(each).sum()) for each in codec(x).likelihoods)
    assert abs(written - of_frozen) <= 0.005 * of_frozen + 64
    assert abs(estimated / of_frozen - 1) < 0.01
    assert [each.shape for each in frozen.bits(x)] == [each.shape for each in codec(x).likelihoods]


def test_a_codec_file_holds_the_centres(frozen: FrozenCodec, codec: Codec, make, image_like, tmp_path):
    save_codec(frozen, tmp_path / "codec.safetensors")
    loaded = load_codec(tmp_path / "codec.safetensors")
    assert loaded.fingerprint == frozen.fingerprint
    strings = frozen.encode(image_like(48, 64)).strings
    assert torch.equal(loaded.decode(strings, (48, 64)), frozen.decode(strings, (48, 64)))
    thawed = make()
    unfreeze(thawed, loaded)
    centres = {name: value for name, value in codec.state_dict().items() if name.endswith("centres")}
    assert len(centres) == 1
    for name, value in centres.items():
        assert torch.equal(thawed.state_dict()[name], value)
    masses = [each.decoder_tensors()["y.tables.masses"] for each in (frozen, thawed.eval().freeze())]
    assert int((masses[0] - masses[1]).abs().max()) <= 2  # of 2^24: of what a file has histograms of, too
    tensors = {**frozen.decoder_tensors(), **frozen.encoder_tensors()}
    with pytest.raises(FreezeError, match="finite centres"):
        codec.restore({**tensors, "codebook.centres": tensors["codebook.centres"] * torch.nan})
    with pytest.raises(FreezeError, match="finite centres"):
        codec.restore({**tensors, "codebook.centres": tensors["codebook.centres"][1:]})


def test_damaged_strings_decode_to_centres_or_are_refused(frozen: FrozenCodec, image_like):
    (packed,) = frozen.compress(image_like(64, 64))
    generator = torch.Generator().manual_seed(0)
    for _ in range(30):
        data = bytearray(packed.strings[0])
        data[int(torch.randint(len(data), (1,), generator=generator))] ^= 1 << int(
            torch.randint(8, (1,), generator=generator)
        )
        try:
            decoded = frozen.decode_latents((bytes(data), *packed.strings[1:]), (64, 64))
        except BitstreamError:
            continue
        assert decoded.isfinite().all()
    for string in (b"", packed.strings[0][:-4]):
        with pytest.raises(BitstreamError):
            frozen.decode((string, *packed.strings[1:]), (64, 64))


def test_training_lowers_the_loss_and_reaches_every_weight(make, image_like):
    torch.manual_seed(0)
    codec, x = make().train(), image_like(64, 64, batch=4)
    optimiser = torch.optim.Adam(codec.parameters(), 3e-3)
    losses, moved = [], set()
    for _ in range(40):
        optimiser.zero_grad()
        loss = mse().loss(codec(x), x, lmbda=0.01).loss
        loss.backward()
        moved |= {name for name, p in codec.named_parameters() if p.grad is not None and p.grad.any()}
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    assert moved == {name for name, _ in codec.named_parameters()}


def test_soft_gradients_are_those_of_soft_assignment():
    torch.manual_seed(0)
    book, y = SoftToHard(centres=5, dimensions=2).train(), torch.randn(1, 4, 2, 3, requires_grad=True)
    book.steps += 1  # no k-means
    found = book(y)
    assert torch.equal(found.shares.detach().sum(dim=-1), torch.ones(1, 2, 2, 3))
    weights = torch.randn(found.y_hat.shape)
    (gradient,) = torch.autograd.grad((found.y_hat * weights).sum(), y)
    vectors = book.vectors(y)
    distances = (vectors[..., None, :] - book.centres.detach()).square().sum(dim=-1)
    soft = torch.softmax(-distances, dim=-1)
    (expected,) = torch.autograd.grad((book.values(soft) * weights).sum(), y)
    assert torch.allclose(gradient, expected, atol=1e-5)


def test_centres_start_at_clusters_and_dead_ones_come_back():
    torch.manual_seed(0)
    means = torch.tensor([[-6.0, 0.0], [6.0, 0.0], [0.0, 8.0]])
    y = (means[torch.randint(3, (4096,))] + 0.1 * torch.randn(4096, 2)).T.reshape(1, 2, 64, 64)
    book = SoftToHard(centres=12, dimensions=2).train()
    book(y)
    assert float(torch.cdist(means, book.centres.detach()).amin(dim=1).max()) < 0.2
    assert float(torch.cdist(book.centres.detach(), means).amin(dim=1).max()) < 0.5
    with torch.no_grad():
        book.centres[0] += 100
        book.usage[0] = 0
    assert book.dead == 1
    for _ in range(60):
        book(y)
    assert float(book.centres[0].detach().abs().max()) < 10
    assert float(book.log_sigma) > 0  # the gap has to fall


@pytest.mark.parametrize("codec", [FactorizedPrior, ScaleHyperprior])
def test_training_goes_on_where_dead_centres_move(codec: type[Codec]):
    torch.manual_seed(0)
    model = codec(**SMALL, codebook=SoftToHard(centres=8, dimensions=2)).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    x = torch.rand(1, 3, 64, 64)
    for _ in range(2 * REVIVE_EVERY + 1):
        optimiser.zero_grad()
        output = model(x)
        loss = (output.x_hat - x).square().mean() - sum(p.log2().mean() for p in output.likelihoods)
        loss.backward()
        optimiser.step()
    assert math.isfinite(loss.item())


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="not a whole number of vectors of 5"):
        FactorizedPrior(**SMALL, codebook=SoftToHard(dimensions=5))
    with pytest.raises(ShapeError, match="not a whole number of vectors"):
        ScaleHyperprior(**SMALL, codebook=SoftToHard(dimensions=5))
    with pytest.raises(ShapeError, match=r"centres are 2\.\."):
        SoftToHard(centres=1)
    with pytest.raises(ShapeError, match="sigma"):
        SoftToHard(sigma=0)
    with pytest.raises(ShapeError, match="odd number"):
        FiniteScalar(levels=4)


def test_codecs_without_a_codebook_are_called_as_before():
    assert "codebook" not in FactorizedPrior(**SMALL).architecture.init_args
    with_one = FactorizedPrior(**SMALL, codebook=FiniteScalar(levels=5)).architecture
    assert with_one.init_args["codebook"] == {
        "class_path": "litcodec.entropy.FiniteScalar",
        "init_args": {"levels": 5},
    }
    assert copy.deepcopy(with_one) == with_one
