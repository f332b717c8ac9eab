"""Frozen hybrids: bytes, pixels, the choice of the size, files. More of them in the tests of all codecs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_hybrids import reconstruction, tiny_hybrid

from litcodec.bitstream import pack, unpack
from litcodec.codec_files import build_codec, codec_architecture, load_codec, save_codec
from litcodec.codecs import FactorizedPrior, HybridCodec
from litcodec.errors import CodecFileError, CodecMismatch, Corrupt
from litcodec.frozen import FrozenHybrid, TrainingInfo, from_stream, to_stream
from litcodec.metrics import bits_per_place, ms_ssim
from litcodec.objectives import mixed
from litcodec.types import CodecOutput, Compressed

KINDS: dict[str, dict[str, Any]] = {
    "enhancing": {"scale": 1},
    "doubling": {"scale": 2},
    "choosing": {"scale": 2, "native": True},
}
SIZES = [(1, 1), (1, 30), (17, 33), (130, 67)]
Choosing = Callable[[float | None, str | None], FrozenHybrid]


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS.keys())
def codec(request, make_lively, image_like) -> HybridCodec:
    """Do not change it."""
    return make_lively(lambda: tiny_hybrid(**request.param), image_like)


@pytest.fixture(scope="module")
def frozen(codec: HybridCodec) -> FrozenHybrid:
    frozen = codec.freeze()
    frozen.training = TrainingInfo(0.001, "mse")
    return frozen


@pytest.fixture(scope="module")
def choosing(make_lively, image_like) -> Choosing:
    """``choosing(lmbda, distortion)``: a codec that chooses, with these notes."""
    codec = make_lively(lambda: tiny_hybrid(FactorizedPrior, scale=2, native=True), image_like)

    def make(lmbda: float | None, distortion: str | None) -> FrozenHybrid:
        frozen = codec.freeze()
        frozen.training = TrainingInfo(lmbda, distortion)
        return frozen

    return make


@pytest.mark.parametrize(("H", "W"), SIZES)
def test_bytes_decode_to_what_the_encoder_has(frozen: FrozenHybrid, H: int, W: int, image_like):
    x = image_like(H, W)
    stream = to_stream(frozen, x)
    x_hat = from_stream(frozen, stream)
    assert x_hat.shape == x.shape
    assert 0 <= x_hat.min() <= x_hat.max() <= 1
    assert torch.equal(x_hat, reconstruction(frozen, x))
    coded = frozen.encode(x)
    assert torch.equal(frozen.decode_latents(coded.strings, (H, W)), coded.y_hat)


@torch.no_grad()
@pytest.mark.parametrize(("H", "W"), [(17, 33), (64, 130)])
def test_pixels_are_those_of_the_eval_forward(codec: HybridCodec, H: int, W: int, image_like):
    x = image_like(H, W, seed=1)
    frozen = codec.freeze()  # without notes: at half size, if it halves
    y_hat, y = frozen.encode(x).y_hat, codec.latents(x)
    if (y_hat - ((y.y - y.means_hat).round() + y.means_hat)).abs().max() < 0.5:  # no latent on a border
        levels = (
            (v.clamp(0, 1) * 255).round() for v in (codec(x).x_hat, frozen.decompress(frozen.compress(x)))
        )
        assert (next(levels) - next(levels)).abs().max() <= 1


def test_stages_are_before_and_after_the_enhancer(codec: HybridCodec, image_like):
    x = image_like(70, 90)
    frozen = codec.freeze()
    inner, enhanced, resolution = frozen.stages(x)
    assert resolution == ("native" if codec.scale == 1 else "half")
    assert torch.equal(enhanced, frozen.decompress(frozen.compress(x)))
    with torch.no_grad():
        expected = codec(x, "inner").x_hat.clamp(0, 1)
    assert ((inner - expected).abs() > 1 / 255).float().mean() < 0.01  # but where a latent lay on a border
    assert (enhanced - inner).abs().mean() > 0.005


# --- the choice ---


def _both(frozen: FrozenHybrid, x: torch.Tensor) -> dict[str, tuple[int, torch.Tensor]]:
    """At either size, the bytes of the latents' strings and what they decode to."""
    undecided = FrozenHybrid(frozen.architecture, frozen.inner, frozen.enhancer, native=True)
    (half,) = undecided.compress(x)
    native = frozen.inner.encode(x).strings
    flagged = Compressed((*native, b"\x01"), half.size)
    return {
        "half": (sum(map(len, half.strings[:-1])), frozen.decompress([half])),
        "native": (sum(map(len, native)), frozen.decompress([flagged])),
    }


