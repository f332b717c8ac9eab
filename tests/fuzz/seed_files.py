"""Files that seeds are made of, and the sizes of seeds and of what is read."""

from pathlib import Path

GOLDEN = Path(__file__).parent.parent / "golden"
ZOO = Path(__file__).parent.parent.parent / "litcodec" / "zoo"
MAX_PIXELS = 2**22
SMALL = 48, 32  # H, W of images that make seeds


def codec_files() -> dict[str, Path]:
    """One tiny codec file of every class, the golden ones, and the packaged one."""
    golden = {path.stem: path for path in sorted(GOLDEN.glob("*.safetensors")) if "expected" not in path.stem}
    return {**golden, "packaged": ZOO / "cosine-3.safetensors"}
