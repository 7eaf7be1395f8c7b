"""Brings *desired* up to date for stale displays."""

from gateway.sync.chunk import PRODUCTS_IN_A_CHUNK_MAX, Chunk, ChunkProduct, ChunkResult
from gateway.sync.label_of import Label, label_of
from gateway.sync.service import Sync

__all__ = ["PRODUCTS_IN_A_CHUNK_MAX", "Chunk", "ChunkProduct", "ChunkResult", "Label", "Sync", "label_of"]
