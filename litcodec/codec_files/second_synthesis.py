"""Files of a second synthesis: what decodes the streams of one codec with more realism.

One holds the weights of g_s alone and the fingerprint of the codec whose streams it decodes. It lies beside
that codec's file: ``NAME-realism.safetensors`` beside ``NAME.safetensors``. The codec's own file, its streams
and its fingerprint stay as they are.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save

from litcodec.codec_files.description import build_codec
from litcodec.codec_files.safetensors_file import load_codec, narrowed, read_safetensors
from litcodec.codec_files.unfreeze import NOT_KEPT, unfreeze
from litcodec.codecs import Codec
from litcodec.errors import ArchitectureError, CodecFileError, FreezeError
from litcodec.frozen import FrozenCodec

FORMAT = "litcodec-synthesis"
VERSION = 1
SYNTHESIS = "g_s"  # the part of a codec, by name
# Of a tensor's largest value: averages of weights that never change are off by float32's rounding, by up to
# 8e-7 after 500 steps of EMA.
ROUNDING = 1e-5


def synthesis_beside(codec_file: Path) -> Path:
    """Where the second synthesis of a codec file lies."""
    return codec_file.with_name(f"{codec_file.stem}-realism{codec_file.suffix}")


def synthesis_bytes(codec: FrozenCodec, trained: FrozenCodec) -> bytes:
    """The content of a file.

    Args:
        codec: whose streams are to be decoded.
        trained: whose synthesis decodes them.

    Raises:
        FreezeError: if it does not fit.
    """
    tensors = trained.synthesis_tensors()
    second = codec.with_second_synthesis(tensors).second_fingerprint
    assert second is not None
    about = {
        "format": FORMAT,
        "version": VERSION,
        "decodes": codec.fingerprint.hex(),
        "fingerprint": second.hex(),
    }
    plain = {name: narrowed(tensor.detach().cpu().contiguous()) for name, tensor in tensors.items()}
    return save(plain, metadata={"litcodec": json.dumps(about)})


def with_synthesis_beside(codec: FrozenCodec, codec_file: Path) -> FrozenCodec:
    """A codec with the second synthesis that lies beside its file; decodes as before until ``at_realism``.

    Args:
        codec: that ``codec_file`` holds.
        codec_file: its path.

    Raises:
        CodecFileError: if there is none, or it is damaged or of another codec.
    """
    path = synthesis_beside(codec_file)
    if not path.exists():
        raise CodecFileError(
            f"{codec_file} has no second synthesis beside it, {path.name}, so no realism to choose. Leave "
            "realism out, or train one: configs/adversarial/realism.yaml."
        )
    about, tensors = read_safetensors(path)
    if about.get("format") != FORMAT or about.get("version") != VERSION:
        raise CodecFileError(
            f"{path} is not a second synthesis that this litcodec reads. Make one with: litcodec export "
            f"CHECKPOINT {path.name} --realism-of {codec_file}."
        )
    if about.get("decodes") != codec.fingerprint.hex():
        raise CodecFileError(
            f"{path} decodes streams of codec {str(about.get('decodes'))[:16]}, not of {codec_file}, "
            f"which is {codec.fingerprint.hex()}. Put each beside the codec file that it was trained for."
        )
    try:
        found = codec.with_second_synthesis(tensors)
    except FreezeError as error:
        raise CodecFileError(f"{path} is damaged: {error}") from error
    assert found.second_fingerprint is not None
    if found.second_fingerprint.hex() != about.get("fingerprint"):
        raise CodecFileError(f"{path} is damaged: its content does not match its fingerprint.")
    return found


def load_with_synthesis(codec_file: Path, realism: float) -> FrozenCodec:
    """The codec of a file, its decoder set to a realism, 0 to 1; 0 takes no second synthesis.

    Raises:
        CodecFileError: as ``load_codec`` and ``with_synthesis_beside`` do.
        ShapeError: if there is no such realism.
    """
    codec = load_codec(codec_file)
    return codec if realism == 0 else with_synthesis_beside(codec, codec_file).at_realism(realism)


def check_synthesis_alone_trained(trained: Codec, codec: FrozenCodec) -> None:
    """Check that a codec in training differs from the one it started from in its synthesis alone.

    Args:
        trained: of a checkpoint, started from ``codec``; of variable rate, its range may be narrower.
        codec: whose streams its synthesis is to decode.

    Raises:
        CodecFileError: if anything else has changed; the text goes on after the name of the checkpoint.
        FreezeError: if ``codec`` lacks its encoder.
    """
    started = build_codec(codec.architecture._asdict())
    expected = build_codec(trained.architecture._asdict())
    unfreeze(started, codec, tables=False)
    try:
        # One of a single rate has taken gains into its transforms.
        if set(started.parts) != set(expected.parts):
            raise ArchitectureError("its parts are others.")
        expected.start_from(started, lmbda=0.0)
    except ArchitectureError as error:
        raise CodecFileError(
            f"holds a {trained.architecture.name} whose synthesis does not decode streams of this "
            f"{codec.architecture.name}. Train it from model.start_checkpoint of that codec."
        ) from error
    found = trained.state_dict()
    for name, weight in expected.state_dict().items():
        words = set(name.split("."))
        if words & {SYNTHESIS, *NOT_KEPT}:
            continue
        if not torch.allclose(found[name], weight, rtol=0, atol=ROUNDING * float(weight.abs().max())):
            raise CodecFileError(
                f"has another {name} than the codec, whose streams it could not decode. Train g_s alone: "
                "model.phases [{train: [g_s], ...}], from model.start_checkpoint of that codec."
            )
