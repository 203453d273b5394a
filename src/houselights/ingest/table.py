"""Rows with named columns (CSV, flat JSON, Parquet) -> the raw rows that `accept` takes, through a mapping our column -> file column."""

from dataclasses import dataclass, field

from houselights.ingest.accept import raw_select

TIMES = {"created_at": "created", "author_created_at": "author_created", "collected_at": "collected"}
LISTS = ("urls", "hashtags", "mentions")
MEDIA_TYPE = 'STRUCT("type" VARCHAR, url VARCHAR, hash VARCHAR, alt VARCHAR)[]'  # our own; others are not read
METRICS = ("reposts", "replies", "likes", "quotes", "views")
TARGETS = (
    *("post_id", "platform", "author_id", "author_handle", "author_name", "author_created_at", "author_followers"),
    *("created_at", "collected_at", "text", "lang", "urls", "hashtags", "mentions", "reply_to", "reply_to_author"),
    *(
        "thread_id",
        "repost_of",
        "repost_of_author",
        "quote_of",
        "quote_of_author",
        "client",
        "url",
        "kind",
        "media",
        "precision",
    ),
    *METRICS,
)


@dataclass(frozen=True)
class Rows:
    """A relation with columns `line, rule, detail` and, for each file column, an expression and its DuckDB type."""

    relation: str
    expressions: dict[str, str]
    types: dict[str, str] = field(default_factory=dict)  # VARCHAR where not given

    def text(self, column: str) -> str:
        """The column as text; whole floats below 2^53 lose their '.0', others keep the exponent that betrays them."""
        expression, type_ = self.expressions[column], self.types.get(column, "VARCHAR")
        if type_ in ("VARCHAR", "JSON"):
            return f"CAST({expression} AS VARCHAR)"
        if type_ in ("DOUBLE", "FLOAT"):
            whole = f"isfinite({expression}) AND {expression} = trunc({expression}) AND abs({expression}) < 9007199254740992"
            return f"CASE WHEN {whole} THEN CAST(CAST({expression} AS BIGINT) AS VARCHAR) ELSE CAST({expression} AS VARCHAR) END"
        if type_.startswith("DECIMAL"):
            return f"regexp_replace(CAST({expression} AS VARCHAR), '[.]0+$', '')"
        if type_.startswith("TIMESTAMP"):
            return f"CAST({_in_our_days(expression, type_)} AS VARCHAR)"
        if type_ == "BLOB":
            return f"decode({expression}, 'replace')"
        return f"CAST({expression} AS VARCHAR)"

    def named(self, name: str) -> str | None:
        """The column of this name as text, whatever its case and the blanks around it."""
        column = next((c for c in self.expressions if c.strip().lower() == name.lower()), None)
        return None if column is None else self.text(column)

    def list_of(self, column: str, target: str) -> str:
        """The column as VARCHAR[]: a real list, or text such as `[a, b]`, `["a"]`, `a b`, `a,b`."""
        type_ = self.types.get(column, "VARCHAR")
        if type_ == "VARCHAR[]":
            return self.expressions[column]
        if type_.endswith("[]") and "STRUCT" not in type_:
            return f"CAST({self.expressions[column]} AS VARCHAR[])"
        return _split(self.text(column), target)


def _split(text: str, target: str) -> str:
    keys = {
        "urls": "expanded_url|expanded|url",
        "hashtags": "tag|text|name",
        "mentions": "id|id_str|username|screen_name",
    }[target]
    inside = f'regexp_extract_all({text}, \'"(?:{keys})"\\s*:\\s*"([^"]+)"\', 1)'
    bare = f"regexp_replace({text}, '^\\[|\\]$|[\"'']', '', 'g')"
    if target == "urls":  # a comma may stand inside a link: only one before a scheme separates
        bare = f"regexp_replace({bare}, '[,;|]\\s*(https?://)', ' \\1', 'g')"
        parts = f"list_transform(regexp_split_to_array({bare}, '\\s+'), lambda u: rtrim(u, ',;|'))"
    else:
        parts = f"list_transform(regexp_split_to_array({bare}, '[\\s,;|]+'), lambda x: ltrim(x, '#@'))"
    empty = f"{text} IS NULL OR trim({text}) IN ('', '[]', 'nan', 'None', 'null', 'NaN')"
    return f"CASE WHEN {empty} THEN [] WHEN starts_with({text}, '[{{') THEN {inside} ELSE list_filter({parts}, lambda x: x <> '') END"


def raw_rows(rows: Rows, mapping: dict[str, str], extra: dict[str, str] | None = None) -> str:
    """SQL text of the raw rows. `extra`: raw column -> expression, over what the mapping gives."""
    columns = {"line": "line", "rule": "rule", "detail": "detail"}
    for target, column in mapping.items():
        if target in METRICS or (target == "media" and rows.types.get(column) != MEDIA_TYPE):
            continue
        if target == "media":
            columns[target] = rows.expressions[column]
        elif target in LISTS:
            columns[target] = rows.list_of(column, target)
        elif target == "created_at" and (typed := typed_time(rows, column)):
            columns["created_at"] = typed
        else:
            columns[TIMES.get(target, target)] = rows.text(column)
    counts = {m: f"try_cast(try_cast({rows.text(mapping[m])} AS DOUBLE) AS BIGINT)" for m in METRICS if m in mapping}
    if counts:
        struct = "{" + ", ".join(f"'{m}': {counts.get(m, 'NULL::BIGINT')}" for m in METRICS) + "}"
        columns["metrics"] = f"CASE WHEN coalesce({', '.join(counts.values())}) IS NOT NULL THEN {struct} END"
    return raw_select(columns | (extra or {}), rows.relation)


def typed_time(rows: Rows, column: str) -> str | None:
    """TIMESTAMP expression when the column has a time type; NULL on infinity and far beyond our days."""
    type_, expression = rows.types.get(column, "VARCHAR"), rows.expressions[column]
    if not type_.startswith("TIMESTAMP"):  # a day is read as text, which shows that it is no more than a day
        return None
    return _in_our_days(expression, type_)


def _in_our_days(expression: str, type_: str) -> str:
    """
    A time as TIMESTAMP (UTC), NULL where it is infinite or so far away that DuckDB fails on it. It goes through a number: DuckDB converts every
    value of a Parquet dictionary, also those of rows that a CASE leaves out.
    """
    within = f"{expression} BETWEEN CAST('1900-01-01' AS {type_}) AND CAST('2200-01-01' AS {type_})"
    return f"make_timestamp(CASE WHEN {within} THEN epoch_us({expression}) END)"


def supplied(mapping: dict[str, str]) -> frozenset[str]:
    """Target columns that the format itself supplies."""
    found = {"metrics" if target in METRICS else target for target in mapping}
    return frozenset(found | ({"author_handle"} & set(mapping)))
