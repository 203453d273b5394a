"""Where frames come from: one file each. A source goes on from a position, which is committed with what came of its frames."""

from houselights.watch.sources.base import Chunk, Source
from houselights.watch.sources.choose import open_source

__all__ = ["Chunk", "Source", "open_source"]
