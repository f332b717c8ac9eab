"""litcodec's side: ``python ours.py PART PLAN`` prints figures as JSON. See peer.py for the other side."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image
from plan import Plan, read_plan, seconds
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, RandomSampler

from litcodec.bitstream import pack, unpack
from litcodec.codec_files import build_codec, load_codec
from litcodec.codecs import ScaleHyperprior
from litcodec.coding import RangeCoder
from litcodec.data import bundled_photographs, list_images, read_image, write_png
from litcodec.entropy import gaussian_tables
from litcodec.frozen import from_stream, to_stream
from litcodec.zoo import default_card

Figures = dict[str, float]
ROOT = Path(__file__).parents[2]


def train(plan: Plan) -> Figures:
    """A training step as ``litcodec fit`` takes it, Lightning's own work included."""
    import lightning as L  # takes seconds, and the other parts do without
    from lightning.pytorch.callbacks import LambdaCallback

    from litcodec.training.guard import NonFiniteGuard
    from litcodec.training.module import CodecModule

    batch = torch.from_numpy(np.load(Path(plan.folder, "batch.npy")))
    batch = batch.contiguous(memory_format=torch.channels_last)  # as the datamodules give it
    steps = plan.repeats + 2
    figures = {}
    for precision in ("bf16-mixed", "32-true"):
        torch.manual_seed(0)
        ends: list[float] = []
        clock = LambdaCallback(on_train_batch_end=lambda *_, ends=ends: ends.append(time.perf_counter()))
        trainer = L.Trainer(
            accelerator="cpu",
            precision=precision,
            max_steps=steps,
            gradient_clip_val=1.0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[NonFiniteGuard(), clock],
        )
        trainer.fit(
            CodecModule(ScaleHyperprior(N=plan.N, M=plan.M)), DataLoader([batch] * steps, batch_size=None)
        )
        figures[precision] = median(b - a for a, b in pairwise(ends[1:]))
    return figures


def coder(plan: Plan) -> Figures:
    """int32 symbols and uint8 indexes -> bytes -> int32 symbols: all that stands between h_s and the file."""
    range_coder = RangeCoder(gaussian_tables())
    figures = {}
    for channels in plan.latents:
        given = np.load(Path(plan.folder, f"symbols-{channels}.npz"))
        symbols, indexes = given["symbols"].ravel(), given["indexes"].ravel().astype(np.uint8)
        data = range_coder.encode(symbols, indexes).data
        if not np.array_equal(range_coder.decode(data, indexes), symbols):
            raise SystemExit("the symbols did not come back; no figures of a broken coder.")
        figures[f"{channels} encode"] = seconds(lambda s=symbols, i=indexes: range_coder.encode(s, i), plan)
        figures[f"{channels} decode"] = seconds(lambda d=data, i=indexes: range_coder.decode(d, i), plan)
        figures[f"{channels} bytes"] = len(data)
    return figures


def codec(plan: Plan) -> Figures:
    """Image tensor -> container -> image tensor."""
    x = torch.from_numpy(np.load(Path(plan.folder, "image.npy")))
    figures = {}
    for name in ("scale", "mean-scale", "autoregressive", "mixture", "checkerboard"):
        frozen = load_codec(Path(plan.folder, f"{name}.safetensors"))

        def compress(frozen: Any = frozen) -> bytes:
            (compressed,) = frozen.compress(x)
            return pack(compressed, frozen.fingerprint)

        def decompress(data: bytes, frozen: Any = frozen) -> Tensor:
            return frozen.decompress([unpack(data, fingerprint=frozen.fingerprint)])

        data = compress()
        np.save(Path(plan.folder, f"{name}-ours.npy"), decompress(data).numpy())
        figures[f"{name} compress"] = seconds(compress, plan)
        figures[f"{name} decompress"] = seconds(lambda d=data, f=decompress: f(d), plan)
        figures[f"{name} bytes"] = len(data)
    return figures


def papers(plan: Plan) -> Figures:
    """Every codec of ``configs/codec`` as published, untrained, once: the bytes would say nothing."""
    x = torch.from_numpy(np.load(Path(plan.folder, "image.npy")))
    x = (x * 255).round() / 255  # lossless codecs take 8 bits
    figures: dict[str, float] = {}
    for config in sorted((ROOT / "configs" / "codec").glob(plan.papers)):
        architecture = yaml.safe_load(config.read_text())["model"]
        codec = build_codec(_described(architecture.get("init_args", architecture)["codec"])).eval()
        weights = sum(each.numel() for each in codec.parameters())
        frozen = codec.freeze()
        del codec
        start = time.perf_counter()
        (compressed,) = frozen.compress(x)
        middle = time.perf_counter()
        frozen.decompress([compressed])
        name = config.stem
        figures |= {
            f"{name} compress": middle - start,
            f"{name} decompress": time.perf_counter() - middle,
            f"{name} weights": weights,
        }
    return figures


