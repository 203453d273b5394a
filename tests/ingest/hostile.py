"""Files that want to break a reader. Each case: name, bytes, posts that must come out, rejects by rule; or a piece of the sentence it must end in."""

import gzip
import json
from dataclasses import dataclass, field

RECORD_LIMIT = 1 << 20  # the tests lower the reader's limit of 16 MiB to this
HEADER = "id,author_id,created_at,text\n"


@dataclass(frozen=True)
class Case:
    name: str
    data: bytes
    texts: tuple[str, ...] | None = None  # texts of the posts that survive, by id
    rejects: dict[str, int] = field(default_factory=dict)
    reject_lines: tuple[int, ...] | None = None
    sentence: str | None = None


def row(i: int, text: str = "plain words", **extra: object) -> dict[str, object]:
    return {"id": f"p{i}", "author_id": f"a{i}", "created_at": f"2021-05-01T10:00:{i:02d}Z", "text": text} | extra


def lines(*rows: object) -> bytes:
    return b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in rows)


def csv_row(i: int, text: str = "plain words") -> str:
    return f"p{i},a{i},2021-05-01T10:00:{i:02d}Z,{text}\n"


def cases() -> list[Case]:
    return [*json_cases(), *csv_cases(), *encoding_cases(), *sentence_cases()]


def json_cases() -> list[Case]:
    ok = ("plain words", "plain words")
    deep = b'{"id":"p3","author_id":"a","created_at":"2021-05-01","text":' + b"[" * 5000 + b"]" * 5000 + b"}"
    return [
        Case(
            "malformed lines",
            lines(row(1), b'{"id": "p2", "author', row(3), b"not json", b"[1, 2]", b"42", b"null"),
            ok,
            {"malformed_json": 5},
            (2, 4, 5, 6, 7),
        ),
        Case("malformed first line", lines(b'{"id": broken', row(1), row(2)), ok, {"malformed_json": 1}, (1,)),
        Case("blank lines keep numbers", lines(row(1), b"", b"   ", row(2), b"{"), ok, {"malformed_json": 1}, (5,)),
        Case("no last line end", lines(row(1), row(2)).rstrip(b"\n"), ok),
        Case("windows line ends", lines(row(1), row(2)).replace(b"\n", b"\r\n"), ok),
        Case("truncated last line", lines(row(1), row(2), row(3))[:-30], ok, {"malformed_json": 1}, (3,)),
        Case("long line", lines(row(1), row(2, "x" * (RECORD_LIMIT + 9)), row(3)), ok, {"line_too_long": 1}, (2,)),
        Case("very long line", lines(row(1), row(2, "x" * (5 * RECORD_LIMIT)), row(3)), ok, {"line_too_long": 1}, (2,)),
        Case(
            "very long last line",
            lines(row(1), row(3), row(2, "x" * (5 * RECORD_LIMIT)))[:-1],
            ok,
            {"line_too_long": 1},
            (3,),
        ),
        Case(
            "lone surrogates",
            lines(row(1, "a\ud800b"), row(2, "pair \U0001f600 low \udc00")),
            ("a\ufffdb", "pair \U0001f600 low \ufffd"),
        ),
        Case(
            "NUL inside a string",
            lines(row(1)).replace(b"plain", b"pl\0in") + lines(row(2)),
            ("pl\ufffdin words", "plain words"),
        ),
        Case("escaped NUL", lines(row(1, "a\0b"), row(2)), ("a\0b", "plain words")),
        Case("tail of NULs", lines(row(1), row(2)) + b"\0" * 5000, ok, {"malformed_json": 1}, (3,)),
        Case("deep nesting", lines(row(1), row(2), deep), (*ok, "[" * 5000 + "]" * 5000)),
        Case(
            "nothing but nulls",
            lines(row(1), row(2), {"id": None, "author_id": None, "created_at": None, "text": None}),
            ok,
            {"missing_post_id": 1},
            (3,),
        ),
        Case(
            "missing keys",
            lines(
                row(1), row(2), {"id": "p3", "author_id": "a"}, {"id": "p4", "created_at": "2021-05-01", "text": "x"}
            ),
            ok,
            {"missing_time": 1, "missing_author": 1},
        ),
        Case(
            "times nobody can parse",
            lines(
                row(1),
                row(2),
                row(3, created_at="yesterday"),
                row(4, created_at="2021-02-30"),
                row(5, created_at="infinity"),
            ),
            ok,
            {"unparseable_time": 3},
        ),
        Case(
            "clocks out of range",
            lines(row(1), row(2), row(3, created_at="1970-01-01"), row(4, created_at="2999-01-01T00:00:00Z")),
            ok,
            {"time_out_of_range": 2},
        ),
        Case(
            "numbers as ids",
            lines(row(1) | {"id": 9007199254740993}, row(2) | {"id": 123456789012345678901234567890}),
            ok,
        ),
        Case(
            "floats as ids",
            lines(row(1), row(2), b'{"id":1.2345678e18,"author_id":"a","created_at":"2021-05-01","text":"x"}'),
            ok,
            {"lossy_id": 1},
            (3,),
        ),
        Case("duplicates", lines(row(1), row(2), row(1), row(1)), ok, {"duplicate_post": 2}),
        Case("array", json.dumps([row(1), row(2)]).encode(), ok),
        Case("indented array", json.dumps([row(1), row(2)], indent=2).encode(), ok),
        Case("indented objects", (json.dumps(row(1), indent=2) + "\n" + json.dumps(row(2), indent=2)).encode(), ok),
        Case("array cut after an element", json.dumps([row(1), row(2)]).encode()[:-1], ok, {"truncated_file": 1}, (3,)),
        Case(
            "array cut after a comma",
            json.dumps([row(1), row(2)], indent=1).encode()[:-2] + b" ,\n",
            ok,
            {"truncated_file": 1},
            (3,),
        ),
        Case("array cut off", json.dumps([row(1), row(2), row(3)]).encode()[:-40], ok, {"malformed_json": 1}, (3,)),
        Case(
            "array with a broken element",
            b"[" + b",\n".join([lines(row(1)).strip(), b'{"id": oops}', lines(row(2)).strip()]) + b"]",
            ok,
            {"malformed_json": 1},
            (2,),
        ),
        Case(
            "array with an open string",
            b"[\n" + b",\n".join([lines(row(1)).strip(), b'{"id": "oops}', lines(row(2)).strip()]) + b"\n]",
            ok,
            {"malformed_json": 1},
            (2,),
        ),
        Case(
            "braces and quotes in strings",
            json.dumps([row(1, 'a } ] " \\ { ['), row(2, "\\")]).encode(),
            ('a } ] " \\ { [', "\\"),
        ),
    ]


