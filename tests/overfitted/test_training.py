"""``litcodec fit --config configs/overfit.yaml``: one image under a trainer, to the bytes of ``overfit``."""

import csv
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import litcodec
from litcodec.bitstream import pack, unpack
from litcodec.codec_files import build_codec
from litcodec.data import read_image, write_png
from litcodec.errors import CodecFileError, FreezeError, OptionError, ShapeError
from litcodec.frozen import to_stream
from litcodec.overfitted import (
    FINGERPRINT,
    PRESETS,
    OverfittedCodec,
    Overfitter,
    Parts,
    Settings,
    Synthesis,
    weights,
    write,
)
from litcodec.overfitted.choose_finest import choose_finest
from litcodec.training import OverfittedModule
from litcodec.types import Compressed
from tests import in_process

CONFIG = Path(__file__).parents[2] / "configs" / "overfit.yaml"
STEPS = 40  # symbols are rounded from 38 on
OVERLAY = """
model:
  lmbda: 0.02
data:
  init_args: {image: photo.png}
trainer:
  max_steps: 40
  val_check_interval: 20
  log_every_n_steps: 1
  enable_progress_bar: false
  logger: {class_path: lightning.pytorch.loggers.CSVLogger, init_args: {save_dir: .}}
  callbacks:
    - class_path: litcodec.callbacks.RDPoints
    - class_path: litcodec.callbacks.Reconstructions
"""
OWN = """
from torch import Tensor, nn


class Grey(nn.Module):
    reach = 0

    def __init__(self, levels: int, start: float) -> None:
        super().__init__()
        self.mix = nn.Linear(levels, 1)
        nn.init.constant_(self.mix.bias, start)

    def forward(self, u: Tensor) -> Tensor:
        return self.mix(u.permute(1, 2, 0)).permute(2, 0, 1)[None].expand(1, 3, -1, -1)
"""


def _folder(folder: Path, overlay: str = OVERLAY) -> Path:
    folder.mkdir(exist_ok=True)
    rows, columns = torch.meshgrid(torch.linspace(0, 1, 48), torch.linspace(0, 1, 32), indexing="ij")
    x = torch.stack([rows, columns, (6 * rows * columns).sin() / 2 + 0.5])
    write_png(folder / "photo.png", (x * 255).byte())
    (folder / "tiny.yaml").write_text(overlay)
    return folder


def _fit(folder: Path, *words: str) -> in_process.Done:
    return in_process.litcodec(folder, "fit", "--config", str(CONFIG), "--config", "tiny.yaml", *words)


def _logged(run: Path) -> dict[str, list[float]]:
    """Key -> its values, in order."""
    with (run / "version_0" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: [float(row[key]) for row in rows if row[key]] for key in rows[0]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, uninterrupted."""
    folder = _folder(tmp_path_factory.mktemp("whole"))
    done = _fit(folder)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "stream:      runs/overfit/001/photo.litc" in done.stdout
    return folder


def test_a_run_writes_the_bytes_of_overfit(whole: Path) -> None:
    x = read_image(whole / "photo.png", max_pixels=10**6)[None].float() / 255
    data = (whole / "runs/overfit/001/photo.litc").read_bytes()
    assert data == litcodec.overfit(x, iterations=STEPS, lmbda=0.02)


def test_what_is_logged_is_of_these_bytes(whole: Path) -> None:
    run = whole / "runs/overfit/001"
    logged, pixels = _logged(run), 48 * 32
    assert len(logged["train/loss"]) == STEPS
    assert logged["train/loss"][-1] < logged["train/loss"][0] / 3
    mse = 10 ** (-logged["train/psnr"][-1] / 10) * 255**2
    assert logged["train/loss"][-1] == pytest.approx(logged["train/bpp"][-1] + 0.02 * mse, rel=1e-4)
    # Of the networks at the end; the stream has those of before symbols were rounded, if they are better.
    size = (run / "photo.litc").stat().st_size
    assert logged["val/bpp"][-1] == pytest.approx(8 * size / pixels, rel=0.03)
    of_grids = [logged[f"latents/grid{k}_bpp"][-1] for k in range(5)]
    assert sum(of_grids) == pytest.approx(logged["val/bpp_estimated"][-1], rel=1e-4)
    assert all(0 <= logged[f"latents/grid{k}_zeros"][-1] <= 1 for k in range(5))
    assert logged["latents/grid4_std"][-1] > 0.5
    assert logged["val/psnr"][1] > logged["val/psnr"][0] + 2
    assert len(list((run / "reconstructions").iterdir())) == 2


@pytest.fixture
def _ctrl_c() -> Iterator[None]:
    """Ctrl-C as a new process has it, whatever a run before has left."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c")
