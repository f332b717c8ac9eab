"""Where outputs go, and how they get there whole or not at all."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from litcodec.errors import OutputExists


def output_paths(inputs: Sequence[Path], output: Path | None, suffix: str) -> list[Path]:
    """One output path for every input.

    Args:
        inputs: the input files.
        output: a file if there is one input, a folder if there are more (or if it is one already); beside the
            inputs if not given.
        suffix: of the outputs, such as ".litc". Inputs that differ only in their suffix keep it, as in
            "a.jpg.litc".

    Raises:
        OutputExists: if two inputs would still share an output.
    """
    if output is not None and len(inputs) == 1 and not output.is_dir():
        return [output]
    folders = [path.parent if output is None else output for path in inputs]
    plain = [folder / path.with_suffix(suffix).name for folder, path in zip(folders, inputs, strict=True)]
    taken = Counter(plain)
    outputs = [
        candidate if taken[candidate] == 1 else folder / (path.name + suffix)
        for candidate, folder, path in zip(plain, folders, inputs, strict=True)
    ]
    for path, count in Counter(outputs).items():
        if count > 1:
            raise OutputExists(f"{count} inputs would be written to {path}. Give them to separate commands.")
    return outputs


@contextmanager
def atomic_output(path: Path, *, overwrite: bool) -> Iterator[BinaryIO]:
    """A file that appears under ``path`` only once it is complete.

    Raises:
        OutputExists: if ``path`` is there and ``overwrite`` is not set.
    """
    if path.is_dir() or (path.exists() and not overwrite):
        what = (
            "is a folder"
            if path.is_dir()
            else "exists already. Use --force to replace it, or -o to write elsewhere"
        )
        raise OutputExists(f"{path} {what}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp's files are private
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
