"""litcodec: learned image compression with PyTorch Lightning."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from litcodec.loaded import load

__all__ = ["load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """``load``, when it is asked for: torch takes a second to import."""
    if name != "load":
        raise AttributeError(f"module 'litcodec' has no attribute {name!r}")
    from litcodec.loaded import load

    return load
