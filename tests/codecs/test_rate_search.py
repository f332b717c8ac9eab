import pytest
from tiny_hybrids import tiny_variable_rate

from litcodec.bitstream import pack
from litcodec.errors import RateError
from litcodec.frozen import FrozenVariableRate, to_stream


@pytest.fixture(scope="module")
def frozen(make_lively, image_like) -> FrozenVariableRate:
    return make_lively(tiny_variable_rate, image_like).freeze()


@pytest.fixture(scope="module")
def x(image_like):
    return image_like(75, 101, seed=3)


@pytest.mark.parametrize("level", [0, 1, 77, 254, 255])
def test_a_limit_is_kept_and_one_level_more_would_break_it(frozen, x, level: int):
    limit = len(to_stream(frozen.at(level), x))
    found = frozen.largest_within(x, limit)
    stream, of_level = pack(found, frozen.fingerprint), frozen.level_in(found.strings)
    assert len(stream) <= limit
    assert of_level >= level  # or as many bytes at a higher one
    assert stream == to_stream(frozen.at(of_level), x)
    assert of_level == 255 or len(to_stream(frozen.at(of_level + 1), x)) > limit


def test_an_image_is_analysed_once_and_coded_nine_times_at_most(frozen, x, monkeypatch):
    middle = len(to_stream(frozen, x))
    calls = {"analyse": 0, "encode_latents": 0}
    for name in calls:
        method = getattr(FrozenVariableRate, name)

        def counted(*arguments, name=name, method=method):
            calls[name] += 1
            return method(*arguments)

        monkeypatch.setattr(FrozenVariableRate, name, counted)
    for limit in (middle, 10**9):
        frozen.largest_within(x, limit)
    assert calls["analyse"] == 2
    assert calls["encode_latents"] <= 18


def test_less_than_the_lowest_rate_takes_is_refused_with_its_bytes(frozen, x):
    lowest = len(to_stream(frozen.at(0), x))
    with pytest.raises(RateError, match=f"takes {lowest} bytes for 101x75 pixels, {lowest - 1} are allowed"):
        frozen.largest_within(x, lowest - 1)


def test_bytes_that_fall_with_the_level_do_not_break_the_limit(frozen, x, monkeypatch):
    encode = FrozenVariableRate.encode_latents
    monkeypatch.setattr(FrozenVariableRate, "encode_latents", lambda self, y, k: encode(self, y, k ^ 16))
    sizes = [len(frozen.encode_latents(frozen.analyse(x), k).strings[0]) for k in (128, 144)]
    assert sizes[0] > sizes[1]  # so it is not monotonous
    lengths = [len(to_stream(frozen.at(level), x)) for level in (40, 60, 100, 200)]
    for limit in lengths:
        assert len(pack(frozen.largest_within(x, limit), frozen.fingerprint)) <= limit
