"""Entropy coding: integer symbols and integer tables <-> bytes. No float decides anything, no torch."""

from litcodec.coding.information import information
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
    "PRECISION",
    "SYMBOL_MAX",
    "Encoded",
    "IntegerTables",
    "RangeCoder",
    "StringDecoder",
    "StringEncoder",
    "build_tables",
    "check_tables",
    "information",
    "quantise_pmf",
]
