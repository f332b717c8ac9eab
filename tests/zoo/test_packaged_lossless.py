"""The lossless codec in the box: what its card says, a golden stream, every pixel without naming a codec."""

import json
from pathlib import Path

import pytest
import torch
from make_packaged_golden import heldback

from litcodec.baselines import open_baselines
from litcodec.bitstream import read_header
from litcodec.cli import main
from litcodec.codec_files import load_codec
from litcodec.data import read_image, write_png
from litcodec.frozen import FrozenCodec, from_stream, to_stream
from litcodec.zoo import Card, lossless_card, packaged_cards

HERE = Path(__file__).parent


@pytest.fixture(
    scope="module", params=[card for card in packaged_cards() if card.lossless], ids=lambda card: card.name
)
def card(request: pytest.FixtureRequest) -> Card:
    found: Card = request.param
    return found


def test_the_latest_is_the_one_that_is_meant() -> None:
    assert lossless_card().name == "lossless-2"


@pytest.fixture(scope="module")
def codec(card: Card) -> FrozenCodec:
    return load_codec(card.file)


@pytest.fixture(scope="module")
def photograph() -> torch.Tensor:
    return read_image(heldback()[1])[:, 100:300, 200:400]


def test_the_file_is_what_its_card_says_and_small(card: Card, codec: FrozenCodec) -> None:
    assert codec.lossless
    assert codec.fingerprint.hex() == card.fingerprint
    assert card.file.stat().st_size <= 1e6
    assert card.lossless is not None
    better = [
        name for name, bits in card.lossless.baselines.items() if bits < card.lossless.bits_per_sub_pixel
    ]
    assert all("JPEG XL" in name for name in better)


def test_the_golden_stream_decodes(card: Card, codec: FrozenCodec, photograph: torch.Tensor) -> None:
    data = (HERE / f"{card.name}.litc").read_bytes()
    pixels = (from_stream(codec, data)[0] * 255).round().to(torch.uint8)
    assert torch.equal(pixels, photograph)  # and the stream has their CRC
    assert read_header(data).lengths[1] == 492


def test_a_photograph_takes_fewer_bytes_than_classic_formats(
    codec: FrozenCodec, photograph: torch.Tensor
) -> None:
    size = len(to_stream(codec, photograph[None].float() / 255))
    for baseline in open_baselines(["png", "webp-lossless", "jpeg2000-lossless"]).found:
        assert size < 0.98 * len(baseline.compress(photograph, baseline.qualities[-1])), baseline.name


@pytest.mark.parametrize("size", [(1, 1), (1, 17), (40, 33)])
def test_small_images_come_back(codec: FrozenCodec, photograph: torch.Tensor, size: tuple[int, int]) -> None:
    x = photograph[None, :, : size[0], : size[1]].float() / 255
    assert torch.equal((from_stream(codec, to_stream(codec, x)) * 255).round(), (x * 255).round())


def test_no_codec_needs_to_be_named(
    photograph: torch.Tensor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, stream, back = (tmp_path / name for name in ("photograph.png", "out.litc", "back.png"))
    write_png(source, photograph[:, :64, :80])
    assert main(["compress", "--lossless", str(source), "-o", str(stream), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bytes"] == stream.stat().st_size < source.stat().st_size
    assert main(["decompress", str(stream), "-o", str(back)]) == 0
    assert torch.equal(read_image(back), photograph[:, :64, :80])