@pytest.mark.parametrize("at", [17, 39])
def test_a_run_ended_by_ctrl_c_goes_on_to_the_same_bytes(
    at: int, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, step = _folder(tmp_path / "broken"), OverfittedModule.training_step

    def interrupted(self: OverfittedModule, batch: torch.Tensor, batch_idx: int) -> None:
        step(self, batch, batch_idx)
        if self.overfitter.iteration == at:
            signal.raise_signal(signal.SIGINT)

    quick = ("--trainer.callbacks", "[]", "--trainer.limit_val_batches", "0")
    with monkeypatch.context() as patched:
        patched.setattr(OverfittedModule, "training_step", interrupted)
        done = _fit(folder, *quick)
    assert done.returncode == 130, done.stderr[-3000:]
    assert f"SIGINT: stopped after step {at}." in done.stdout
    assert not (folder / "runs/overfit/001/photo.litc").exists()
    done = _fit(folder, *quick, "--ckpt_path", "last")
    assert done.returncode == 0, done.stderr[-3000:]
    ends = [each / "runs/overfit/001/photo.litc" for each in (whole, folder)]
    assert ends[0].read_bytes() == ends[1].read_bytes()


def test_a_run_of_another_image_or_lambda_does_not_go_on(whole: Path, tmp_path: Path) -> None:
    checkpoint = str(whole / "runs/overfit/001/checkpoints/last.ckpt")
    folder = _folder(tmp_path / "other")
    done = _fit(folder, "--ckpt_path", checkpoint, "--model.lmbda", "0.03", "--run_name", "b")
    assert done.returncode == 1
    assert "another image, preset or rate" in done.stderr
    done = _fit(folder, "--ckpt_path", checkpoint, "--model.preset", "mop", "--run_name", "b")
    assert done.returncode == 1
    assert "mop" in done.stderr.splitlines()[-1]


def test_a_synthesis_of_ones_own_is_trained_and_estimated_but_not_written(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "own", OVERLAY.replace("lmbda: 0.02", "synthesis: mylab_grey.Grey"))
    (folder / "mylab_grey.py").write_text(OWN)
    done = _fit(folder, "--model.synthesis.start", "0.25")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "no stream:   a stream holds a Synthesis; a Grey can be trained" in done.stdout
    assert not list(folder.glob("runs/overfit/001/*.litc"))
    logged = _logged(folder / "runs/overfit/001")
    assert logged["train/loss"][-1] < logged["train/loss"][0] / 2
    assert logged["val/loss"][1] < logged["val/loss"][0]
    assert sum(logged[f"latents/grid{k}_bpp"][-1] for k in range(5)) > 0.1


def test_other_sizes_than_the_presets_are_written_and_read() -> None:
    x = torch.linspace(0, 1, 24).expand(1, 3, 20, 24)
    parts = Parts(synthesis=lambda levels: Synthesis(levels, width=12, residuals=3))
    fit = Overfitter(x, Settings(iterations=8), parts=parts)
    for _ in range(8):
        fit.step()
    written = write(fit)
    assert weights.read_layout(written.strings[0]).preset == PRESETS["lop"]._replace(
        synthesis_width=12, residuals=3
    )
    data = pack(Compressed(written.strings, (20, 24)), FINGERPRINT)
    x_hat = litcodec.load("overfit").decompress(data, as_="tensor")
    assert float((x_hat - written.x_hat[0]).abs().max()) <= 0.5 / 255 + 1e-4
    codec = OverfittedCodec.of(fit)
    assert codec.architecture.init_args["sizes"] == [6, 8, 2, 12, 3]
    assert codec.freeze().encode(x).strings == written.strings


def test_sizes_beyond_the_format_are_trained_but_not_written() -> None:
    parts = Parts(synthesis=lambda levels: Synthesis(levels, width=65, residuals=1))
    fit = Overfitter(torch.rand(1, 3, 8, 8), Settings(iterations=2), parts=parts)
    assert fit.step().bpp > 0
    with pytest.raises(FreezeError, match="synthesis_width of 1 to 64; got 65"):
        write(fit)


def test_a_part_without_its_methods_is_named() -> None:
    with pytest.raises(OptionError, match="entropy is a Identity, which has no bits"):
        Overfitter(torch.rand(1, 3, 8, 8), Settings(iterations=2), parts=Parts(entropy=torch.nn.Identity()))


def test_an_exported_fit_codes_its_image_alone(whole: Path, tmp_path: Path) -> None:
    checkpoint, file = whole / "runs/overfit/001/checkpoints/last.ckpt", tmp_path / "codec.safetensors"
    done = in_process.litcodec(tmp_path, "export", str(checkpoint), str(file))
    assert done.returncode == 0, done.stderr
    codec = litcodec.load(file).frozen
    x = read_image(whole / "photo.png", max_pixels=10**6)[None].float() / 255
    data = to_stream(codec, x)
    strings, size = unpack(data, fingerprint=FINGERPRINT)
    assert size == (48, 32)
    assert abs(len(data) - (whole / "runs/overfit/001/photo.litc").stat().st_size) < 20
    bits = sum(float(grid.sum()) for grid in codec.bits(x))
    assert 8 * len(strings[1]) == pytest.approx(bits, rel=0.005, abs=64)
    with pytest.raises(ShapeError, match="another image"):
        to_stream(codec, x.flip(3))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"sizes": [6, 8, 2_000_000_000, 8, 1]}, "entropy_layers of 1 to 3; got 2000000000"),
        ({"sizes": [6, 8]}, "cannot be built"),
        ({"height": 2**20}, "1048576 x 32 pixels"),
        ({"finest": 7}, "without 7 of the grids"),
        ({"preset": "hip"}, "no preset 'hip'"),
    ],
)
def test_a_codec_file_that_claims_other_sizes_is_refused_at_once(
    changed: dict[str, object], reason: str
) -> None:
    described = {
        "class_path": "litcodec.overfitted.OverfittedCodec",
        "init_args": {"height": 48, "width": 32},
    }
    assert build_codec(described).only_size == (48, 32)
    with pytest.raises(CodecFileError, match=reason):
        build_codec({**described, "init_args": {**described["init_args"], **changed}})


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "wrong")
    for words, reason in (
        (("--data.image", "nowhere.png"), "nowhere.png is not there"),
        (("--model.preset", "hip"), "no preset 'hip'"),
        (("--trainer.max_steps", "-1"), "give trainer.max_steps"),
        (("--trainer.precision", "bf16-mixed"), "trainer.precision 32-true"),
    ):
        done = _fit(folder, *words)
        assert done.returncode == 1
        assert reason in done.stderr.splitlines()[-1]


