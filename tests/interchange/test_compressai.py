"""Every form of CompressAI's checkpoints gives the same codec; what is none of them is refused by name."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
import torch
from torch import Tensor

from litcodec.codecs import (
    Cheng2020,
    Codec,
    FactorizedPrior,
    JointAutoregressive,
    MeanScaleHyperprior,
    ScaleHyperprior,
)
from litcodec.compressai_models import COMPRESSAI_MODELS
from litcodec.errors import CodecFileError
from litcodec.interchange import codec_from_compressai, import_compressai

State = dict[str, Tensor]
OURS: dict[str, type[Codec]] = {
    "bmshj2018-factorized": FactorizedPrior,
    "bmshj2018-hyperprior": ScaleHyperprior,
    "mbt2018-mean": MeanScaleHyperprior,
    "mbt2018": JointAutoregressive,
    "cheng2020-anchor": Cheng2020,
    "cheng2020-attn": Cheng2020,
}


def as_published(state: State) -> State:
    """The names of the published checkpoints."""
    words = (("matrices.", "_matrix"), ("biases.", "_bias"), ("factors.", "_factor"))
    for new, old in words:
        state = {name.replace(f"bottleneck.{new}", f"bottleneck.{old}"): t for name, t in state.items()}
    return state


def as_at_first(state: State) -> State:
    """The names before."""
    for word in ("matrices", "biases", "factors"):
        state = {name.replace(f"bottleneck.{word}.", f"bottleneck._{word}."): t for name, t in state.items()}
    return state


def as_parallel(state: State) -> State:
    return {f"module.{name}": tensor for name, tensor in state.items()}


def as_updated(state: State) -> State:
    """After ``update()``, with tables."""
    tables = {f"{model}._quantized_cdf": torch.ones(4, 9).int() for model in MODELS}
    return {**state, **tables, "gaussian_conditional.scale_table": torch.ones(64)}


def as_halved(state: State) -> State:
    return {name: tensor.bfloat16().double() for name, tensor in state.items()}


def as_bare(state: State) -> State:
    """Without buffers."""
    return {name: tensor for name, tensor in state.items() if not name.startswith("gaussian_conditional")}


MODELS = ("entropy_bottleneck", "gaussian_conditional")
FORMS = [as_published, as_at_first, as_parallel, as_updated, as_bare]


@pytest.mark.parametrize("form", FORMS)
def test_all_spellings_give_the_same_weights(form: Callable[[State], State], state: State) -> None:
    expected = codec_from_compressai(state, "mbt2018-mean").codec.state_dict()
    spelt = form(state)
    assert {name: t.shape for name, t in spelt.items()} != {name: t.shape for name, t in state.items()}
    found = codec_from_compressai(spelt, "mbt2018-mean").codec.state_dict()
    assert list(found) == list(expected)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_weights_of_other_precision_become_float32(state: State) -> None:
    codec = codec_from_compressai(as_halved(state), "mbt2018-mean").codec
    assert {tensor.dtype for tensor in codec.state_dict().values()} == {torch.float32}
    assert torch.equal(codec.g_a[0].weight, state["g_a.0.weight"].bfloat16().float())


@pytest.mark.parametrize(("N", "M"), [(8, 12), (12, 8), (10, 15)])
@pytest.mark.parametrize("architecture", COMPRESSAI_MODELS)
def test_sizes_are_told_by_the_shapes(architecture: str, N: int, M: int) -> None:
    residual = {"N": N, "attention": architecture == "cheng2020-attn", "K": 1}
    sizes = residual if OURS[architecture] is Cheng2020 else {"N": N, "M": M}
    ours = OURS[architecture](**sizes).eval()
    theirs = {
        name.replace("density.", "entropy_bottleneck."): tensor for name, tensor in ours.state_dict().items()
    }
    imported = codec_from_compressai(theirs, architecture)
    assert type(imported.codec) is OURS[architecture]
    assert imported.codec.architecture == ours.architecture
    assert imported.median_shift is None
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(imported.codec(x).x_hat, ours(x).x_hat)


@pytest.mark.parametrize(("actual", "asked"), list(permutations(COMPRESSAI_MODELS, 2)))
def test_another_architecture_is_recognised(actual: str, asked: str, golden: Path) -> None:
    path = golden / f"{actual}.pth.tar"
    with pytest.raises(CodecFileError) as caught:
        import_compressai(path, asked)
    N, M = (6, 6) if actual.startswith("cheng2020") else (8, 12)
    assert str(caught.value) == (
        f"{path} has the layers of {actual} (N={N}, M={M}), not of {asked}. Use --arch {actual}."
    )


@pytest.mark.parametrize(
    ("key", "model"),
    [
        ("Gain", "a variable-rate model (*-vbr)"),
        ("latent_codec.y.channel_context.y1.0.weight", "elic2022"),
        ("latent_codec.y.context_prediction.weight", "cheng2020-anchor-checkerboard"),
    ],
)
def test_models_that_are_not_covered_are_named(key: str, model: str, state: State) -> None:
    with pytest.raises(CodecFileError) as caught:
        codec_from_compressai({**state, key: torch.ones(8)}, "mbt2018-mean")
    assert str(caught.value) == f"holds {model}; what can be imported: {', '.join(COMPRESSAI_MODELS)}."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gain": torch.ones(3)}, "has an unknown key, 'gain'."),
        ({"g_a.8.weight": torch.ones(3)}, "has an unknown key, 'g_a.8.weight'."),
        (
            {"entropy_bottleneck.matrices.5": torch.ones(3)},
            "has an unknown key, 'entropy_bottleneck.matrices.5'.",
        ),
        ({"g_s.3.beta": None}, "lacks 'g_s.3.beta', one of 1 missing keys."),
        (
            {"entropy_bottleneck.factors.0": None, "g_a.0.bias": None},
            "lacks 'g_a.0.bias', one of 2 missing keys.",
        ),
        (
            {"g_a.2.weight": torch.ones(8, 8, 3, 3)},
            "has torch.float32 (8, 8, 3, 3) under 'g_a.2.weight' instead of floats (8, 8, 5, 5).",
        ),
        (
            {"g_a.0.bias": torch.ones(8, dtype=torch.int8)},
            "has torch.int8 (8,) under 'g_a.0.bias' instead of floats (8,).",
        ),
        (
            {"gaussian_conditional.lower_bound_scale.bound": torch.tensor([0.5])},
            "bounds its scales at [0.5]; ours are bounded at 0.11.",
        ),
        (
            {"entropy_bottleneck.quantiles": torch.zeros(8, 3)},
            "has (8, 3) under 'entropy_bottleneck.quantiles'; no (8, 1, 3).",
        ),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Tensor | None], words: str, state: State) -> None:
    changed = {name: tensor for name, tensor in {**state, **changes}.items() if tensor is not None}
    with pytest.raises(CodecFileError) as caught:
        codec_from_compressai(changed, "mbt2018-mean")
    assert str(caught.value) == words


@pytest.mark.parametrize("first", ["features.0.weight", "g_a.0.conv1.weight", "g_a.0.weight"])
def test_foreign_networks_are_of_none_of_the_architectures(first: str) -> None:
    with pytest.raises(CodecFileError) as caught:
        codec_from_compressai({first: torch.zeros(64, 3)}, "mbt2018")
    assert all(name in str(caught.value) for name in (*COMPRESSAI_MODELS, first))


def test_the_distance_of_learned_medians_is_told(state: State) -> None:
    assert codec_from_compressai(state, "mbt2018-mean").median_shift == pytest.approx(0, abs=1e-5)
    state["entropy_bottleneck.quantiles"][3, 0, 1] += 0.25
    assert codec_from_compressai(state, "mbt2018-mean").median_shift == pytest.approx(0.25, abs=1e-5)


def test_what_lies_under_the_mask_of_a_context_model_is_not_seen(golden: Path) -> None:
    """Training moves these weights; CompressAI masks them away before it uses them."""
    state = dict(torch.load(golden / "mbt2018.pth.tar", weights_only=True)["state_dict"])
    weight, mask = state["context_prediction.weight"], state["context_prediction.mask"]
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    clean = codec_from_compressai({**state, "context_prediction.weight": weight * mask}, "mbt2018").codec
    dirty = codec_from_compressai({**state, "context_prediction.weight": weight + 1 - mask}, "mbt2018").codec
    assert dirty.freeze().compress(x) == clean.freeze().compress(x)
