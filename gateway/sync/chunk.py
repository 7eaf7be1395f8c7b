"""The display-sync chunk: up to 1,000 products as *state*, never as a command.

Rule: a consumer may get a chunk late, twice or out of order; only product versions decide. Source: POS contract,
"chunks of 1,000", and docs/architecture.md.
"""

from typing import NamedTuple

from msgspec import Struct

PRODUCTS_IN_A_CHUNK_MAX = 1_000  # fixed by the POS contract


class ChunkProduct(NamedTuple):
    """A product after saving, by its number and version in the shop's own catalogue."""

    product_id: int
    barcode: str
    version: int


class Chunk(Struct, frozen=True):
    """`session_id` is null for single updates; `index` counts from 0 to `of` - 1."""

    chunk_id: str
    store_id: str
    session_id: str | None
    index: int
    of: int
    products: tuple[ChunkProduct, ...]


class ChunkResult(Struct, frozen=True):
    """`displays_handled`: those whose *desired* follows from the chunk; `refused`: ids of those that show no price."""

    chunk_id: str
    displays_total: int
    displays_handled: int
    refused: tuple[str, ...]