def csv_cases() -> list[Case]:
    ok = ("plain words", "plain words")

    def table(*rows: str) -> bytes:
        return (HEADER + "".join(rows)).encode()

    return [
        Case(
            "short and long rows",
            table(csv_row(1), "p2,a2\n", csv_row(3), "p4,a4,2021-05-01,x,y\n"),
            ok,
            {"malformed_csv_row": 2},
            (3, 5),
        ),
        Case(
            "quote never closed",
            table(csv_row(1), 'p2,a2,2021-05-01,"open\n', csv_row(3)),
            ok,
            {"malformed_csv_row": 1},
            (3,),
        ),
        Case(
            "quote in the middle", table(csv_row(1, "5'10\" tall"), csv_row(2, 'a "b" c')), ("5'10\" tall", 'a "b" c')
        ),
        Case(
            "line ends in quotes",
            table(csv_row(1, '"two\nlines, ""quoted"""'), "p2\n", csv_row(3)),
            ('two\nlines, "quoted"', "plain words"),
            {"malformed_csv_row": 1},
            (4,),
        ),
        Case("blank lines", table(csv_row(1), "\n", "\n", csv_row(2), "bad\n"), ok, {"malformed_csv_row": 1}, (6,)),
        Case("formula cells", table(csv_row(1, "=HYPERLINK(1)"), csv_row(2, "+1@x")), ("=HYPERLINK(1)", "+1@x")),
        Case(
            "markup and direction marks",
            table(csv_row(1, "<b>x</b> &amp;"), csv_row(2, "\u202eabc\u200bd")),
            ("<b>x</b> &amp;", "\u202eabc\u200bd"),
        ),
        Case("trailing empty fields", table(csv_row(1).replace("\n", ",,\n"), csv_row(2)), ok),
        Case("old line ends", table(csv_row(1), csv_row(2)).replace(b"\n", b"\r"), ok),
        Case("windows line ends in a table", table(csv_row(1), csv_row(2)).replace(b"\n", b"\r\n"), ok),
        Case(
            "a lone CR in a field",
            table(csv_row(1, "a\rb"), csv_row(2), "bad\rrow\n"),
            ("a b", "plain words"),
            {"malformed_csv_row": 1},
            (4,),
        ),
        Case(
            "line separators in text",
            table(csv_row(1, "a\u2028b"), "short\n", csv_row(2)),
            ("a\u2028b", "plain words"),
            {"malformed_csv_row": 1},
            (3,),
        ),
        Case(
            "NUL in a table",
            table(csv_row(1), csv_row(2)).replace(b"plain words\np2", b"pl\0in words\np2"),
            ("pl\ufffdin words", "plain words"),
        ),
        Case(
            "null words in ids",
            table(csv_row(1), csv_row(2), "nan,a,2021-05-01,x\n", "p9,NULL,2021-05-01,x\n"),
            ok,
            {"missing_post_id": 1, "missing_author": 1},
        ),
        Case(
            "rounded ids here and there",
            table(csv_row(1), csv_row(2), csv_row(4), "1.23457E+18,a,2021-05-01,x\n"),
            (*ok, "plain words"),
            {"lossy_id": 1},
        ),
        Case("Excel's first line", b"sep=;\n" + table(csv_row(1), csv_row(2)).replace(b",", b";"), ok),
        Case(
            "a field over the limit",
            table(csv_row(1), csv_row(2, "z" * (RECORD_LIMIT + 9)), csv_row(3)),
            ok,
            {"line_too_long": 1},
            (3,),
        ),
    ]


