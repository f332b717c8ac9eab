"""Chooses output paths, and writes each output completely or not at all."""

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from litcodec.errors import OutputExists
from litcodec.evaluation.part_files import part_file


def output_paths(inputs: Sequence[Path], output: str | Path | None, suffix: str) -> list[Path]:
    """One output path for every input.

    Args:
        inputs: the input files.
        output: a file if there is one input; a folder if there are more, if it is one, or if it ends in a
            slash; "-" for standard output; if not given, beside the inputs, or "-" where that is the input.
        suffix: of the outputs, such as ".litc". Inputs that differ only in their suffix keep it, as in
            "a.jpg.litc".

    Raises:
        OutputExists: if two inputs would still share an output.
    """
    standard = Path("-")
    if len(inputs) > 1 and (standard in inputs or str(output) == "-"):
        raise OutputExists("- stands for one image; there are more. Give them to separate commands.")
    if output is None and list(inputs) == [standard]:
        return [standard]
    folder_asked = str(output).endswith(("/", os.sep))
    where = None if output is None else Path(output)
    if where is not None and len(inputs) == 1 and not (folder_asked or where.is_dir()):
        return [where]
    folders = [path.parent if where is None else where for path in inputs]
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


def refuse_inputs(output: Path, inputs: Iterable[Path]) -> None:
    """Check that ``output`` is none of ``inputs``, by whatever name or link.

    Raises:
        OutputExists: if it is one.
    """
    for path in inputs:
        try:
            same = os.path.samefile(output, path)
        except OSError:
            continue  # one of them is not there
        if same:
            raise OutputExists(f"{output} is the input {path}. Use -o to write elsewhere.")


def check_output(path: Path, *, overwrite: bool, inputs: Iterable[Path] = ()) -> Path:
    """Check that an output may be written, before the work for it is done.

    Args:
        path: of the output.
        overwrite: replace a regular file there; through a link, the file that it leads to.
        inputs: files that it must not be.

    Returns:
        The path to write to: ``path``, or where a link leads.

    Raises:
        OutputExists: if something is there that is not to be replaced.
    """
    refuse_inputs(path, inputs)
    if not os.path.lexists(path):
        return path
    if path.is_dir():
        raise OutputExists(f"{path} is a folder.")
    if not path.exists():
        raise OutputExists(f"{path} is a link to a file that is not there. Use -o to write elsewhere.")
    if not stat.S_ISREG(path.stat().st_mode):
        raise OutputExists(f"{path} is not a regular file and is never replaced. Use -o to write elsewhere.")
    if not overwrite:
        raise _exists(path)
    return path.resolve() if path.is_symlink() else path


@contextmanager
def atomic_output(path: Path, *, overwrite: bool, inputs: Iterable[Path] = ()) -> Iterator[BinaryIO]:
    """A file that appears under ``path`` only once it is complete.

    Without ``overwrite`` it never replaces anything: of two writers one fails.

    Args:
        path: of the output.
        overwrite: see ``check_output``.
        inputs: files that it must not be.

    Raises:
        OutputExists: if something is there that is not to be replaced, now or when the file is complete.
    """
    target = check_output(path, overwrite=overwrite, inputs=inputs)
    target.parent.mkdir(parents=True, exist_ok=True)
    with part_file(target) as (file, temporary):
        yield file
        file.close()
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp's files are private
        if overwrite:
            os.replace(temporary, target)
        else:
            _publish(temporary, target)


def _publish(temporary: str, target: Path) -> None:
    """Give a complete file its name, if nothing has it."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise _exists(target) from None
    except OSError:  # a file system without hard links: reserve the name, then replace what reserved it
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            raise _exists(target) from None
        os.replace(temporary, target)


def _exists(path: Path) -> OutputExists:
    return OutputExists(f"{path} exists already. Use --force to replace it, or -o to write elsewhere.")
