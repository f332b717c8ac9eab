"""litcodec's exceptions.

LitcodecError
  ShapeError (also ValueError)            a tensor or an option has a shape the operation cannot take
  FreezeError (also ValueError)           a codec cannot be made exact: non-finite weights, bound exceeded
  ArchitectureError (also ValueError)     a class or its arguments cannot be written down or built again
  PluginError (also ImportError)          a plugin cannot be loaded
  DeviceError (also RuntimeError)         there is no such device, or it cannot be used
  CodecFileError (also ValueError)        a codec file or checkpoint is damaged or not litcodec's
  BitstreamError (also ValueError)
    BadMagic                              not a .litc stream at all
    UnsupportedVersion                    a .litc stream of a format this litcodec does not read
    CodecMismatch                         made by another codec than the one given
    Truncated                             shorter than its header says
    Corrupt                               checksum or content is wrong
    TooLarge (also ImageError)            more pixels than the limit allows
  ImageError (also ValueError)
    UnreadableImage                       missing, not an image, damaged
    TooSmallImage                         smaller than the wanted crop
  EmptyDataset (also ValueError)          a folder or a set of shards without a usable photograph
  ShardError (also ValueError)            shards that are damaged, out of reach or not written by litcodec
  OutputExists (also FileExistsError)     refusing to overwrite
  ObjectiveError (also ValueError)        an objective cannot be built, recorded or computed
  OptionError (also ValueError)           an option of training has a value that makes no sense
  CheckpointError (also OSError)          a checkpoint cannot be written
  PhaseError (also ValueError)            training phases contradict themselves, the codec or the trainer
  TrainingDiverged (also RuntimeError)    too many non-finite steps in a row
  BaselineMissing (also RuntimeError)     a baseline codec's library or program is not installed
  BaselineFailed (also RuntimeError)      a baseline codec could not code or decode an image
  CurveError (also ValueError)            two rate-distortion curves cannot be compared
  ResultsError (also ValueError)          a results file is damaged, of another version, or holds too little
  RateError (also ValueError)             a rate that a codec, or no codec, can give an image
  SweepError (also ValueError)            a sweep file cannot be run
"""

MESSAGE_MAX = 1000  # characters; a name or value of a hostile file may have millions


def reason_of(error: BaseException) -> str:
    """What an exception says, on one line; of a file, its name and what is wrong with it."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror[0].lower()}{error.strerror[1:]}."
    return str(error).partition("\n")[0] or type(error).__name__


class LitcodecError(Exception):
    """Base of everything litcodec raises on purpose.

    Its text is one printable line, whatever names and values of a file went into it: control characters and
    lone surrogates are escaped, the middle of a long text is left out.
    """

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) > MESSAGE_MAX:
            text = f"{text[: MESSAGE_MAX * 2 // 3]} … {text[-MESSAGE_MAX // 4 :]}"
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class ShapeError(LitcodecError, ValueError):
    """A tensor or an option has a shape the operation cannot take."""


class FreezeError(LitcodecError, ValueError):
    """A codec cannot be frozen exactly."""


class ArchitectureError(LitcodecError, ValueError):
    """A class or its arguments cannot be written down, or not built again."""


class PluginError(LitcodecError, ImportError):
    """A plugin cannot be loaded."""


class DeviceError(LitcodecError, RuntimeError):
    """There is no such device, or it cannot be used here."""


class CodecFileError(LitcodecError, ValueError):
    """A codec file or checkpoint is damaged or not litcodec's."""


class BitstreamError(LitcodecError, ValueError):
    """A ``.litc`` stream cannot be decoded."""


class BadMagic(BitstreamError):
    """The bytes are not a ``.litc`` stream."""


class UnsupportedVersion(BitstreamError):
    """The stream's format version is unknown."""


class CodecMismatch(BitstreamError):
    """The stream was made by another codec."""


class Truncated(BitstreamError):
    """The stream is shorter than its header says."""


class Corrupt(BitstreamError):
    """A checksum or the content of the stream is wrong."""


class ImageError(LitcodecError, ValueError):
    """An image cannot be used."""


class TooLarge(BitstreamError, ImageError):
    """More pixels than the limit allows."""


class UnreadableImage(ImageError):
    """A file is missing, not an image, or damaged."""


class TooSmallImage(ImageError):
    """An image is smaller than the wanted crop."""


class EmptyDataset(LitcodecError, ValueError):
    """No usable photograph was found."""


class ShardError(LitcodecError, ValueError):
    """A set of shards is damaged, out of reach or not written by ``litcodec prepare``."""


class OutputExists(LitcodecError, FileExistsError):
    """An output is there already and overwriting was not asked for."""


class ObjectiveError(LitcodecError, ValueError):
    """An objective cannot be built, recorded or computed."""


class OptionError(LitcodecError, ValueError):
    """An option of training has a value that makes no sense."""


class CheckpointError(LitcodecError, OSError):
    """A checkpoint cannot be written."""


class PhaseError(LitcodecError, ValueError):
    """Training phases contradict themselves, the codec or the trainer."""


class TrainingDiverged(LitcodecError, RuntimeError):
    """Too many non-finite training steps in a row."""


class BaselineMissing(LitcodecError, RuntimeError):
    """A baseline codec's library or program is not installed."""


class BaselineFailed(LitcodecError, RuntimeError):
    """A baseline codec could not code or decode an image."""


class CurveError(LitcodecError, ValueError):
    """Two rate-distortion curves cannot be compared."""


class ResultsError(LitcodecError, ValueError):
    """A results file is damaged, of another version, or holds too little."""


class RateError(LitcodecError, ValueError):
    """A rate was asked for that a codec cannot give."""


class SweepError(LitcodecError, ValueError):
    """A sweep file cannot be run."""