def encoding_cases() -> list[Case]:
    text = HEADER + csv_row(1, "café déjà vu") + csv_row(2, "naïve façade")
    words = ("café déjà vu", "naïve façade")
    return [
        Case("latin-1", text.encode("latin-1"), words),
        Case("UTF-8 with mark", text.encode("utf-8-sig"), words),
        Case("UTF-16 with mark", text.encode("utf-16"), words),
        Case("UTF-16 little without mark", text.encode("utf-16-le"), words),
        Case("UTF-16 big without mark", text.encode("utf-16-be"), words),
        Case(
            "one broken byte",
            text.encode().replace(b"plain", b"x").replace("naïve".encode(), b"na\xff\xfeve"),
            ("café déjà vu", "na\ufffd\ufffdve façade"),
        ),
        Case("broken byte in JSON", lines(row(1, "x"), row(2, "y")).replace(b'"x"', b'"\xf0\x9f"'), ("\ufffd", "y")),
        Case("gzip by content", gzip.compress(text.encode()), words),
        Case(
            "gzip cut off",
            gzip.compress(text.encode() + "".join(csv_row(i, f"{i * 7919}") for i in range(3, 60)).encode())[:-12],
            None,
            {"truncated_file": 1},
        ),
    ]


def sentence_cases() -> list[Case]:
    return [
        Case("empty", b"", sentence="empty"),
        Case("blank", b" \n\n \n", sentence="no text"),
        Case("only a header", HEADER.encode(), sentence="only a header"),
        Case("one column", b"a\nb\nc\n", sentence="one field only"),
        Case("no known column", b"x,y,z\n1,2,3\n", sentence="--map"),
        Case("HTML", b"<!doctype html><p>hello", sentence="HTML"),
        Case("ZIP", b"PK\x03\x04" + b"\0" * 100, sentence="ZIP"),
        Case("PDF", b"%PDF-1.7 ....", sentence="PDF"),
        Case("noise", bytes(range(256)) * 40, sentence="binary"),
        Case("Parquet in name only", b"PAR1" + b"junk" * 100, sentence="Parquet"),
        Case("empty array", b"[]", sentence="empty JSON array"),
        Case("nothing but bad JSON", lines(b"{bad", b"{worse"), sentence="no column found"),
        Case(
            "nothing but bad rows",
            lines(*(row(i, created_at="never") for i in range(3))),
            sentence="unparseable_time 3",
        ),
        Case("gzip of nothing", gzip.compress(b""), sentence="no text"),
        Case("broken gzip", b"\x1f\x8b\x08" + b"garbage" * 20, sentence="no text"),
    ]
