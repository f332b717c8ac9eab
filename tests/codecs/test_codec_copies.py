"""Codecs that were used can be copied, pickled and sent to another process."""

import copy
import multiprocessing
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import litcodec
from litcodec.codecs import Codec, MixtureAutoregressive
from litcodec.frozen import FrozenCodec, from_stream, to_stream
from litcodec.loaded import LoadedCodec

WAYS: dict[str, Callable] = {"copied": copy.deepcopy, "pickled": lambda v: pickle.loads(pickle.dumps(v))}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_used_frozen_codec_can_be_copied_and_pickled(frozen: FrozenCodec, way: Callable, image_like):
    x = image_like(40, 72)
    data = to_stream(frozen, x)
    x_hat = from_stream(frozen, data)
    other = way(frozen)
    assert other.fingerprint == frozen.fingerprint
    assert to_stream(other, x) == data
    assert torch.equal(from_stream(other, data), x_hat)
    assert to_stream(frozen, x) == data, "the codec itself is as it was"


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_trained_codec_can_be_copied_and_pickled(codec: Codec, way: Callable, image_like):
    output = codec(image_like(64, 64))
    (
        output.x_hat.mean() + sum(each.log().mean() for each in output.likelihoods if each is not None)
    ).backward()
    codec.freeze()
    other = way(codec)
    assert other.architecture == codec.architecture
    assert all(map(torch.equal, other.state_dict().values(), codec.state_dict().values()))
    assert other.freeze().fingerprint == codec.freeze().fingerprint


def _work(codec: LoadedCodec | Codec, x: Tensor) -> bytes:
    if isinstance(codec, LoadedCodec):
        return codec.compress(x, quality=30)
    return to_stream(codec.freeze(), x)


def test_used_codecs_are_sent_to_a_spawned_pool(image_like):
    x = image_like(40, 72)
    codecs = [litcodec.load(), MixtureAutoregressive(N=4, M=6)]
    here = [_work(codec, x) for codec in codecs]
    codecs[0].decompress(here[0])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.starmap(_work, [(codec, x) for codec in codecs]) == here