def test_the_size_with_the_lower_rate_and_distortion_is_taken(choosing: Choosing, image_like):
    taken = set()
    for lmbda in (0.0, 1e-4, 1e-3, 3e-3, 1e-2, 1e3):
        frozen = choosing(lmbda, "mse")
        for seed in range(3):
            x = image_like(96, 128, seed=seed)
            costs = {
                resolution: 8 * count / (96 * 128) + lmbda * 255**2 * float((x_hat - x).square().mean())
                for resolution, (count, x_hat) in _both(frozen, x).items()
            }
            strings = frozen.encode(x).strings
            better = min(costs, key=costs.__getitem__)
            assert strings[-1] == (b"\x00" if better == "half" else b"\x01")
            assert frozen.resolution(strings) == frozen.stages(x).resolution == better
            taken.add((lmbda, better))
    assert {(0.0, "half"), (1e3, "native")} <= taken  # by bytes alone, by pixels alone


def test_a_codec_for_ms_ssim_weighs_ms_ssim(choosing: Choosing, image_like):
    x = image_like(170, 176, seed=2)
    both = _both(choosing(0.0, "mse"), x)
    bits = {k: 8 * count / (170 * 176) for k, (count, _) in both.items()}
    distortion = {k: 1 - ms_ssim(x, x_hat) for k, (_, x_hat) in both.items()}
    assert distortion["native"] < distortion["half"]
    even = (bits["native"] - bits["half"]) / (distortion["half"] - distortion["native"])  # both cost the same
    for lmbda, expected in ((0.9 * even, "half"), (1.1 * even, "native")):
        frozen = choosing(lmbda, "ms-ssim")
        assert frozen.resolution(frozen.encode(x).strings) == expected


def test_a_codec_for_both_weighs_both(choosing: Choosing, image_like):
    x = image_like(170, 176, seed=2)
    both = _both(choosing(0.0, "mse"), x)
    rate, distortion = {}, {}
    for resolution, (count, x_hat) in both.items():
        loss = mixed().loss(CodecOutput(x_hat, (torch.ones(1),)), x, lmbda=1.0)
        rate[resolution], distortion[resolution] = 8 * count / (170 * 176), loss.distortion.item()
    even = (rate["native"] - rate["half"]) / (distortion["half"] - distortion["native"])
    assert even > 0
    for lmbda, expected in ((0.9 * even, "half"), (1.1 * even, "native")):
        frozen = choosing(lmbda, "mixed")
        assert frozen.resolution(frozen.encode(x).strings) == expected


@pytest.mark.parametrize("notes", [(None, "mse"), (1e3, None), (1e9, "ms-ssim"), (1e9, "mixed")])
def test_what_cannot_be_weighed_is_coded_at_half_size(notes, choosing: Choosing, image_like):
    frozen = choosing(*notes)
    strings = frozen.encode(image_like(96, 96)).strings  # too small for MS-SSIM
    assert frozen.resolution(strings) == "half"


@pytest.mark.parametrize("resolution", ["half", "native"])
@pytest.mark.parametrize("size", [(1, 1), (65, 40), (130, 20)])
def test_bits_cover_the_image_whichever_size_was_taken(
    resolution, size: tuple[int, int], choosing: Choosing, image_like
):
    frozen, x = choosing(None, None), image_like(*size)
    bits = frozen.bits(x, resolution)
    (string,) = frozen.inner.encode(x).strings if resolution == "native" else frozen.encode(x).strings[:-1]
    assert float(bits[0].sum()) == pytest.approx(8 * len(string), rel=0.01, abs=64)
    per_place = bits_per_place(bits, size, factor=frozen.downsampling_factor)
    assert per_place.shape == size
    assert per_place.min() > 0  # no place of the image lies beyond the latents


@pytest.mark.parametrize("flag", [b"", b"\x02", b"\xff", b"\x00\x00", b"\x01" * 100])
def test_a_flag_that_no_encoder_writes_is_corrupt(flag: bytes, choosing: Choosing, image_like):
    frozen = choosing(0.0, "mse")
    (compressed,) = frozen.compress(image_like(40, 40))
    wrong = compressed._replace(strings=(*compressed.strings[:-1], flag))
    data = pack(wrong, frozen.fingerprint)
    with pytest.raises(Corrupt, match="holds the resolution"):
        from_stream(frozen, data)


