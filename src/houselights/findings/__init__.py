"""Findings: the only room where a sentence about people is written."""

from houselights.findings.findings import write

__all__ = ["write"]
