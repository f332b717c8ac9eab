import io
import sys

import PIL.JpegImagePlugin
import pytest
import torch
from PIL import Image
from torch import Tensor

from litcodec.baselines import BASELINE_KEYS, Baseline, open_baselines
from litcodec.errors import BaselineFailed, ShapeError
from litcodec.metrics import bpp, psnr


def _opened(key: str) -> Baseline:
    found, missing = open_baselines([key])
    if missing:
        pytest.skip(missing[0])
    return found[0]


def test_rate_and_quality_rise_along_the_ladder(baseline: Baseline, photograph: Tensor):
    files = [baseline.compress(photograph, quality) for quality in baseline.qualities]
    sizes = [len(data) for data in files]
    qualities = [psnr(photograph, baseline.decompress(data)) for data in files]
    assert sizes == sorted(set(sizes))
    assert qualities == sorted(set(qualities))
    rates = [bpp(size, (128, 128)) for size in sizes]
    # On whole photographs it covers 0.1..0.2 to about 2; here headers weigh, and the crop is a busy one.
    assert rates[0] < 0.6
    assert rates[-1] > 2
    assert qualities[0] < 25
    assert qualities[-1] > 31


@pytest.mark.parametrize("size", [(1, 1), (1, 17), (5, 3), (17, 33)])
def test_any_size_comes_back_as_it_was(baseline: Baseline, photograph: Tensor, size: tuple[int, int]):
    H, W = size
    x = photograph[:, :H, :W]
    x_hat = baseline.decompress(baseline.compress(x, baseline.qualities[-1]))
    assert x_hat.shape == (3, H, W)
    assert x_hat.dtype == torch.uint8


@pytest.mark.parametrize("colour", [(0, 0, 0), (128, 128, 128), (255, 255, 255), (30, 200, 90)])
def test_a_plain_colour_stays_itself(baseline: Baseline, colour: tuple[int, int, int]):
    x = torch.tensor(colour, dtype=torch.uint8)[:, None, None].expand(3, 33, 40)
    x_hat = baseline.decompress(baseline.compress(x, baseline.qualities[-1]))
    assert (x_hat.int() - x.int()).abs().max() <= 3


def test_the_same_image_gives_the_same_file_every_time(baseline: Baseline, photograph: Tensor):
    x = photograph[:, :65, :100]
    quality = baseline.qualities[2]
    data = baseline.compress(x, quality)
    assert baseline.compress(x, quality) == data
    assert baseline.compress(x.contiguous(), quality) == data  # however the tensor lies in memory
    assert torch.equal(baseline.decompress(data), baseline.decompress(data))


def test_a_damaged_file_is_refused_by_name(baseline: Baseline, photograph: Tensor):
    data = baseline.compress(photograph[:, :40, :40], baseline.qualities[-1])
    png = io.BytesIO()
    Image.new("RGB", (4, 4)).save(png, "PNG")
    for damaged in (b"", b"not an image at all", data[:20], png.getvalue()):
        with pytest.raises(BaselineFailed, match=baseline.name):
            baseline.decompress(damaged)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 3, 8, 8), (3, 0, 8)])
def test_what_is_no_image_is_refused(baseline: Baseline, shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"\(3, H, W\)"):
        baseline.compress(torch.zeros(shape, dtype=torch.uint8), baseline.qualities[0])
    with pytest.raises(ShapeError, match="float32"):
        baseline.compress(torch.zeros(3, 8, 8), baseline.qualities[0])


@pytest.mark.parametrize("quality", [-1, 1e4])
def test_a_quality_beyond_its_scale_is_not_clamped(baseline: Baseline, photograph: Tensor, quality: float):
    with pytest.raises(BaselineFailed, match=f"got {quality:g}"):
        baseline.compress(photograph[:, :8, :8], quality)


@pytest.mark.parametrize(
    ("key", "quality"),
    [("jpeg", 0), ("jpeg", 40.5), ("avif", 40.5), ("hevc", 40.5), ("jpeg2000", 0), ("jxl", 100)],
)
def test_qualities_that_would_mean_something_else_are_refused(key: str, quality: float, photograph: Tensor):
    with pytest.raises(BaselineFailed, match=f"got {quality:g}"):
        _opened(key).compress(photograph[:, :8, :8], quality)


@pytest.mark.parametrize(
    ("key", "width", "words"), [("webp", 16384, "16383"), ("jpeg", 65501, "writing"), ("hevc", 17000, "x265")]
)
def test_an_image_beyond_the_formats_limit_fails_in_the_librarys_words(key: str, width: int, words: str):
    with pytest.raises(BaselineFailed, match=words):
        _opened(key).compress(torch.zeros(3, 1, width, dtype=torch.uint8), _opened(key).qualities[0])


@pytest.mark.parametrize(
    ("key", "full"), [("jpeg", False), ("jpeg444", True), ("webp", False), ("avif", True), ("hevc", True)]
)
def test_4_4_4_keeps_stripes_of_colour_that_4_2_0_blurs(key: str, full: bool):
    x = torch.full((3, 32, 32), 128, dtype=torch.uint8)
    x[0, :, ::2], x[1, :, ::2] = 180, 103  # of about the same luma as the grey between
    baseline = _opened(key)
    x_hat = baseline.decompress(baseline.compress(x, baseline.qualities[-1])).int()
    contrast = float((x_hat[0, :, ::2] - x_hat[0, :, 1::2]).float().mean())  # 52 in the original
    assert (contrast > 40) is full
    assert contrast < 60


def test_jpeg_is_sequential_with_the_named_subsampling(photograph: Tensor):
    for key, code in (("jpeg", 2), ("jpeg444", 0)):
        with Image.open(io.BytesIO(_opened(key).compress(photograph, 30))) as image:
            assert PIL.JpegImagePlugin.get_sampling(image) == code
            assert "progressive" not in image.info


def test_jpeg2000_hits_the_wanted_rate(photograph: Tensor):
    for wanted in (0.5, 2):
        rate = bpp(len(_opened("jpeg2000").compress(photograph, wanted)), (128, 128))
        assert rate == pytest.approx(wanted, rel=0.03)


def test_every_baseline_says_who_it_is():
    anchors = open_baselines(BASELINE_KEYS).found
    assert {"jpeg", "jpeg444"} <= {baseline.key for baseline in anchors} <= set(BASELINE_KEYS)
    assert len({baseline.name for baseline in anchors}) == len(anchors)
    for baseline in anchors:
        assert baseline.suffix.startswith(".")
        assert any(letter.isdigit() for letter in baseline.source)
        assert (
            len({baseline.setting(quality) for quality in baseline.qualities}) == len(baseline.qualities) >= 7
        )


def test_keys_are_opened_once_in_the_order_given():
    assert [baseline.key for baseline in open_baselines(["webp", "jpeg", "webp"]).found] == ["webp", "jpeg"]
    assert open_baselines([]) == ((), ())


def test_an_unknown_key_is_refused_with_the_known_ones():
    with pytest.raises(ShapeError, match=r"no baseline 'bpg'; there are jpeg, .*, vvc"):
        open_baselines(["jpeg", "bpg"])


@pytest.mark.parametrize(
    ("key", "module", "package"),
    [("hevc", "pillow_heif", "pillow-heif"), ("jxl", "pillow_jxl", "pillow-jxl-plugin")],
)
def test_what_is_not_installed_is_named_with_its_command(
    key: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, module, None)
    found, missing = open_baselines([key, "jpeg"])
    assert [baseline.key for baseline in found] == ["jpeg"]
    assert missing == (f"{key}: {package} is not installed: pip install {package}",)