def _described(part: dict[str, Any]) -> dict[str, Any]:
    """A class and arguments as codec files have them: both keys, nested parts too, none of training."""
    room, _, name = part["class_path"].rpartition(".")
    arguments = part.get("init_args", {})
    kept = set(arguments) - getattr(import_module(room), name).training_arguments
    nested = {
        key: _described(value) if isinstance(value, dict) and "class_path" in value else value
        for key, value in arguments.items()
        if key in kept
    }
    return {"class_path": part["class_path"], "init_args": nested}


def packaged(plan: Plan) -> Figures:
    """The packaged codec on a photograph of Kodak's size, and what its command takes before it begins."""
    x = read_image(list_images(bundled_photographs() / "heldback")[0])[None].float() / 255
    frozen = load_codec(default_card().file)
    data = to_stream(frozen, x)
    photograph = Path(plan.folder, "tiny.png")
    write_png(photograph, torch.zeros(3, 16, 16, dtype=torch.uint8))
    command = [sys.executable, "-m", "litcodec", "compress", str(photograph), "--force"]

    def start() -> None:
        subprocess.run(command, check=True, capture_output=True)

    return {
        "compress": seconds(lambda: to_stream(frozen, x), plan),
        "decompress": seconds(lambda: from_stream(frozen, data), plan),
        "start": seconds(start, plan),
        "bytes": len(data),
        "pixels": x[0, 0].numel(),
    }


class OneCrop(Dataset[Tensor]):
    """Decode a photograph, take one crop: what a plain data set does, CompressAI's ImageFolder too."""

    def __init__(self, folder: Path, patch: int) -> None:
        self.paths = sorted(folder.iterdir())
        self.patch = patch

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        image = Image.open(self.paths[index]).convert("RGB")
        left, top = (int(torch.randint(side - self.patch + 1, ())) for side in image.size)
        pixels = np.array(image.crop((left, top, left + self.patch, top + self.patch)))
        return torch.from_numpy(pixels).permute(2, 0, 1).contiguous().float() / 255


def data(plan: Plan) -> Figures:
    """Crops per second of two workers, float in [0, 1]; workers start before the clock does."""
    from litcodec.data import FolderDataModule  # brings Lightning

    figures = {}
    for name, folder in (
        ("bundled", bundled_photographs() / "train"),
        ("camera", Path(plan.folder, "photographs")),
    ):
        for crops_per_image, cache_mb in ((8, 256), (8, 0), (1, 0)):
            module = FolderDataModule(
                train_dir=str(folder),
                patch_size=plan.patch,
                batch_size=plan.batch,
                crops_per_image=crops_per_image,
                steps_per_epoch=10**9,
                cache_mb=cache_mb,
            )
            batches = (module.on_after_batch_transfer(batch, 0) for batch in module.train_dataloader())
            figures[f"{name} {crops_per_image}{' cached' if cache_mb else ''}"] = _crops_per_second(
                batches, plan, batches_at_once=4 * crops_per_image
            )
        one_crop = OneCrop(folder, plan.patch)
        sampler = RandomSampler(one_crop, replacement=True, num_samples=10**9)  # workers never start anew
        plain = DataLoader(one_crop, plan.batch, sampler=sampler, num_workers=2)
        figures[f"{name} plain"] = _crops_per_second(plain, plan, batches_at_once=4)
    return figures


def _crops_per_second(batches: Iterable[Tensor], plan: Plan, *, batches_at_once: int) -> float:
    stream = iter(batches)
    rates = []
    for _ in range(plan.repeats + 2):
        start = time.perf_counter()
        for _ in range(batches_at_once):
            next(stream)
        rates.append(batches_at_once * plan.batch / (time.perf_counter() - start))
    return median(rates[2:])  # what workers had ready when the clock started is gone after two rounds


if __name__ == "__main__":
    plan = read_plan(sys.argv[2])
    torch.set_num_threads(plan.threads)
    parts = {
        "train": train,
        "coder": coder,
        "codec": codec,
        "papers": papers,
        "packaged": packaged,
        "data": data,
    }
    print(json.dumps(parts[sys.argv[1]](plan)))
