"""Describes failures of a run's configuration, or of a library it names, in one line with the next step."""

import pickle
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from lightning.fabric.utilities.exceptions import MisconfigurationException
from omegaconf.errors import OmegaConfBaseException

from litcodec.errors import CodecFileError, LitcodecError, OptionError


@contextmanager
def configuring() -> Iterator[None]:
    """Within it, while options are read and objects are made of them, every failure is an option's.

    Raises:
        LitcodecError: of any exception.
    """
    try:
        yield
    except Exception as error:
        known = known_failure(error)
        if known is error:
            raise
        if known is None:
            known = OptionError(
                f"the configuration cannot be used: {_first_line(_chain(error)[-1])}. --debug shows where."
            )
        raise known from error


def known_failure(error: Exception) -> LitcodecError | None:
    """In our words; None if it is of another kind, which may be a bug of litcodec."""
    for found in _chain(error):
        if isinstance(found, LitcodecError):
            return found
        if isinstance(found, MisconfigurationException):
            return LitcodecError(found)
        if isinstance(found, pickle.UnpicklingError):
            return CodecFileError(f"the checkpoint cannot be read: {_first_line(found)}")
        if isinstance(found, ModuleNotFoundError):  # TensorBoard's, MLflow's …
            return LitcodecError(f"{_first_line(found)}. Install it with pip, or leave it out.")
        if isinstance(found, OmegaConfBaseException):  # a typo
            key = str(found.full_key or "").partition(".")[2]
            return OptionError(f"{key}: {_first_line(found)}. See what stands in its ${{…}}.")
        if type(found).__module__.startswith("wandb."):
            reason = " ".join(str(found).split())
            return LitcodecError(f"W&B: {reason} Or work offline: WANDB_MODE=offline.")
    if _is_of_restoring(error):
        reason = " ".join(str(error).split()).rstrip(".")
        return CodecFileError(
            f"the run cannot be resumed from this checkpoint: {reason}. To start a new run from its weights: "
            "--model.start_checkpoint."
        )
    return None


def _is_of_restoring(error: Exception) -> bool:
    """Whether Lightning was handing out what a checkpoint holds."""
    frames = traceback.extract_tb(error.__traceback__)
    return any(
        frame.filename.endswith("checkpoint_connector.py") and re.search("resume|restore", frame.name)
        for frame in frames
    )


def _chain(error: BaseException) -> list[BaseException]:
    """An exception and its causes, the first one last.

    One cause may be another's: ``raise known from error`` of a known one found among the causes of ``error``.
    """
    found = [error]
    while (cause := found[-1].__cause__) is not None and cause not in found:
        found.append(cause)
    return found


def _first_line(error: BaseException) -> str:
    return (str(error).strip().partition("\n")[0] or type(error).__name__).rstrip(".")
