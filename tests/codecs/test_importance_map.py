"""The importance map codec: exact 3-D wavefront, rates as estimated, a mask that is obeyed."""

import copy

import numpy as np
import pytest
import torch

from litcodec.codec_files import load_codec, save_codec
from litcodec.codecs import ImportanceMapCodec
from litcodec.coding import choice_weights
from litcodec.errors import BitstreamError, Corrupt, FreezeError, ShapeError
from litcodec.frozen import FrozenCodec
from litcodec.latent_coding import volume
from litcodec.layers import STRICTLY_BEFORE, UP_TO_NOW, VOLUME_SLOPES, ImportanceMask, importance
from litcodec.objectives import mse

TINY = {"N": 8, "K": 5, "groups": 1, "centres": 6, "features": 7}


@pytest.fixture(scope="module")
def codec(image_like) -> ImportanceMapCodec:
    torch.manual_seed(0)
    made = ImportanceMapCodec(**TINY).eval()
    with torch.no_grad():
        for layer in made.latent_model.context:
            layer.pointwise.weight.mul_(2)
            layer.pointwise.bias.copy_(0.3 * torch.randn(layer.pointwise.bias.shape))
        made.g_a[-2].weight.mul_(2 / made.g_a(image_like(64, 64)).std())
        made.g_a[-2].bias[0] = 1.0
    return made


@pytest.fixture(scope="module")
def frozen(codec: ImportanceMapCodec) -> FrozenCodec:
    return codec.freeze()


@torch.no_grad()
@pytest.mark.parametrize("size", [(1, 1), (1, 17), (33, 9), (65, 100)])
def test_what_is_decoded_is_what_was_encoded(
    codec: ImportanceMapCodec, frozen: FrozenCodec, size: tuple[int, int], image_like
):
    x = image_like(*size, batch=2)
    packed = frozen.compress(x)
    coded = frozen.encode(x[:1])
    assert packed[0].strings == coded.strings
    assert torch.equal(frozen.decode_latents(coded.strings, size), coded.y_hat)
    assert (frozen.decompress(packed) - codec(x).x_hat.clamp(0, 1)).abs().max() < 1 / 255
    if size == (65, 100):
        assert coded.y_hat.unique().numel() == TINY["centres"]


@torch.no_grad()
def test_written_bytes_are_what_training_estimates(
    codec: ImportanceMapCodec, frozen: FrozenCodec, image_like
):
    x = image_like(96, 128)
    (bits,), (likelihoods,) = frozen.bits(x), codec(x).likelihoods
    assert bits.shape == likelihoods.shape == (1, 5, 12, 16)
    written = 8 * len(frozen.encode(x).strings[0])
    assert float(bits.sum()) <= written <= float(bits.sum()) + 64
    assert (bits + torch.log2(likelihoods)).abs().max() < 0.05  # place by place, borders included
    assert float(bits.std()) > 0.1


def test_no_value_sees_one_of_its_own_step_or_later():
    for offset in STRICTLY_BEFORE:
        assert sum(a * b for a, b in zip(offset, VOLUME_SLOPES, strict=True)) < 0
    assert set(UP_TO_NOW) - set(STRICTLY_BEFORE) == {(0, 0, 0)}


@pytest.mark.parametrize("at_once", [1, 50, 10**6])
def test_how_many_places_are_coded_at_once_changes_no_byte(
    frozen: FrozenCodec, at_once: int, image_like, monkeypatch: pytest.MonkeyPatch
):
    x = image_like(40, 56)
    strings = frozen.encode(x).strings
    monkeypatch.setattr(volume, "AT_ONCE", at_once)
    assert frozen.encode(x).strings == strings
    assert torch.equal(frozen.bits(x)[0].sum(), frozen.bits(x)[0].sum())


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_no_byte(frozen: FrozenCodec, threads: int, image_like):
    x = image_like(40, 56)
    strings, before = frozen.encode(x).strings, torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert frozen.encode(x).strings == strings
        assert torch.equal(frozen.decode_latents(strings, (40, 56)), frozen.encode(x).y_hat)
    finally:
        torch.set_num_threads(before)


