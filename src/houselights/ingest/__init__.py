"""Readers: files of any supported format -> posts and rejects."""

from houselights.ingest.read import formats, read_inputs, read_table
from houselights.ingest.report import IngestReport, SourceReport

__all__ = ["IngestReport", "SourceReport", "formats", "read_inputs", "read_table"]
