"""All targets by name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from litcodec.commands.export import export
from litcodec.interchange import import_compressai
from tests.fuzz.cases import Target
from tests.fuzz.forge import forge
from tests.fuzz.image_targets import image_target
from tests.fuzz.seed_files import codec_files
from tests.fuzz.stream_targets import overfitted_target, stream_target
from tests.fuzz.text_targets import TEXT_TARGETS
from tests.fuzz.weight_targets import checkpoint_target, codec_file_target

IMAGES = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF")


def _export(path: Path) -> None:
    export(path, path.with_suffix(".safetensors"), overwrite=True)


def _import(path: Path) -> None:
    import_compressai(path, "mbt2018-mean")


TARGETS: dict[str, Callable[[], Target]] = {
    **{f"stream-{name}": partial(stream_target, file) for name, file in codec_files().items()},
    "stream-overfitted": overfitted_target,
    "codec-file": partial(codec_file_target, forge),
    "checkpoint": partial(checkpoint_target, _export),
    "foreign-checkpoint": partial(checkpoint_target, _import),
    **TEXT_TARGETS,
    **{f"image-{form.lower()}": partial(image_target, form) for form in IMAGES},
}
