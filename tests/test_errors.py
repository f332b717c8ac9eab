"""The text of typed errors."""

import pytest

from litcodec.errors import MESSAGE_MAX, CodecFileError, LitcodecError, OutputExists, TooLarge


@pytest.mark.parametrize("kind", [LitcodecError, CodecFileError, OutputExists, TooLarge])
@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "\x00", "\u202eflow", "\ud800", "\x7f", "\r\n"])
def test_a_message_is_one_printable_line_whatever_a_file_is_called(kind: type[LitcodecError], name: str):
    message = str(kind(f"{name} cannot be read."))
    assert message.isprintable()
    assert message.encode().decode() == message
    assert message.endswith(" cannot be read.")


def test_a_megabyte_in_a_name_is_shortened_and_both_ends_stay():
    message = str(CodecFileError(f"codec {'x' * 1_000_000} is unknown; use another."))
    assert len(message) <= MESSAGE_MAX
    assert message.startswith("codec xxx")
    assert message.endswith("is unknown; use another.")


def test_an_ordinary_message_stays_as_it_is():
    text = "/tmp/Ä ß 写真.litc: 3x3 is smaller than 5x5."
    assert str(CodecFileError(text)) == text
