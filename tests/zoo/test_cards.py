"""Cards of packaged codecs: found by name and fingerprint, shown without waiting for torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from litcodec.cli import main
from litcodec.commands import codecs
from litcodec.errors import CodecFileError, CodecMismatch
from litcodec.zoo import Lossless, codec_path, default_card, lossless_card, packaged_cards, packaged_codec

CARD = {
    "fingerprint": "00" * 8,
    "codec": "LearnedCosine",
    "parameters": 5_000_000,
    "lmbda": [0.001, 0.15],
    "kodak": {
        "bpp": [0.1, 1.5],
        "psnr_rgb": [25.0, 38.0],
        "bd_rate_psnr": {"JPEG": -30.0},
        "bd_rate_ms_ssim": {"JPEG": -40.0},
    },
    "training": {
        "config": "configs/zoo/small.yaml",
        "steps": 10,
        "core_hours": 1.0,
        "device": "a processor",
        "photographs": 3,
        "licences": ["CC0"],
    },
    "default": False,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two codecs, the newer one the default, and one that is gone."""
    cards = {"cosine-1": CARD, "cosine-2": {**CARD, "fingerprint": "11" * 8, "default": True}}
    for name, card in cards.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(card))
    gone = {"fingerprint": "22" * 8, "name": "cosine-0", "last_version": "0.9"}
    (tmp_path / "retired.json").write_text(json.dumps([gone]))
    return tmp_path


def test_the_default_comes_first(folder: Path) -> None:
    assert [card.name for card in packaged_cards(folder)] == ["cosine-2", "cosine-1"]
    assert default_card(folder).file == folder / "cosine-2.safetensors"
    kodak = default_card(folder).kodak
    assert kodak is not None
    assert kodak.bpp == (0.1, 1.5)
    assert default_card(folder).training.licences == ("CC0",)


def test_where_none_is_installed_the_next_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(CodecFileError, match="no packaged codec is installed; give a codec file with -c"):
        default_card(tmp_path)


def test_a_stream_finds_its_codec_by_the_fingerprint(folder: Path) -> None:
    assert packaged_codec(bytes(8), folder) == folder / "cosine-1.safetensors"
    assert packaged_codec(b"\x11" * 8, folder) == folder / "cosine-2.safetensors"
    with pytest.raises(
        CodecMismatch, match=r"codec cosine-0, which litcodec has up to version 0\.9; use litcodec 0\.9"
    ):
        packaged_codec(b"\x22" * 8, folder)
    with pytest.raises(
        CodecMismatch, match=r"codec 3333333333333333, which is none of the packaged .*-c CODEC"
    ):
        packaged_codec(b"\x33" * 8, folder)


def test_a_name_means_a_packaged_codec_unless_it_is_a_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert codec_path(Path("cosine-1"), folder) == folder / "cosine-1.safetensors"
    assert codec_path(Path("other"), folder) == Path("other")
    monkeypatch.chdir(tmp_path)
    Path("cosine-1").touch()
    assert codec_path(Path("cosine-1"), folder) == Path("cosine-1")


def test_one_codec_is_the_default() -> None:
    assert [card.default for card in packaged_cards()].count(True) == 1
    names = [card.name for card in packaged_cards()]
    assert len(set(names)) == len(names) >= 1
    for card in packaged_cards():
        if card.kodak is not None:
            assert {"JPEG", "JPEG 2000"} <= card.kodak.bd_rate_psnr.keys() & card.kodak.bd_rate_ms_ssim.keys()


def test_a_lossless_codec_has_a_card_of_its_own_kind(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CodecFileError, match="no lossless codec is packaged"):
        lossless_card(folder)
    measured = {"bits_per_sub_pixel": 2.9, "baselines": {"PNG": 4.35}, "encode_s": 1.5, "decode_s": 2.5}
    card = {key: value for key, value in CARD.items() if key not in ("lmbda", "kodak")}
    (folder / "lossless-1.json").write_text(json.dumps({**card, "lossless": measured}))
    (folder / "lossless-1.safetensors").touch()
    found = lossless_card(folder)
    assert found.name == "lossless-1"
    assert found.lossless == Lossless(2.9, {"PNG": 4.35}, 1.5, 2.5)
    assert default_card(folder).name == "cosine-2"
    monkeypatch.setattr(codecs, "packaged_cards", lambda: [found])
    assert main(["codecs"]) == 0
    told = capsys.readouterr().out
    assert "2.900 bits per sub-pixel; 4.350 of PNG" in told
    assert "lmbda" not in told
    assert main(["codecs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lossless"] == measured
    (folder / "lossless-1.json").write_text(json.dumps(card))
    with pytest.raises(CodecFileError, match="lmbda and kodak, or else the key lossless"):
        packaged_cards(folder)


def test_the_command_tells_all_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    card = default_card()
    assert card.kodak is not None
    assert main(["codecs"]) == 0
    told = capsys.readouterr().out
    for word in (
        card.name,
        card.codec,
        card.fingerprint,
        str(card.file),
        f"{card.training.steps:,} steps",
        *card.training.licences,
        *(f"{rate:+.1f} % against {name}" for name, rate in card.kodak.bd_rate_psnr.items()),
    ):
        assert word in told
    assert main(["codecs", "--json"]) == 0
    (first, *_) = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["fingerprint"] == card.fingerprint
    assert Path(first["file"]) == card.file
    assert first["training"]["photographs"] == card.training.photographs


def test_listing_codecs_waits_for_nothing_heavy() -> None:
    code = "import sys; from litcodec.cli import main; main(['codecs']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_the_model_card_says_what_the_command_says() -> None:
    for card in packaged_cards():
        text = card.file.with_suffix(".md").read_text()
        kodak, lossless = card.kodak, card.lossless
        figures = [] if kodak is None else [*kodak.bd_rate_psnr.values(), *kodak.bd_rate_ms_ssim.values()]
        bits = [] if lossless is None else [lossless.bits_per_sub_pixel, *lossless.baselines.values()]
        for word in (
            card.fingerprint,
            f"{card.training.steps:,} steps",
            card.training.config,
            *card.training.licences,
            *(f"{rate:+.1f} %" for rate in figures),
            *(f"{each:.3f}" for each in bits),
        ):
            assert word in text, (card.name, word)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lmbda": [float("nan"), 1.0]}, "lmbda should be float, not nan"),
        ({"lmbda": [1.0]}, "lmbda should be tuple"),
        ({"lmbda": [10**400, 1]}, "lmbda should be float"),
        ({"parameters": -1}, "parameters should be int, not -1"),
        ({"parameters": True}, "parameters should be int, not True"),
        ({"codec": "\x1b[31m"}, "codec should be str"),
        ({"codec": "x" * 10**6}, "codec should be str"),
        ({"kodak": 3}, "kodak. should be an object"),
        ({"author": "me"}, "should be an object with the keys"),
    ],
)
def test_a_damaged_card_is_one_line_that_names_the_key(
    folder: Path, change: dict[str, object], message: str
) -> None:
    card = folder / "cosine-2.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), **change}))
    with pytest.raises(CodecFileError, match=message) as caught:
        packaged_cards(folder)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("text", ["", "3", "[3]", '[{"fingerprint": 3}]', "[" * 100_000])
def test_a_damaged_list_of_retired_codecs_is_one_line(folder: Path, text: str) -> None:
    (folder / "retired.json").write_text(text)
    with pytest.raises(CodecFileError, match=r"retired\.json is damaged"):
        packaged_codec(b"\x33" * 8, folder)
