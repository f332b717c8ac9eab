"""A second synthesis changes what a decoder shows, and nothing that is coded."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

import litcodec
from litcodec.codec_files import (
    check_synthesis_alone_trained,
    codec_bytes,
    load_codec,
    load_with_synthesis,
    save_codec,
    synthesis_beside,
    synthesis_bytes,
    unfreeze,
    with_synthesis_beside,
)
from litcodec.codecs import (
    Codec,
    FactorizedPrior,
    HybridCodec,
    LappedCosine,
    VariableRate,
)
from litcodec.errors import CodecFileError, FreezeError, ShapeError
from litcodec.frozen import FrozenCodec, TrainingInfo, from_stream, to_stream
from litcodec.latent_coding import strips
from litcodec.transforms import GRDN


def fixed_rate() -> LappedCosine:
    """Untrained, yet it decodes to images."""
    torch.manual_seed(0)
    return LappedCosine(
        N=8, groups=(2, 4, 6), features=3, width=6, checkerboards=1, analysis_blocks=1, synthesis_blocks=1
    )


def variable_rate(lmbda_max: float = 0.1, anchors: int = 3) -> VariableRate:
    return VariableRate(fixed_rate(), lmbda_min=0.001, lmbda_max=lmbda_max, anchors=anchors)


@torch.no_grad()
def retrained(codec: Codec, part: str = "g_s") -> Codec:
    """The codec with other weights in one part."""
    generator = torch.Generator().manual_seed(9)
    for name, parameter in codec.named_parameters():
        if part in name.split("."):
            parameter.mul_(1 + 0.2 * torch.randn(parameter.shape, generator=generator))
    return codec


@pytest.fixture(params=[fixed_rate, variable_rate])
def codec_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A codec file, and a second synthesis beside it."""
    path = tmp_path / "mine.safetensors"
    base = request.param().freeze()
    save_codec(base, path)
    synthesis_beside(path).write_bytes(synthesis_bytes(base, retrained(request.param()).freeze()))
    return path


def image_at(codec_file: Path, realism: float, data: bytes) -> Tensor:
    return from_stream(load_with_synthesis(codec_file, realism), data)


def test_streams_are_the_same_bytes_at_every_realism(codec_file: Path, image_like) -> None:
    x = image_like(50, 70)
    base = load_codec(codec_file)
    for realism in (0.0, 0.3, 1.0):
        codec = load_with_synthesis(codec_file, realism)
        assert to_stream(codec, x) == to_stream(base, x)
        assert codec_bytes(codec) == codec_file.read_bytes()  # nor does its file change
    assert codec.fingerprint == base.fingerprint
    assert codec.decoder == f"{base.fingerprint.hex()}+{codec.second_fingerprint.hex()}"
    assert codec.at_realism(0).decoder == base.decoder == base.fingerprint.hex()


def test_images_go_linearly_from_the_first_synthesis_to_the_second(codec_file: Path, image_like) -> None:
    data = to_stream(load_codec(codec_file), image_like(50, 70))
    least, most = image_at(codec_file, 0, data), image_at(codec_file, 1, data)
    assert torch.equal(least, from_stream(load_codec(codec_file), data))
    assert (most - least).abs().mean() > 0.01
    inside = (least > 0) & (least < 1) & (most > 0) & (most < 1)  # else clamped
    assert inside.float().mean() > 0.5
    for realism in (0.25, 0.7):
        expected = (1 - realism) * least + realism * most
        difference = (image_at(codec_file, realism, data) - expected)[inside]
        assert difference.abs().max() < 1e-5


def test_a_variable_rate_codec_keeps_its_realism_at_every_quality(tmp_path: Path, image_like) -> None:
    base = variable_rate().freeze()
    second = retrained(variable_rate()).freeze()
    codec = base.with_second_synthesis(second.synthesis_tensors()).at_realism(1).with_rdoq(18)
    for quality in (1, 80):
        data = to_stream(base.with_rdoq(18).at_quality(quality), image_like(40, 40))
        assert to_stream(codec.at_quality(quality), image_like(40, 40)) == data
        expected = second.decompress(base.at_quality(quality).with_rdoq(18).compress(image_like(40, 40)))
        assert torch.equal(from_stream(codec.at_quality(quality), data), expected)


