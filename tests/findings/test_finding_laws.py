"""Laws of the findings stage: stable ids, order of input is irrelevant, spans inside texts, careful words."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houselights.core.detection import Detection, Member
from houselights.core.errors import HouselightsError
from houselights.core.settings import EvidenceSettings, ScanSettings
from houselights.core.tables import EVIDENCE, HIGHLIGHTS, MEMBERS
from houselights.findings.findings import TIER_RANK, finding_id, score

FILES = ("findings.json", MEMBERS.file, EVIDENCE.file, HIGHLIGHTS.file)
BANNED = re.compile(r"\b(bots?|trolls?|fakes?|propaganda|russians?)\b", re.IGNORECASE)
ids = st.lists(st.text(max_size=6), max_size=6, unique=True)


@given(ids, ids, st.randoms())
def test_same_members_and_objects_have_the_same_id(members, objects, rng):
    shuffled = rng.sample(members, len(members)), rng.sample(objects, len(objects))
    assert finding_id(members, objects) == finding_id(*shuffled)
    assert re.fullmatch(r"F[0-9a-f]{10}", finding_id(members, objects))


@given(ids, ids, st.text(max_size=6))
def test_another_member_or_object_has_another_id(members, objects, new):
    before = finding_id(members, objects)
    if new not in members:
        assert finding_id([*members, new], objects) != before
    if new not in objects:
        assert finding_id(members, [*objects, new]) != before


def test_ids_do_not_run_together():
    assert (
        len({finding_id(*x) for x in ((["ab"], ["c"]), (["a", "b"], ["c"]), (["a"], ["b", "c"]), (["abc"], []))}) == 4
    )


@given(st.sampled_from(sorted(TIER_RANK)), st.floats(0, 1), st.floats(0, 1))
def test_score_orders_by_tier_then_p(tier, p, other):
    if p <= other:
        assert score(tier, p) >= score(tier, other)
    for lower in TIER_RANK:
        if TIER_RANK[lower] < TIER_RANK[tier]:
            assert score(lower, other) < score(tier, p)


def _bytes(run_dir: Path) -> list[bytes]:
    return [(run_dir / name).read_bytes() for name in FILES]


def _scene(data):
    """Two groups of one source and of mixed evidence, and a crowd."""
    first = data.other_objects(6)
    second = []
    for i in range(6):
        link = f"https://site{i % 2}.example/{i}"
        text = f"read this long story about town {i} now {link}"
        second += data.share(
            "link", link, i * 7000 + 40, ("n0", "n1", "n2", "n3"), text=text, link=link, text_object=f"text:{i}"
        )
    second += data.share(
        "hashtags", "lake save", 77_000, ("n0", "n2"), text="go #lake and #save", tags=("lake", "save")
    )
    data.crowd()
    return first, second


def test_order_of_groups_members_and_coincidences_is_irrelevant(data, group, find, tmp_path):
    first, second = _scene(data)
    a, b = group(first, resolved=False), group(second, p_value=1e-4)
    find(data, a, b)
    expected = _bytes(tmp_path)
    turned = [
        replace(
            g, members=g.members[::-1], coincidences=g.coincidences.take(list(range(g.coincidences.num_rows))[::-1])
        )
        for g in (b, a)
    ]
    data.posts.reverse()
    data.traces.reverse()
    found = find(data, *turned)
    assert _bytes(tmp_path) == expected
    assert [f["score"] for f in found] == sorted((f["score"] for f in found), reverse=True)
    assert not list(tmp_path.glob("*.part"))


def test_unrelated_posts_change_no_count(data, group, find):
    first, _ = _scene(data)
    (before,) = find(data, group(first))
    for i in range(50):
        data.add(f"q{i}", 1000 + i * 3333, f"unrelated {i}", link=f"https://other.example/{i}")
    (after,) = find(data, group(first))
    same = (
        "finding_id",
        "tier",
        "n_accounts",
        "n_core",
        "n_posts",
        "n_objects",
        "first_at",
        "last_at",
        "kinds",
        "score",
        "limits",
    )
    assert {k: before[k] for k in same} == {k: after[k] for k in same}


def test_numbers_are_those_of_the_members(data, group, find, tmp_path):
    """A source is written down, and neither counted nor highlighted."""
    rows = data.share(
        "text", "text:1", 60, ("src", "a", "b", "c"), text="the lake needs us all now", text_object="text:1"
    )
    rows += data.share("text", "text:2", 9060, ("a", "b"), text="the lake needs us all again", text_object="text:2")
    members = tuple(
        Member(x, role, 3, 0.01, 0.5)
        for x, role in (("src", "source"), ("a", "core"), ("b", "core"), ("c", "periphery"))
    )
    data.crowd()
    (f,) = find(data, group(rows, members=members))
    assert (f["n_accounts"], f["n_core"], f["n_posts"], f["n_objects"]) == (3, 2, 5, 2)
    assert (f["first_at"], f["last_at"]) == ("2026-03-02T00:01:03Z", "2026-03-02T02:31:03Z")
    assert f["kinds"] == {"text": 2}
    assert f["finding_id"] == finding_id(["a", "b", "c"], ["text:1", "text:2"])
    assert pq.read_table(tmp_path / MEMBERS.file)["role"].to_pylist() == ["core", "core", "periphery", "source"]
    assert pq.read_table(tmp_path / EVIDENCE.file).num_rows == 4
    of_source = {p["post_id"] for p in data.posts if p["author_id"] == "src"}
    assert not of_source & set(pq.read_table(tmp_path / HIGHLIGHTS.file)["post_id"].to_pylist())


def test_nothing_found_is_written_as_well(data, find, tmp_path):
    data.crowd()
    assert find(data) == []
    for table in (MEMBERS, EVIDENCE, HIGHLIGHTS):
        assert pq.read_table(tmp_path / table.file).schema.equals(table.schema)


def test_one_finding_per_id(data, group, find):
    first, _ = _scene(data)
    weak, strong = group(first, p_value=1e-3, window_s=600.0), group(first, p_value=1e-12, window_s=10.0)
    assert find(data, weak, strong) == find(data, strong, weak)
    (f,) = find(data, weak, strong)
    assert f["window_s"] == 10.0


def test_tiers(data, group, find):
    first, second = _scene(data)
    assert find(data, group(first))[0]["tier"] == "observed"
    assert find(data, group(first, q_value=0.2))[0]["tier"] == "described"
    assert (
        find(data, group(first, q_value=0.2), settings=ScanSettings(evidence=EvidenceSettings(q=0.3)))[0]["tier"]
        == "observed"
    )
    channels = ("small_objects", "synchrony")
    synchrony = [r | {"channel": "synchrony"} for r in second]
    assert find(data, group(first + synchrony, channels=channels))[0]["tier"] == "strong"
    assert find(data, group(first + synchrony, channels=("small_objects",)))[0]["tier"] == "observed"
    unconfirmed = [r | {"confirming": False} for r in synchrony]
    assert find(data, group(first + unconfirmed, channels=channels))[0]["tier"] == "observed"
    again = [r | {"channel": "synchrony"} for r in first]
    assert find(data, group(first + again, channels=channels))[0]["tier"] == "observed", (
        "the same posts twice are one piece of evidence"
    )


def test_evidence_without_its_post_is_an_error(data, group, find):
    first, _ = _scene(data)
    data.posts = [p for p in data.posts if p["post_id"] != first[0]["post_id_a"]]
    with pytest.raises(HouselightsError, match="scan again"):
        find(data, group(first))


def test_unreadable_list_of_known_organisations(data, group, find, tmp_path):
    first, _ = _scene(data)
    with pytest.raises(HouselightsError, match="--known"):
        find(data, group(first), settings=ScanSettings(known_file=str(tmp_path / "absent.txt")))


def test_zone_of_the_connection_changes_nothing(data, group, find, tmp_path):
    from houselights.findings import write

    first, _ = _scene(data)
    find(data, group(first))
    expected = _bytes(tmp_path)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'Asia/Kathmandu'")
    write(con, tmp_path, Detection(groups=[group(first)]), ScanSettings())
    assert _bytes(tmp_path) == expected
    assert con.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,), "temporary tables are left behind"
    con.close()


def _sentences(findings, highlights):
    for f in findings:
        yield from (f["sentence"], f["limits"], *f["would_be_wrong_if"])
        yield from itertools.chain.from_iterable((e["name"], e["detail"]) for e in f["explanations"])
    yield from (h["reason"] for h in highlights)


@pytest.mark.parametrize("background", ["this data", "reference profile"])
@pytest.mark.parametrize("resolved", [True, False])
@pytest.mark.parametrize("q_value", [0.001, 0.5])
@pytest.mark.parametrize("precision", ["us", "min"])
def test_sentences_hold_no_banned_word_and_nothing_of_the_data(
    data, group, find, tmp_path, background, resolved, q_value, precision
):
    data.precision = precision
    hostile = ("TrollBot", "fake_russian", "<script>alert(1)</script>", "propaganda99")
    data.handles |= {f"m{i}": h for i, h in enumerate(hostile)}
    data.names |= {f"m{i}": f"{h} bot" for i, h in enumerate(hostile)}
    data.clients |= {f"m{i}": "Russian Troll Client" for i in range(6)}
    rows = data.other_objects(3)
    for i in range(4):
        link = f"https://propaganda-fake.example/troll{i}"
        rows += data.share("link", link, i * 9000 + 40, text=f"bot troll fake {i} {link}", link=link)
    rows += data.share("text", "text:x", 60_000, text="sign the petition, fake troll", text_object="text:x")
    data.crowd()
    (f,) = find(data, group(rows, background=background, resolved=resolved, q_value=q_value))
    said = list(_sentences([f], pq.read_table(tmp_path / HIGHLIGHTS.file).to_pylist()))
    for text in said:
        assert not BANNED.search(text), text
        for planted in (*hostile, "example", "Client", "author1", "petition, "):
            assert planted not in text, text
        assert not re.search(r"\b1 (accounts|posts|objects|links|texts)\b|\s\s|None|nan", text), text
    assert "does not show who is behind it" in f["sentence"] and "who runs any of the accounts" in f["limits"]
    assert ("reference profile" in f["sentence"]) == (background == "reference profile")
    assert ("single members are not resolved" in f["sentence"]) == (not resolved)
    assert ("minute only" in f["limits"]) == (precision == "min")


words = st.sampled_from(
    [
        "the",
        "lake",
        "needs",
        "us",
        "now",
        "#save",
        "#Lake",
        "湖を守ろう",
        "émue",
        "ﬁn",
        "👩\u200d👩\u200d👧",
        "\u202e",
        "\u200b",
        "https://a.example/x",
        "...",
        "RT",
        "@x:",
    ]
)
texts = st.lists(words, max_size=14).map(" ".join)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    objects=st.lists(
        st.tuples(texts, texts, st.sampled_from(["text", "link", "hashtags", "repost"])), min_size=1, max_size=5
    )
)
def test_spans_lie_inside_their_text(new_data, group, find, tmp_path, objects):
    data, rows = new_data(), []
    for i, (one, other, kind) in enumerate(objects):
        pair = data.share(kind, f"{kind}{i}", 600 * i, ("a", "b"), text=one)
        data.posts[-1]["text"] = other
        rows += pair
    (f,) = find(data, group(rows))
    shown = pq.read_table(tmp_path / HIGHLIGHTS.file).to_pylist()
    text_of = {p["post_id"]: p["text"] for p in data.posts}
    for h in shown:
        assert (h["start"], h["end"]) == (0, 0) or 0 <= h["start"] < h["end"] <= len(text_of[h["post_id"]])
    assert {h["post_id"] for h in shown} == set(text_of), "every post in evidence is highlighted"
    keys = [(h["post_id"], h["finding_id"], h["kind"], h["start"]) for h in shown]
    assert len(keys) == len(set(keys))
    assert {h["finding_id"] for h in shown} == {f["finding_id"]}


def test_what_is_highlighted(data, group, find, tmp_path):
    link = "https://site.example/a"
    words, tags = "the mayor sold our lake to strangers", "and #save our #Lake"
    rows = data.share(
        "text", "text:1", 60, ("a", "b"), text=f"My view: {words} {link}", link=link, text_object="text:1"
    )
    data.posts[-1]["text"] = f"{words.upper()}! {link}"
    rows += data.share("hashtags", "save lake", 9000, ("a", "b"), text=tags, tags=("save", "lake"))
    rows += data.share("repost", "r1", 20_000, ("a", "b"), repost_of="r1", author="z")
    find(data, group(rows))
    text_of = {p["post_id"]: p["text"] for p in data.posts}
    shown = pq.read_table(tmp_path / HIGHLIGHTS.file).to_pylist()
    cut = {(h["post_id"], h["kind"], text_of[h["post_id"]][h["start"] : h["end"]]) for h in shown}
    assert cut == {
        ("p0", "text", words),
        ("p1", "text", words.upper()),
        ("p0", "link", link),
        ("p1", "link", link),
        ("p2", "hashtags", "#save"),
        ("p2", "hashtags", "#Lake"),
        ("p3", "hashtags", "#save"),
        ("p3", "hashtags", "#Lake"),
        ("p4", "repost", ""),
        ("p5", "repost", ""),
    }
    (first,) = [h["reason"] for h in shown if h["post_id"] == "p0" and h["kind"] == "text"]
    assert first == (
        "These words also stand in posts of 1 other account of this pattern, the nearest 3 seconds apart; two "
        "accounts that share such a "
        "text come that close by chance in about 10 % of cases."
    )


def test_what_is_listed_but_not_tested_is_never_highlighted(data, group, find, tmp_path):
    """Two posts of a pattern may share a picture or a list of mentions, too: no test was made on those."""
    coincidences = data.other_objects(6)
    for trace in list(data.traces):
        data.traces += [trace | {"kind": kind, "object_id": "the same"} for kind in ("media", "mention")]
    find(data, group(coincidences))
    kinds = set(pq.read_table(tmp_path / HIGHLIGHTS.file)["kind"].to_pylist())
    assert kinds and not kinds & {"media", "mention"}
