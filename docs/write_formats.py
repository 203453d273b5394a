"""Writes docs/formats.md from the registry of readers. A test fails while it is out of date."""

from pathlib import Path

from houselights.ingest import formats

HEAD = """# Formats that are read

Generated from `src/houselights/ingest` by `python docs/write_formats.py`; `houselights formats` prints the same, with `--json` as JSON.

A file's content tells its format, never its name, and any of them may be packed with gzip or zstd. CSV may be an Excel sheet, with the extra `excel`.
JSON may also be pages as an interface gives them: where no format fits a record, the list in it that one fits best holds the posts.
Text is UTF-8 or UTF-16, or an older encoding of Cyrillic, Greek, Hebrew, Arabic, Thai, Chinese, Japanese, Korean, central or western European text, which is guessed and told.
Where two formats fit, or none, the message says what speaks for each or which columns are lacking, and `--format NAME` decides.
`reposts` says whether a repost names the post that it repeats; where it does not, reposts are matched by their text. `accounts` says
whether accounts have an id that no other has, or only a name. `platform` is what a row belongs to that does not say it itself.

| name | what | files | times | reposts | accounts | platform | limits |
|---|---|---|---|---|---|---|---|
"""


def text() -> str:
    return HEAD + "".join(_row(f) for f in formats())


def _row(f: dict[str, object]) -> str:
    reposts = "id" if f["repost_ids"] else "no id"
    accounts = "id" if f["account_ids"] else "name"
    cells = [
        f"`{f['name']}`",
        f["title"],
        f["containers"],
        f["time_precision"],
        reposts,
        accounts,
        f["platform"],
        f["limits"],
    ]
    return f"| {' | '.join(str(c).replace('|', '/') for c in cells)} |\n"


if __name__ == "__main__":
    Path(__file__).with_name("formats.md").write_text(text(), encoding="utf-8")