def test_an_encoder_that_weighs_its_streams_ignores_realism(image_like) -> None:
    base, x = fixed_rate().freeze(), image_like(40, 40)
    base.training = TrainingInfo(10.0, "mse")
    refining = base.with_refiner(lambda x, y, z_hat, training: torch.zeros_like(y))
    # To a synthesis that shows nothing, empty latents are as good as any, and shorter.
    nothing = {name: torch.zeros_like(weight) for name, weight in base.synthesis_tensors().items()}
    blank = refining.with_second_synthesis(nothing).at_realism(1)
    assert to_stream(blank, x) == to_stream(refining, x) == to_stream(base, x)


def test_a_large_image_is_blended_strip_by_strip(image_like, monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded() -> Tensor:
        base = fixed_rate().freeze()
        codec = base.with_second_synthesis(retrained(fixed_rate()).freeze().synthesis_tensors())
        return from_stream(codec.at_realism(0.5), to_stream(base, image_like(400, 64)))

    whole = decoded()
    monkeypatch.setattr(strips, "STRIP_PIXELS", 64 * 64)
    assert (decoded() - whole).abs().max() < 1e-5


@pytest.mark.parametrize("realism", [-0.1, 1.1, float("nan")])
def test_realism_is_0_to_1(codec_file: Path, realism: float) -> None:
    with pytest.raises(ShapeError, match=r"realism is 0 .* to 1 .*; got"):
        load_with_synthesis(codec_file, realism)


def test_a_codec_without_one_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    save_codec(fixed_rate().freeze(), path)
    assert load_with_synthesis(path, 0).realism == 0
    with pytest.raises(CodecFileError, match=r"mine-realism\.safetensors.*Leave realism out, or train one"):
        load_with_synthesis(path, 0.5)
    with pytest.raises(FreezeError, match="has one synthesis alone"):
        load_codec(path).at_realism(0.5)
    hybrid = HybridCodec(FactorizedPrior(N=4, M=6), GRDN(C=4, blocks=1, layers=1)).freeze()
    for use in (hybrid.synthesis_tensors, lambda: hybrid.with_second_synthesis({})):
        with pytest.raises(FreezeError, match="a HybridCodec has no synthesis that another could"):
            use()


def test_a_loaded_codec_finds_it(codec_file: Path, image_like) -> None:
    codec = litcodec.load(codec_file)
    data = codec.compress(image_like(50, 70))
    for realism in (0.5, 1.0, 0.0):
        found = codec.decompress(data, as_="tensor", realism=realism)
        assert torch.equal(found, image_at(codec_file, realism, data)[0])
    assert codec.compress(image_like(50, 70)) == data
    with pytest.raises(FreezeError, match="has one synthesis alone"):
        litcodec.loaded.LoadedCodec(load_codec(codec_file)).decompress(data, realism=0.5)


def test_its_file_holds_the_synthesis_alone_and_its_codecs_fingerprint(codec_file: Path) -> None:
    base, path = load_codec(codec_file), synthesis_beside(codec_file)
    assert load_file(path).keys() == base.synthesis_tensors().keys()
    assert _about(path)["decodes"] == base.fingerprint.hex()
    needed = sum(4 * tensor.numel() for tensor in base.synthesis_tensors().values())
    assert path.stat().st_size < needed + 4000


def test_a_synthesis_of_another_codec_is_refused(codec_file: Path) -> None:
    base = retrained(variable_rate(), "h_s").freeze()
    with pytest.raises(CodecFileError, match=r"decodes streams of codec .*, which is [0-9a-f]{16}\. Put"):
        with_synthesis_beside(base, codec_file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "litcodec-codec"}, "not a second synthesis that this litcodec reads"),
        ({"version": 2}, "not a second synthesis that this litcodec reads"),
        ({"version": [1]}, "not a second synthesis that this litcodec reads"),
        ({"decodes": None}, "decodes streams of codec None"),
        ({"decodes": ["x" * 10**6]}, "decodes streams of codec"),
        ({"fingerprint": "0" * 16}, "damaged: its content does not match its fingerprint"),
        ({"fingerprint": 7}, "damaged: its content does not match its fingerprint"),
        (None, "not a second synthesis that this litcodec reads"),
    ],
)
def test_what_a_damaged_file_says_of_itself_is_refused_in_one_line(
    codec_file: Path, change: dict[str, Any] | None, message: str
) -> None:
    path = synthesis_beside(codec_file)
    _write(path, load_file(path), None if change is None else {**_about(path), **change})
    _refused(codec_file, message)