def test_a_codec_file_decodes_its_streams(frozen: FrozenCodec, codec, image_like, tmp_path):
    save_codec(frozen, tmp_path / "codec.safetensors")
    loaded = load_codec(tmp_path / "codec.safetensors")
    assert loaded.fingerprint == frozen.fingerprint
    strings = frozen.encode(image_like(24, 40)).strings
    assert torch.equal(loaded.decode(strings, (24, 40)), frozen.decode(strings, (24, 40)))
    tensors = {**frozen.decoder_tensors(), **frozen.encoder_tensors()}
    with pytest.raises(FreezeError, match="as many values"):
        codec.restore({**tensors, "context.values": tensors["context.values"][1:]})
    with pytest.raises(FreezeError, match=r"context\.2"):
        codec.restore({name: t for name, t in tensors.items() if name != "context.2.0.bias"})


def test_damaged_strings_decode_to_centres_or_are_refused(frozen: FrozenCodec, image_like):
    (packed,) = frozen.compress(image_like(32, 48))
    string, generator = packed.strings[0], np.random.default_rng(0)
    for _ in range(10):
        data = bytearray(string)
        data[int(generator.integers(len(data)))] ^= int(generator.integers(1, 256))
        try:
            assert frozen.decode_latents((bytes(data),), (32, 48)).isfinite().all()
        except BitstreamError:
            continue
    for damaged in (b"", string[:-1], string + bytes(64)):
        with pytest.raises(BitstreamError):
            frozen.decode((damaged,), (32, 48))
    with pytest.raises(Corrupt, match="take at least"):
        frozen.decode((string[:4],), (2**17, 2**17))


def test_weights_of_choices_are_whole_and_fill_the_range():
    logits = np.random.default_rng(0).integers(-(2**24), 2**24, (50, 6)).astype(np.float64)
    logits[:10] = 0
    weights = choice_weights(logits)
    assert (weights >= 0).all()
    assert (weights == weights.round()).all()
    assert (weights.sum(axis=1) == 2**24 - 6).all()
    assert np.ptp(weights[:10]) <= 1
    assert (weights.argmax(axis=1) == logits.argmax(axis=1))[10:].all()


def test_the_mask_keeps_as_many_channels_as_the_map_says(codec: ImportanceMapCodec, image_like):
    features = torch.randn(2, 6, 7, 9) * 2
    masked, wanted = ImportanceMask()(features), importance(features)
    kept = (masked != 0).sum(dim=1, keepdim=True)
    assert torch.equal(kept, wanted.ceil().long())
    x = image_like(40, 60)
    found = codec.importance(x)
    assert found.shape == (1, 1, 5, 8)
    assert 0 <= float(found.min()) < float(found.max()) <= TINY["K"]
    with torch.no_grad():
        y = codec.latents(x).y
        zero = int(codec.latent_model.codebook.centres.abs().argmin())
    beyond = torch.arange(5)[:, None, None] >= found[0]
    assert (y[0][beyond] == zero).all()


def test_training_lowers_the_loss_and_reaches_every_weight(image_like):
    torch.manual_seed(0)
    codec, x = ImportanceMapCodec(**TINY).train(), image_like(64, 64, batch=4)
    before = copy.deepcopy(dict(codec.named_parameters()))
    optimiser = torch.optim.Adam(codec.parameters(), 3e-3)
    losses = []
    for _ in range(40):
        optimiser.zero_grad()
        loss = mse().loss(codec(x), x, lmbda=0.01).loss
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    assert not {name for name, value in codec.named_parameters() if torch.equal(before[name], value)}
    with pytest.raises(ShapeError, match=r"centres are 2\.\.64"):
        ImportanceMapCodec(**{**TINY, "centres": 1})


def test_training_from_the_start_does_not_close_the_map(image_like):
    """A map closed at once, to silence what an untrained g_s makes of y, gets no gradient to open again."""
    torch.manual_seed(0)
    codec = ImportanceMapCodec(N=16, K=8, groups=1, centres=6, features=4)
    x, objective = image_like(64, 64, batch=2), mse()
    optimiser = torch.optim.Adam(codec.parameters(), lr=1e-3)
    losses = []
    for _ in range(60):
        losses.append(objective.loss(codec(x), x, lmbda=0.013).loss)
        optimiser.zero_grad()
        losses[-1].backward()
        torch.nn.utils.clip_grad_norm_(codec.parameters(), 1.0)
        optimiser.step()
    assert float(codec.importance(x).mean()) > 4
    assert losses[-1] < losses[0] / 2
