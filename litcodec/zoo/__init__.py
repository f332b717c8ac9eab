"""The trained codecs that ship with litcodec. Knows files and cards, and imports nothing heavy."""

from litcodec.zoo.cards import (
    Card,
    Kodak,
    Lossless,
    Training,
    codec_path,
    default_card,
    lossless_card,
    packaged_cards,
    packaged_codec,
)

__all__ = [
    "Card",
    "Kodak",
    "Lossless",
    "Training",
    "codec_path",
    "default_card",
    "lossless_card",
    "packaged_cards",
    "packaged_codec",
]
