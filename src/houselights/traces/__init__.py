"""What each post points at: link, repost, quote, reply, hashtags, text, media, mention."""

from houselights.traces.table import TraceReport, build

__all__ = ["TraceReport", "build"]