def test_the_finest_grid_is_left_out_where_it_would_cost_more_than_it_gains():
    """What half of the size loses weighs 1 / weight bits per pixel, and is worth coding above 2.2 of them."""
    noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    smooth = torch.linspace(0.2, 0.8, 64).expand(1, 3, 64, 64).contiguous()
    corner = 0.5 + 0.25 * F.pad(noise[..., :16, :16] - 0.5, (0, 48, 0, 48))
    spread = 0.5 + 0.25 / 4 * (noise - 0.5)  # as much squared detail
    assert [choose_finest(noise, weight=weight) for weight in (1 / 120, 1 / 12)] == [0, 1]
    assert [choose_finest(x, weight=1e-4) for x in (corner, spread)] == [0, 1]
    assert choose_finest(smooth, weight=1e-3) == 1
    assert [choose_finest(noise, weight=1, bpp=bpp) for bpp in (0.1, 0.8)] == [1, 0]
    assert choose_finest(torch.zeros(1, 3, 1, 3), weight=1e-3) == 1
    assert Overfitter(noise, Settings(iterations=1, lmbda=0.0008)).finest == 0  # 1 / weight is 50 bits
    assert Overfitter(smooth, Settings(iterations=1, lmbda=0.1, finest=0)).finest == 0
    assert Overfitter(noise, Settings(iterations=1, finest=2)).finest == 2
