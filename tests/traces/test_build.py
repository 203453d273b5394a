"""Laws of traces.parquet: what a post points at, whatever the order and the disguise."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houselights import traces
from houselights.core.settings import TraceSettings
from houselights.core.tables import POSTS, TRACE_KINDS, TRACES
from houselights.traces import text as text_traces

START = datetime(2024, 5, 1, tzinfo=UTC)
LONG = (
    "the city council decided on monday evening that the old theatre will stay open for another year "
    "and that the ushers keep their jobs"
)
OTHER = "a completely different remark about the weather on the coast this weekend"


def post(n: int, text: str = "", **fields: object) -> dict[str, object]:
    blank: dict[str, object] = {c.name: None if c.nullable else "" for c in POSTS.columns}
    row = {
        "post_id": f"p{n:04}",
        "platform": "x",
        "author_id": f"a{n % 7}",
        "created_at": START + timedelta(seconds=n),
        "text": text,
    }
    lists: dict[str, object] = {
        "urls": [],
        "hashtags": [],
        "mentions": [],
        "media": [],
        "raw_ref": {"file": "f", "line": n},
    }
    return blank | row | lists | {"kind": "post", "created_at_precision": "s"} | fields


def write(path: Path, posts: list[dict[str, object]], row_group: int = 1000) -> Path:
    pq.write_table(pa.Table.from_pylist(posts, schema=POSTS.schema), path, row_group_size=row_group)
    return path


def build(
    folder: Path, posts: list[dict[str, object]], **chosen: float
) -> tuple[list[dict[str, object]], traces.TraceReport]:
    posts_path, out = write(folder / "posts.parquet", posts), folder / "traces.parquet"
    with duckdb.connect() as con:
        report = traces.build(con, posts_path, out, TraceSettings(**chosen))
    table = pq.read_table(out)
    assert table.schema.equals(TRACES.schema)
    assert not list(folder.glob("*.part"))
    return table.to_pylist(), report


def objects(rows: list[dict[str, object]], kind: str) -> dict[object, object]:
    return {r["post_id"]: r["object_id"] for r in rows if r["kind"] == kind}


def test_links_are_canonical_and_once_per_post(tmp_path: Path) -> None:
    media = "https://twitter.com/a/status/1/photo/1"
    rows, _ = build(
        tmp_path,
        [
            post(1, urls=["http://www.news.example/a/?utm_source=x", "https://news.example/a", media]),
            post(2, urls=["https://news.example/a#top", "mailto:x@news.example", ""]),
            post(3, urls=["https://news.example/a"], kind="repost", repost_of="p0001"),
            post(4, urls=["https://news.example/a"], kind="repost"),
        ],
    )
    assert [(r["post_id"], r["object_id"]) for r in rows if r["kind"] == "link"] == [
        (f"p000{n}", "https://news.example/a") for n in (1, 2, 4)
    ]


def test_references_and_hashtags(tmp_path: Path) -> None:
    rows, _ = build(
        tmp_path,
        [
            post(1, kind="repost", repost_of="s1", hashtags=["a", "b"], quote_of="q0"),
            post(2, kind="quote", quote_of="q1"),
            post(3, kind="reply", reply_to="r1", hashtags=["b", "a", "b"]),
            post(4, hashtags=["a"]),
        ],
    )
    found = {(r["kind"], r["post_id"], r["object_id"], r["account_id"]) for r in rows}
    assert found == {
        ("repost", "p0001", "s1", "a1"),
        ("quote", "p0002", "q1", "a2"),
        ("reply", "p0003", "r1", "a3"),
        ("hashtags", "p0003", "b a b", "a3"),
    }


def test_near_identical_texts_are_one_object_and_unlike_ones_are_not(tmp_path: Path) -> None:
    rows, _ = build(
        tmp_path,
        [
            post(1, LONG),
            post(2, LONG.upper() + "!!! https://t.co/x"),
            post(3, LONG.replace("monday", "tuesday")),
            post(4, "@someone @else " + LONG, kind="reply", reply_to="p0001"),
            post(5, "".join(c + "\u200b" for c in LONG)),
            post(6, OTHER),
            post(7, LONG, kind="comment"),
        ],
    )
    found = objects(rows, "text")
    assert len({found[f"p000{n}"] for n in (1, 2, 3, 4, 5, 7)}) == 1
    assert found["p0006"] != found["p0001"]
    assert all(len(str(o)) == 21 and str(o).startswith("text:") for o in found.values())


@pytest.mark.parametrize(
    "cut",
    [
        f"RT @somebody: {LONG[:70]}…",
        f"RT @somebody: {LONG[:70]}...",
        f"RT @somebody: {LONG}"[:140],
        f"{LONG[:110]}… https://t.co/abc",
        f"RT @somebody: {LONG[: LONG.index(' for another')]} https://t.…",
    ],
)
def test_cut_texts_meet_their_source(tmp_path: Path, cut: str) -> None:
    rows, _ = build(tmp_path, [post(1, LONG), post(2, cut, kind="repost"), post(3, cut), post(4, OTHER)])
    source = objects(rows, "text")["p0001"]
    assert objects(rows, "repost") == {"p0002": source}
    assert objects(rows, "text")["p0003"] == source
    assert objects(rows, "text")["p0004"] != source


def test_texts_that_trail_off_by_choice_are_not_cut(tmp_path: Path) -> None:
    rows, _ = build(tmp_path, [post(1, LONG), post(2, "the city council decided on monday evening well…")])
    assert len(set(objects(rows, "text").values())) == 2


def test_reposts_without_source_id_are_tied_by_text(tmp_path: Path) -> None:
    rows, _ = build(
        tmp_path,
        [
            post(1, LONG),
            post(2, f"RT @a: {LONG}", kind="repost"),
            post(3, f"RT @bb: {LONG}", kind="repost"),
            post(4, "RT @a: lol", kind="repost"),
        ],
    )
    assert objects(rows, "repost") == dict.fromkeys(["p0002", "p0003"], objects(rows, "text")["p0001"])
    assert list(objects(rows, "text")) == ["p0001"]


@pytest.mark.parametrize(
    "text",
    [
        "[removed]",
        " [deleted] ",
        "[deleted by user]",
        "[ Removed by Reddit on account of violating the [content policy](/help/contentpolicy). ]",
        "four words are few",
        "@a @b @c @d @e @f hello",
        "新年快乐大家好",
        "# # # # # @ @ @",
        "https://a.example/1 https://a.example/2 https://a.example/3",
        "👍👍👍 👍 👍 👍 👍",
        "",
    ],
)
def test_texts_that_say_too_little_leave_no_trace(tmp_path: Path, text: str) -> None:
    rows, report = build(tmp_path, [post(1, text), post(2, text)])
    assert not rows
    assert "5 words" in report.not_run["text"]


def test_removed_texts_leave_no_trace_even_where_one_word_is_enough(tmp_path: Path) -> None:
    rows, _ = build(tmp_path, [post(1, "[removed]"), post(2, "hello")], min_words=1)
    assert list(objects(rows, "text")) == ["p0002"]


def test_scripts_without_spaces_have_words(tmp_path: Path) -> None:
    text = "今日は全国で選挙の投票が行われています"
    rows, _ = build(tmp_path, [post(1, text), post(2, text + "。#選挙"), post(3, "明日は大雨になるので学校は休みです")])
    found = objects(rows, "text")
    assert found["p0001"] == found["p0002"] != found["p0003"]


def test_report_says_which_kinds_have_nothing_to_go_on(tmp_path: Path) -> None:
    _, report = build(tmp_path, [post(1, LONG)])
    assert report.rows == dict.fromkeys(TRACE_KINDS, 0) | {"text": 1}
    assert set(report.not_run) == set(TRACE_KINDS) - {"text"}


def test_no_posts_make_an_empty_table(tmp_path: Path) -> None:
    rows, report = build(tmp_path, [])
    assert rows == []
    assert set(report.not_run) == set(TRACE_KINDS)


def mixed(n: int) -> list[dict[str, object]]:
    """Templates, cuts, reposts and links, with ties everywhere."""
    rng = random.Random(5)
    words = [f"w{i}" for i in range(60)]
    bases = [" ".join(rng.sample(words, 14)) for _ in range(n // 12)]
    posts = []
    for i in range(n):
        text = rng.choice(bases)
        if rng.random() < 0.5:
            changed = text.split()
            changed[rng.randrange(14)] = rng.choice(words)
            text = " ".join(changed)
        if rng.random() < 0.2:
            text = f"RT @someone: {text[: rng.randrange(30, 60)]}…"
        kind = rng.choice(["post", "post", "repost", "comment"])
        posts.append(
            post(i, text, kind=kind, urls=[f"https://news.example/{rng.randrange(5)}"], hashtags=["x", f"y{i % 3}"])
        )
    return posts


def test_row_order_batches_and_threads_change_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    posts = mixed(600)
    made = []
    for name, batch, row_group, threads in (("a", 65_536, 1000, 1), ("b", 7, 13, 4)):
        monkeypatch.setattr(text_traces, "_BATCH", batch)
        out = tmp_path / f"{name}.parquet"
        with duckdb.connect(config={"threads": threads}) as con:
            traces.build(con, write(tmp_path / f"posts 'of' {name}.parquet", posts, row_group), out, TraceSettings())
        made.append(out.read_bytes())
        random.Random(1).shuffle(posts)
    assert made[0] == made[1]


def test_traces_are_sorted_as_declared(tmp_path: Path) -> None:
    rows, _ = build(tmp_path, mixed(300))
    keys = [tuple(r[c] for c in TRACES.order) for r in rows]
    assert keys == sorted(keys)


def test_renaming_accounts_only_renames(tmp_path: Path) -> None:
    posts = mixed(200)
    before, _ = build(tmp_path, posts)
    after, _ = build(tmp_path, [p | {"author_id": f"z{p['author_id']}"} for p in posts])
    assert [r | {"account_id": f"z{r['account_id']}"} for r in before] == after


hostile = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(st.lists(st.tuples(hostile, hostile, hostile, st.sampled_from(["post", "repost", "reply"])), max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hostile_posts_never_raise(tmp_path: Path, drawn: list[tuple[str, str, str, str]]) -> None:
    posts = [
        post(i, f"one two three four five {t}", urls=[u, f"http://{u}"], hashtags=[h, h], kind=k)
        for i, (t, u, h, k) in enumerate(drawn)
    ]
    _, report = build(tmp_path, posts)
    assert report.rows["text"] == sum(k != "repost" for *_, k in drawn)


def test_a_megabyte_of_text_is_no_obstacle(tmp_path: Path) -> None:
    posts = [post(1, "a\u0301\u0323" * 200_000), post(2, "word " * 200_000), post(3, "語" * 300_000), post(4, LONG)]
    rows, _ = build(tmp_path, posts)
    assert "p0004" in objects(rows, "text")