@pytest.mark.parametrize("change", ["missing", "unknown", "shape", "type", "nan", "value"])
def test_damaged_weights_are_refused_in_one_line(codec_file: Path, change: str) -> None:
    path = synthesis_beside(codec_file)
    tensors, about = load_file(path), _about(path)
    name = next(name for name, tensor in tensors.items() if tensor.dim() == 4)
    weight = tensors.pop(name)
    changed = {
        "missing": {},
        "unknown": {name: weight, "g_s.other": weight.clone()},
        "shape": {name: weight[:1]},
        "type": {name: weight.double()},
        "nan": {name: weight * torch.nan},
        "value": {name: weight * 1.5},
    }[change]
    _write(path, {**tensors, **changed}, about)
    _refused(codec_file, "is damaged")


def test_a_truncated_file_is_refused_in_one_line(codec_file: Path) -> None:
    path = synthesis_beside(codec_file)
    data = path.read_bytes()
    for length in (0, 7, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        _refused(codec_file, "is not a readable codec file")


def started_from(frozen: FrozenCodec, make: Callable[[], Codec] = variable_rate) -> Codec:
    """What a run trains that starts from a codec file."""
    codec = make()
    unfreeze(codec, frozen)
    return codec


def test_a_checkpoint_that_changed_the_synthesis_alone_passes() -> None:
    for make in (fixed_rate, variable_rate):
        base = make().freeze()
        check_synthesis_alone_trained(retrained(started_from(base, make)), base)
    narrower = variable_rate(lmbda_max=0.01, anchors=2)
    narrower.start_from(started_from(base), 0.0)
    check_synthesis_alone_trained(retrained(narrower), base)


@torch.no_grad()
def test_what_averaging_rounds_is_no_change() -> None:
    base = variable_rate().freeze()
    for factor, passes in ((1 + 1e-6, True), (1 + 1e-4, False)):
        codec = started_from(base)
        for parameter in codec.parameters():
            parameter.mul_(factor)
        with nullcontext() if passes else pytest.raises(CodecFileError, match="has another"):
            check_synthesis_alone_trained(codec, base)


@pytest.mark.parametrize("part", ["g_a", "h_a", "h_s", "gains"])
def test_a_checkpoint_that_changed_another_part_is_refused_by_its_name(part: str) -> None:
    base = variable_rate().freeze()
    with pytest.raises(CodecFileError, match=rf"has another (inner\.)?{part}\..* Train g_s alone"):
        check_synthesis_alone_trained(retrained(started_from(base), part), base)


def test_a_checkpoint_of_another_codec_is_refused() -> None:
    base = variable_rate().freeze()
    alone = started_from(base).at_lmbda(0.01)  # its gains are those of one rate
    assert alone is not None
    for other in (alone, variable_rate(lmbda_max=0.2), FactorizedPrior(N=8, M=12)):
        with pytest.raises(CodecFileError, match=r"holds a \w+ whose synthesis does not decode streams"):
            check_synthesis_alone_trained(other, base)


def _refused(codec_file: Path, message: str) -> None:
    codec: FrozenCodec = load_codec(codec_file)
    with pytest.raises(CodecFileError, match=message) as caught:
        with_synthesis_beside(codec, codec_file)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1100
    assert str(synthesis_beside(codec_file)) in str(caught.value)


def _about(path: Path) -> dict[str, Any]:
    with safe_open(path, "pt") as file:
        about: dict[str, Any] = json.loads(file.metadata()["litcodec"])
    return about


def _write(path: Path, tensors: dict[str, Tensor], about: dict[str, Any] | None) -> None:
    metadata = {} if about is None else {"litcodec": json.dumps(about)}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata=metadata)
