"""Entropy coding: integer symbols and integer tables <-> bytes. No float decides anything, no torch."""

from litcodec.coding.binary_masks import decode_mask, encode_mask, mask_bits
from litcodec.coding.choices import ChoiceDecoder, ChoiceEncoder, choice_bits, choice_weights
from litcodec.coding.information import information
from litcodec.coding.least_bits import check_length, least_bits
from litcodec.coding.logistics import (
    LEVEL_MAX,
    LevelDecoder,
    LevelEncoder,
    Logistics,
    bits_of_digits,
    digits_of,
    logistics_of,
    sigmoid,
)
from litcodec.coding.mixture_blocks import MixtureBlockCoder
from litcodec.coding.mixture_tables import COMPONENTS_MAX, MixtureTables
from litcodec.coding.range_coder import Encoded, RangeCoder, StringDecoder, StringEncoder
from litcodec.coding.tables import (
    PRECISION,
    SYMBOL_MAX,
    IntegerTables,
    build_tables,
    check_tables,
    quantise_pmf,
)

__all__ = [
    "COMPONENTS_MAX",
    "LEVEL_MAX",
    "PRECISION",
    "SYMBOL_MAX",
    "ChoiceDecoder",
    "ChoiceEncoder",
    "Encoded",
    "IntegerTables",
    "LevelDecoder",
    "LevelEncoder",
    "Logistics",
    "MixtureBlockCoder",
    "MixtureTables",
    "RangeCoder",
    "StringDecoder",
    "StringEncoder",
    "bits_of_digits",
    "build_tables",
    "check_length",
    "check_tables",
    "choice_bits",
    "choice_weights",
    "decode_mask",
    "digits_of",
    "encode_mask",
    "information",
    "least_bits",
    "logistics_of",
    "mask_bits",
    "quantise_pmf",
    "sigmoid",
]
