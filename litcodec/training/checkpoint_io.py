"""Writes checkpoints completely or not at all, even if the process is killed or the disk is full."""

import io
import os
import pickle
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from litcodec.codec_files.checkpoint import PREVIOUS, offer_before
from litcodec.errors import CheckpointError, CodecFileError


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target, syncs, renames. What ``last.ckpt`` was before stays as ``previous.ckpt``."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Write a checkpoint beside ``path`` and move it there once it is whole.

        Raises:
            CheckpointError: if the file system refuses it; the checkpoint of before is still there.
        """
        if "://" in str(path):
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        target, buffer = Path(path), io.BytesIO()
        torch.save(checkpoint, buffer)
        part = target.with_name(f".{target.name[:200]}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(buffer.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            if target.name == "last.ckpt" and target.is_file():
                _keep_as_previous(target)
            os.replace(part, target)
            _sync_folder(target.parent)
        except OSError as error:
            part.unlink(missing_ok=True)
            kept = " The one of before is still there." if target.is_file() else offer_before(target)
            raise CheckpointError(
                f"checkpoint {target} cannot be written: {error.strerror or error}.{kept}"
            ) from error
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def load_checkpoint(self, path: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Read a checkpoint.

        Raises:
            CodecFileError: if it is damaged; it names the one before.
        """
        try:
            found: dict[str, Any] = super().load_checkpoint(path, *args, **kwargs)
        except pickle.UnpicklingError as error:
            reason = str(error).partition("\n")[0]
            raise CodecFileError(f"{path} cannot be read: {reason}{offer_before(path)}") from error
        except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
            raise CodecFileError(
                f"{path} is damaged or incomplete ({type(error).__name__}).{offer_before(path)}"
            ) from error
        if not isinstance(found, dict) or "state_dict" not in found:
            raise CodecFileError(f"{path} is not a checkpoint of litcodec fit.{offer_before(path)}")
        return found


def _keep_as_previous(target: Path) -> None:
    """Give it a second name, so that the first one is there all the time."""
    link, previous = target.with_name(f".{PREVIOUS}.part"), target.with_name(PREVIOUS)
    try:
        link.unlink(missing_ok=True)
        os.link(target, link)
        os.replace(link, previous)
    except OSError:  # no hard links on this file system
        os.replace(target, previous)


def _sync_folder(folder: Path) -> None:
    """Let the renaming outlive a power cut, where folders can be synced."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