def test_a_turned_flag_decodes_to_other_pixels_or_is_corrupt(choosing: Choosing, image_like):
    frozen = choosing(0.0, "mse")
    (compressed,) = frozen.compress(image_like(40, 40))
    turned = compressed._replace(strings=(*compressed.strings[:-1], b"\x01"))
    try:
        x_hat = frozen.decompress([turned])
    except Corrupt:
        return
    assert not torch.equal(x_hat, frozen.decompress([compressed]))


# --- identity and files ---


def test_streams_of_the_inner_codec_and_of_other_hybrids_are_refused(codec: HybridCodec, image_like):
    frozen, inner, x = codec.freeze(), codec.inner.freeze(), image_like(40, 40)
    for writer, reader in ((inner, frozen), (frozen, inner)):
        with pytest.raises(CodecMismatch):
            from_stream(reader, to_stream(writer, x))
    if codec.native:
        alone = HybridCodec(codec.inner, codec.enhancer, scale=2).freeze()
        assert alone.fingerprint != frozen.fingerprint
        with pytest.raises(CodecMismatch, match="2 strings, but a HybridCodec writes 3"):
            frozen.decompress(alone.compress(x))


def test_the_enhancer_is_part_of_the_identity(codec: HybridCodec):
    frozen = codec.freeze()
    with torch.no_grad():
        kept = codec.enhancer.tail.weight.clone()
        codec.enhancer.tail.weight[0, 0, 0, 0] += 1e-3
        changed = codec.freeze().fingerprint
        codec.enhancer.tail.weight.copy_(kept)
    assert changed != frozen.fingerprint == codec.freeze().fingerprint


def test_a_file_holds_all_of_it(frozen: FrozenHybrid, tmp_path: Path, image_like):
    save_codec(frozen, tmp_path / "one")
    loaded = load_codec(tmp_path / "one")
    assert (loaded.architecture, loaded.training) == (frozen.architecture, frozen.training)
    assert (loaded.fingerprint, loaded.downsampling_factor) == (
        frozen.fingerprint,
        frozen.downsampling_factor,
    )
    x = image_like(65, 90)
    data = to_stream(frozen, x)
    assert to_stream(loaded, x) == data
    assert torch.equal(from_stream(loaded, data), from_stream(frozen, data))
    save_codec(loaded, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert unpack(data, fingerprint=frozen.fingerprint).size == (65, 90)


INNER = {"codec": "FactorizedPrior", "init_args": {"N": 8, "M": 12}}
GOOD: dict[str, Any] = {"inner": INNER, "enhancer": {"C": 8}, "scale": 2, "native": True}


def _nested(depth: int) -> dict[str, Any]:
    inner = INNER
    for _ in range(depth):
        inner = {"codec": "HybridCodec", "init_args": {**GOOD, "inner": inner}}
    return inner


@pytest.mark.parametrize(
    "change",
    [
        {"inner": None},
        {"inner": {}},
        {"inner": {**INNER, "more": 1}},
        {"inner": {"codec": "os.system", "init_args": {}}},
        {"inner": {"codec": "GRDN", "init_args": {}}},
        {"inner": {"codec": "FactorizedPrior", "init_args": {"N": 8, "M": 12, "quantiser": "x"}}},
        {"inner": {"codec": "FactorizedPrior", "init_args": {"N": 10**9, "M": 12}}},
        {"inner": _nested(1)},
        {"inner": _nested(200)},
        {"enhancer": None},
        {"enhancer": {"C": 0}},
        {"enhancer": {"C": "8"}},
        {"enhancer": {"C": 8.0}},
        {"enhancer": {"C": True}},
        {"enhancer": {"C": 2**16}},
        {"enhancer": {"C": 8, "scale": 2}},
        {"enhancer": {"layers": 65535, "blocks": 65535, "groups": 65535}},  # would take an age
        {"enhancer": {"groups": 1025, "layers": 1, "blocks": 1}},
        {"scale": 0},
        {"scale": 3},
        {"scale": 1},  # with native
        {"scale": True},
        {"scale": [2]},
        {"native": 1},
        {"native": None},
        {"width": 3},
    ],
    ids=str,
)
def test_a_hostile_architecture_is_refused_at_once(change: dict[str, Any]):
    with (
        torch.device("meta"),
        pytest.raises(CodecFileError, match=r"takes|cannot be built|unknown") as caught,
    ):
        build_codec(codec_architecture("HybridCodec", {**GOOD, **change}))
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_a_friendly_one_is_built():
    with torch.device("meta"):
        codec = build_codec(codec_architecture("HybridCodec", GOOD))
    assert codec.architecture.init_args["enhancer"]["init_args"]["C"] == 8
    assert build_codec(codec.architecture._asdict()).architecture == codec.architecture
