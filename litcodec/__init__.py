"""litcodec: learned image compression with PyTorch Lightning."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from litcodec.loaded import LoadedCodec

__all__ = ["__version__", "load"]
__version__ = "0.1.0"


def load(
    codec: str | Path | None = None, *, device: str = "cpu", plugins: Iterable[str] = ()
) -> "LoadedCodec":
    """Load a codec that turns images into bytes and back.

    Args:
        codec: the name of a packaged codec or the path of a codec file; by default the best packaged one.
        device: where its float networks run, such as "cpu" or "cuda".
        plugins: packages whose classes the file may name, beside those of ``LITCODEC_PLUGINS``.

    Raises:
        CodecFileError: if there is no such codec, or its file cannot be used.
        PluginError: if a plugin cannot be imported.
        ShapeError: if there is no such device.
    """
    from litcodec.loaded import load_named  # torch takes a second: only for who needs it

    return load_named(codec, device=device, plugins=tuple(plugins))
