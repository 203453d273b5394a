"""What was read, from where, as what, and what became of it."""

from dataclasses import dataclass, field
from typing import Any

from houselights.ingest.sample import shown

_LACKS = {
    "text": ("text", "this export lacks the text of posts, so no texts can be compared"),
    "link": ("urls", "this export lacks the links of posts"),
    "hashtags": ("hashtags", "this export lacks the hashtags of posts"),
    "repost": ("repost_of", "this export lacks the id of the reposted message, so reposts are matched by text"),
    "quote": ("quote_of", "this export lacks the id of the quoted message, so quotes cannot be compared"),
    "reply": ("reply_to", "this export lacks the id of the answered message, so answers cannot be compared"),
    "media": ("media", "this export lacks the attached pictures and films"),
    "mention": ("mentions", "this export lacks who is mentioned"),
}


@dataclass(frozen=True)
class SourceReport:
    """One input file. `rows_read` = accepted + rejected + filtered (outside --since/--until)."""

    file: str
    sha256: str
    n_bytes: int
    format: str
    container: str  # CSV, TSV, JSON or Parquet
    reason: str
    confidence: float  # 0 to 1; 1 when the user named the format
    columns: dict[str, str]  # our column -> the file's column
    notes: tuple[str, ...]
    precision: str  # of most accepted posts
    precisions: dict[str, int]
    fields_present: frozenset[str]
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    rows_filtered: int
    rejected_by_rule: dict[str, int] = field(default_factory=dict)

    @property
    def lacks(self) -> dict[str, str]:
        """What the export cannot tell and what follows, by the kind of trace it concerns."""
        return {kind: sentence for kind, (column, sentence) in _LACKS.items() if column not in self.fields_present}

    @property
    def guess(self) -> str:
        """One line for the user: what the file was taken for."""
        columns = ", ".join(f"{ours}={shown(theirs)}" for ours, theirs in self.columns.items())
        stamps = {"us": "microsecond", "ms": "millisecond", "s": "second", "min": "minute", "day": "day"}[
            self.precision
        ]
        mapped = f" ({columns})" if columns else ""
        notes = "".join(f"; {note}" for note in self.notes)
        sure = "as told" if self.confidence == 1 else f"{self.confidence:.0%} sure"
        return f"{self.file}: {self.format} {self.container}, {sure}{mapped}, {stamps} stamps{notes}"


@dataclass(frozen=True)
class IngestReport:
    """All inputs. `fields_present`: target columns that at least one input can hold; a channel that needs another is skipped out loud."""

    sources: tuple[SourceReport, ...]

    @staticmethod
    def told(kept: dict[str, Any]) -> "IngestReport":
        """The report whose fields were kept as JSON."""
        as_types = (
            (s, {"notes": tuple(s["notes"]), "fields_present": frozenset(s["fields_present"])}) for s in kept["sources"]
        )
        return IngestReport(tuple(SourceReport(**{**source, **typed}) for source, typed in as_types))

    @property
    def rows_read(self) -> int:
        return sum(s.rows_read for s in self.sources)

    @property
    def rows_accepted(self) -> int:
        return sum(s.rows_accepted for s in self.sources)

    @property
    def rows_rejected(self) -> int:
        return sum(s.rows_rejected for s in self.sources)

    @property
    def rows_filtered(self) -> int:
        return sum(s.rows_filtered for s in self.sources)

    @property
    def rejected_by_rule(self) -> dict[str, int]:
        total: dict[str, int] = {}
        for source in self.sources:
            for rule, n in source.rejected_by_rule.items():
                total[rule] = total.get(rule, 0) + n
        return dict(sorted(total.items()))

    @property
    def precision_mix(self) -> dict[str, int]:
        """Accepted posts by what their time stamps really know."""
        mix: dict[str, int] = {}
        for source in self.sources:
            for precision, n in source.precisions.items():
                mix[precision] = mix.get(precision, 0) + n
        return mix

    @property
    def fields_present(self) -> frozenset[str]:
        return frozenset().union(*(s.fields_present for s in self.sources))
