"""The codecs in the box: what they promise, at the rates they promise it for."""

import json
from pathlib import Path

import make_packaged_golden as golden
import pytest
import torch
import yaml
from safetensors.torch import load_file

from litcodec.architecture import Architecture
from litcodec.bitstream import unpack
from litcodec.cli import main
from litcodec.codec_files import load_codec
from litcodec.data import read_image, write_png
from litcodec.frozen import FrozenVariableRate, from_stream
from litcodec.frozen.rates import level_of
from litcodec.frozen.rd_cost import cost
from litcodec.metrics import psnr
from litcodec.zoo import Card, default_card, packaged_cards

HERE = Path(__file__).parent


@pytest.fixture(
    scope="module", params=[card for card in packaged_cards() if card.kodak], ids=lambda card: card.name
)
def card(request: pytest.FixtureRequest) -> Card:
    found: Card = request.param
    return found


@pytest.fixture(scope="module")
def codec(card: Card) -> FrozenVariableRate:
    loaded = load_codec(card.file)
    assert isinstance(loaded, FrozenVariableRate)
    return loaded


@pytest.fixture(scope="module")
def encoder(card: Card, codec: FrozenVariableRate) -> FrozenVariableRate:
    """Of those that compress."""
    if card.decoder_only:
        pytest.skip("kept to decode older streams alone")
    return codec


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    x = read_image(golden.heldback()[0])[:, 100:301, 200:467]
    write_png(tmp_path / "photograph.png", x)
    return tmp_path / "photograph.png"


def test_the_file_is_what_its_card_says_and_small(card: Card, codec: FrozenVariableRate) -> None:
    assert codec.fingerprint.hex() == card.fingerprint
    assert codec.decoder_only == card.decoder_only
    assert (codec.rates.lmbda_min, codec.rates.lmbda_max) == card.lmbda
    assert card.file.stat().st_size <= 10e6
    weights = {**codec.decoder_tensors(), **codec.encoder_tensors()}
    assert card.parameters == sum(t.numel() for n, t in weights.items() if ".tables." not in n)
    kept = {t.dtype for n, t in load_file(card.file).items() if n.endswith(".weight")}
    assert kept == {torch.float16, torch.int16}


@pytest.mark.parametrize("quality", golden.QUALITIES)
def test_golden_streams_decode(card: Card, codec: FrozenVariableRate, quality: int) -> None:
    data = (HERE / f"{card.name}_q{quality}.litc").read_bytes()
    expected = load_file(HERE / f"{card.name}_expected.safetensors")
    size = golden.SIZES[quality]
    strings = unpack(data, fingerprint=codec.fingerprint).strings
    assert codec.level_in(strings) == level_of(quality)
    assert torch.equal(codec.decode_latents(strings, size), expected[f"q{quality}.y_hat"])
    pixels = (from_stream(codec, data)[0] * 255).round().int()
    assert (pixels - expected[f"q{quality}.pixels"].int()).abs().max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("path", golden.heldback(), ids=lambda path: path.stem)
def test_photographs_cost_what_they_did(card: Card, encoder: FrozenVariableRate, path: Path) -> None:
    expected = json.loads((HERE / f"{card.name}.json").read_text())[path.name]
    for quality in golden.QUALITIES:
        size, db = golden.score(encoder, path, quality)
        assert size == pytest.approx(expected[str(quality)][0], rel=0.01)
        assert db == pytest.approx(expected[str(quality)][1], abs=0.05)


def test_its_encoder_saves_by_rounding_to_what_costs_least(encoder: FrozenVariableRate) -> None:
    nearest, gains = encoder.with_rdoq(1e12), []
    x = read_image(golden.heldback()[1])[None, :, :256, :384].float() / 255
    for quality in golden.QUALITIES:
        costs = []
        for each in (encoder, nearest):
            assert isinstance(each, FrozenVariableRate)
            at = each.at(level_of(quality))
            coded = at.encode(x)
            costs.append(cost(coded, encoder.decode(coded.strings, (256, 384)), x, at.training))
        gains.append(1 - costs[0] / costs[1])
    assert min(gains) > 0.005
    assert sum(gains) / len(gains) > 0.015


def test_a_photograph_makes_the_round_trip_without_naming_a_codec(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes, qualities = [], []
    for quality in golden.QUALITIES:
        stream, back = tmp_path / "out.litc", tmp_path / "back.png"
        output = ["-o", str(stream), "-f"]
        compress = ["compress", str(photograph), "-q", str(quality), *output, "--json", "--measure"]
        assert main(compress) == 0
        found = json.loads(capsys.readouterr().out)
        assert main(["decompress", str(stream), "-o", str(back), "-f"]) == 0
        capsys.readouterr()
        x, x_hat = read_image(photograph), read_image(back)
        assert x_hat.shape == (3, 201, 267)
        qualities.append(psnr(x, x_hat))
        sizes.append(stream.stat().st_size)
        assert qualities[-1] == pytest.approx(found["psnr_rgb"], abs=0.01)
    assert sizes == sorted(set(sizes))
    assert qualities == sorted(set(qualities))
    assert qualities[0] > 22
    assert qualities[-1] > 32


@pytest.mark.parametrize(("option", "value", "most"), [("--bpp", "0.35", 2347), ("--max-bytes", "4k", 4000)])
def test_a_rate_that_is_asked_for_is_kept_and_nearly_used(
    photograph: Path, option: str, value: str, most: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compress", str(photograph), option, value]) == 0
    found, size = capsys.readouterr().out, photograph.with_suffix(".litc").stat().st_size
    assert 0.95 * most <= size <= most
    assert f"{size:,} bytes" in found
    assert ", quality " in found


@pytest.mark.parametrize("size", [(1, 1), (1, 17), (63, 65)])
def test_images_of_any_size_come_back(encoder: FrozenVariableRate, size: tuple[int, int], image_like) -> None:
    for quality in golden.QUALITIES:
        at = encoder.at(level_of(quality))
        (packed,) = at.compress(image_like(*size))
        assert encoder.decompress([packed]).shape == (1, 3, *size)


def test_a_stream_of_another_codec_says_what_to_do(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compress", str(photograph)]) == 0
    stream = photograph.with_suffix(".litc")
    data = bytearray(stream.read_bytes())
    data[5] ^= 1
    other = tmp_path / "other.litc"
    other.write_bytes(data)
    capsys.readouterr()
    assert main(["decompress", str(other), str(stream), "-o", str(tmp_path / "out")]) == 1
    caught = capsys.readouterr()
    assert "none of the packaged ones" in caught.err
    assert "-c CODEC" in caught.err
    assert (tmp_path / "out" / "photograph.png").is_file()  # the others are done all the same


def test_the_name_of_a_packaged_codec_names_its_file(
    photograph: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compress", str(photograph), "-c", default_card().name, "--json"]) == 0
    assert level_of(json.loads(capsys.readouterr().out)["q"]) == 128


def test_it_is_a_codec_of_the_recipe(card: Card, codec: FrozenVariableRate) -> None:
    recipe = yaml.safe_load((Path(__file__).parents[2] / card.training.config).read_text())
    wanted = recipe["model"]["codec"]["init_args"]
    inner = wanted.pop("inner")
    assert codec.architecture == Architecture("litcodec.codecs.VariableRate", {"inner": inner, **wanted})
