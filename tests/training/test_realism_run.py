"""A second synthesis, from ``litcodec fit`` to pixels: trained, exported, found beside its codec, blended."""

from pathlib import Path

import pytest
import torch

from litcodec.codec_files import load_codec, read_training_checkpoint, save_codec, synthesis_beside, unfreeze
from litcodec.codecs import MeanScaleHyperprior
from litcodec.data import read_image, write_png
from litcodec.entropy import MixedQuantiser
from tests.in_process import Done, litcodec
from tests.training.adversarial_runs import FIT
from tests.training.runs import fit_here

PHASES = "--model.phases=[{train: [%s], steps: 5, learning_rate: 1.0e-3}]"

pytestmark = pytest.mark.filterwarnings("ignore:.*bf16.*")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A codec file, and a checkpoint of a run that trained its synthesis against a discriminator."""
    folder = tmp_path_factory.mktemp("realism")
    torch.manual_seed(1)
    save_codec(_codec().freeze(), folder / "mine.safetensors")
    _trained(folder, "g_s")
    return folder


def _codec() -> MeanScaleHyperprior:
    return MeanScaleHyperprior(N=4, M=6, quantiser=MixedQuantiser())


def _trained(folder: Path, part: str) -> Path:
    """The last checkpoint of a run that starts from the codec file and trains a part of it."""
    options = ("--model.start_checkpoint=mine.safetensors", PHASES % part, "--trainer.max_steps=-1")
    fit_here(folder, "--run_name", part, *FIT, *options)
    return folder / "runs" / part / "001" / "checkpoints" / "last.ckpt"


def test_training_changes_the_synthesis_alone(folder: Path) -> None:
    before = _codec()
    unfreeze(before, load_codec(folder / "mine.safetensors"))
    checkpoint = folder / "runs" / "g_s" / "001" / "checkpoints" / "last.ckpt"
    after = read_training_checkpoint(checkpoint).codec.state_dict()
    same = {
        name: torch.equal(after[name], weight)
        for name, weight in before.state_dict().items()
        if "density" not in name  # of which a codec file has tables alone
    }
    assert {name for name, unchanged in same.items() if not unchanged} == {n for n in same if "g_s" in n}
    assert len(same) > 20


def test_from_a_checkpoint_to_pixels(folder: Path, image_like) -> None:
    mine = folder / "mine.safetensors"
    write_png(folder / "x.png", (image_like(48, 70)[0] * 255).round().to(torch.uint8))
    compressed = litcodec(folder, "compress", "x.png", "-c", "mine.safetensors", "-o", "x.litc")
    assert compressed.returncode == 0, compressed.stderr

    without = _decompressed(folder, "0.5")
    assert without.returncode == 1
    assert "mine.safetensors has no second synthesis beside it, mine-realism.safetensors" in without.stderr
    assert not (folder / "x0.5.png").exists()

    last = "runs/g_s/001/checkpoints/last.ckpt"
    exported = litcodec(folder, "export", last, "elsewhere.safetensors", "--realism-of", "mine.safetensors")
    assert exported.stdout.splitlines()[1:] == ["mine.safetensors finds it as mine-realism.safetensors"]
    (folder / "elsewhere.safetensors").rename(synthesis_beside(mine))

    stream = (folder / "x.litc").read_bytes()
    images = {}
    for realism in ("0", "0.5", "1"):
        done = _decompressed(folder, realism)
        assert done.returncode == 0, done.stderr
        images[realism] = read_image(folder / f"x{realism}.png").float()
    from_base = litcodec(folder, "decompress", "x.litc", "-c", "mine.safetensors", "-o", "base.png")
    assert from_base.returncode == 0
    assert torch.equal(images["0"], read_image(folder / "base.png").float())
    assert not torch.equal(images["0"], images["1"])
    clamped = [(images[realism] == 0) | (images[realism] == 255) for realism in images]
    middle = (images["0"] + images["1"]) / 2
    difference = (images["0.5"] - middle)[~torch.stack(clamped).any(dim=0)]
    assert difference.numel() > 1000
    assert difference.abs().max() <= 1  # rounded to 8 bits
    assert (folder / "x.litc").read_bytes() == stream
    assert "realism is 0" in _decompressed(folder, "1.5").stderr


def test_a_run_that_changed_more_is_not_exported(folder: Path) -> None:
    last = _trained(folder, "latent_model").relative_to(folder)
    words = ["export", str(last), "other-realism.safetensors"]
    done = litcodec(folder, *words, "--realism-of", "mine.safetensors")
    assert done.returncode == 1
    assert f"{last} has another h_" in done.stderr
    assert litcodec(folder, *words, "--realism-of", "mine.safetensors", "--rdoq-lambda", "18").returncode == 2
    assert not (folder / "other-realism.safetensors").exists()


def _decompressed(folder: Path, realism: str) -> Done:
    words = ("decompress", "x.litc", "-c", "mine.safetensors", "-o", f"x{realism}.png", "-f")
    return litcodec(folder, *words, "--realism", realism)
