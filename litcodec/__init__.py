"""litcodec: learned image compression with PyTorch Lightning."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from litcodec.loaded import load, overfit

__all__ = ["load", "overfit"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """``load`` and ``overfit``, when they are asked for: torch takes a second to import."""
    if name not in __all__:
        raise AttributeError(f"module 'litcodec' has no attribute {name!r}")
    from litcodec.loaded import load, overfit

    return {"load": load, "overfit": overfit}[name]
