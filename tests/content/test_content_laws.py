"""Laws of content: what changes nothing, what clusters are made of, what a server or a cache may do wrong."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights import content
from houselights.content import clusters, embedding, keywords, neighbours, texts
from houselights.core.errors import HouselightsError
from houselights.core.settings import ContentSettings
from houselights.core.tables import NARRATIVES, POST_NARRATIVES, POSTS

THINGS = ("lake", "tram", "bread", "school")
SPICE = ("honestly", "again", "today", "my friends", "they say", "look", "listen", "at last")


@given(st.text(max_size=300))
def test_any_text_can_be_read_for_its_meaning(text: str) -> None:
    found = texts.meaning(text)
    assert texts.meaning(found) == found or "http" in text or "@" in text or "rt" in text.lower()
    assert len(found) <= texts.MAX_CHARACTERS and "\n" not in found
    found.encode()


def test_links_addressees_and_repost_marks_are_no_meaning() -> None:
    assert texts.meaning("RT @a_b: @c, @d.e the  #lake https://t.co/x is\u200b sold") == "the lake is sold"


# -- clusters -----------------------------------------------------------------------------------------------------


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def spots(
    rng: np.random.Generator, n_spots: int, size: int, n_noise: int, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    centres = unit(rng.normal(size=(n_spots, 64)))
    dense = np.repeat(centres, size, axis=0) + spread * rng.normal(size=(n_spots * size, 64)) / 8
    truth = np.concatenate([np.repeat(np.arange(n_spots), size), np.full(n_noise, -1)])
    return unit(np.concatenate([dense, rng.normal(size=(n_noise, 64))])), truth


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_dense_spots_are_found_and_the_rest_is_noise(seed: int) -> None:
    pytest.importorskip("fast_hdbscan", reason="the extra `narratives` is not installed")
    vectors, truth = spots(np.random.default_rng(seed), 6, 12, 200, 0.5)
    label = clusters.dense(vectors)
    for spot in range(6):
        mine = label[truth == spot]
        kept = np.bincount(mine[mine >= 0], minlength=1)
        assert kept.max() >= 8
        assert (truth[label == kept.argmax()] == spot).mean() >= 0.9
    assert (label[truth < 0] >= 0).mean() <= 0.05
    again, near = clusters.assigned(vectors, vectors, label)
    inside = label >= 0
    assert (again[inside] == label[inside]).all() and (near[inside] > 0.999).all()


def test_copied_texts_are_narratives_of_their_own() -> None:
    label = np.array([-1, 0, 0, -1, -1])
    assert clusters.with_copied(label, np.array([9, 1, 1, 4, 5])).tolist() == [0, 1, 1, -1, 2]


@pytest.mark.parametrize("n", [0, 1, 2, 30])
def test_neighbours_are_the_nearest(n: int) -> None:
    vectors = unit(np.random.default_rng(n).normal(size=(n, 8))) if n else np.empty((0, 8), np.float32)
    index, cosine = neighbours.nearest(vectors, 5)
    every = vectors @ vectors.T
    for i in range(n):
        others = np.delete(np.arange(n), i)
        expected = np.sort(every[i, others])[::-1][:5]
        assert np.allclose(cosine[i], expected, atol=1e-6) and i not in index[i]


def test_neighbours_by_cells_are_mostly_those_of_all_pairs() -> None:
    pytest.importorskip("faiss", reason="the extra `narratives` is not installed")
    vectors, _ = spots(np.random.default_rng(1), 300, 20, 2000, 0.6)
    exact, _ = neighbours._exact(vectors, 10)
    found, _ = neighbours._by_cells(vectors, 10)
    assert (found != np.arange(len(vectors))[:, None]).all()
    same = np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(exact[:6000], found[:6000], strict=True)])
    assert same >= 0.9


@given(st.lists(st.sampled_from(THINGS), min_size=4, max_size=30), st.randoms())
def test_keywords_stand_in_their_cluster(things: list[str], rng: Any) -> None:
    said = [f"the {thing} {rng.choice(SPICE)} {rng.choice(SPICE)}" for thing in things]
    label = np.array([THINGS.index(t) for t in things])
    label = np.unique(label, return_inverse=True)[1].astype(np.int64)
    for k, found in enumerate(keywords.of_clusters(said, label, np.ones(len(said), np.int64))):
        mine = " ".join(t for t, of in zip(said, label.tolist(), strict=True) if of == k).split()
        assert found and set(found) <= set(mine)


# -- posts to narratives, with a model that knows things only -----------------------------------------------------


def by_thing(said: list[str]) -> np.ndarray:
    rows = []
    for text in said:
        noise = np.random.default_rng(abs(hash(text)) % (1 << 32)).normal(size=32) / 40
        noise[[i for i, thing in enumerate(THINGS) if thing in text]] += 1
        rows.append(noise)
    return unit(np.array(rows))


def posts(order: list[int], prefix: str = "a") -> pa.Table:
    rng = np.random.default_rng(5)
    rows = []
    for i in range(60):
        text = f"{rng.choice(SPICE)} the {THINGS[i % 4]} is {rng.choice(SPICE)} number{i} {rng.choice(SPICE)}"
        empty = {c.name: None for c in POSTS.columns}
        rows.append(
            empty
            | {"post_id": f"p{i}", "platform": "x", "author_id": f"{prefix}{i % 7}", "created_at": i * 1_000_000}
            | {"created_at_precision": "s", "text": text, "urls": [], "hashtags": [], "mentions": [], "media": []}
            | {"kind": "post", "source_format": "by hand", "raw_ref": {"file": "x", "line": i + 1}}
        )
    return pa.Table.from_pylist([rows[i] for i in order], schema=POSTS.schema)


@pytest.fixture
def narrated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    pytest.importorskip("fast_hdbscan", reason="the extra `narratives` is not installed")
    monkeypatch.setattr(embedding, "chosen", lambda url, name: embedding.Model("by thing"))
    monkeypatch.setattr(embedding, "_encode", by_thing)
    monkeypatch.setattr("houselights.content.languages.identify", lambda said: (["en"] * len(said), np.ones(len(said))))

    def run(table: pa.Table, folder: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        out = tmp_path / folder
        out.mkdir(exist_ok=True)
        pq.write_table(table, out / POSTS.file)
        content.write(duckdb.connect(), out / POSTS.file, out, ContentSettings(narratives=True))
        return pq.read_table(out / NARRATIVES.file).to_pylist(), pq.read_table(out / POST_NARRATIVES.file).to_pylist()

    return run


def test_order_of_posts_changes_nothing_and_renaming_accounts_no_narrative(narrated: Any) -> None:
    narratives, told = narrated(posts(list(range(60))), "in_order")
    assert len(narratives) == 4 and all(set(THINGS) & set(n["keywords"]) for n in narratives)
    shuffled = np.random.default_rng(0).permutation(60).tolist()
    other, other_told = narrated(posts(shuffled), "shuffled")
    key = ("narrative_id", "keywords", "n_posts", "n_accounts")
    assert [[n[k] for k in key] for n in narratives] == [[n[k] for k in key] for n in other]
    assert told == other_told
    assert narrated(posts(list(range(60)), "someone"), "renamed")[1] == told


def test_a_second_run_computes_nothing_and_a_torn_cache_is_no_harm(
    narrated: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = narrated(posts(list(range(60))), "run")
    cache = next((tmp_path / "run" / ".embeddings").iterdir())
    (cache / "torn.part").write_bytes(b"PAR1")
    monkeypatch.setattr(embedding, "_encode", lambda said: pytest.fail("computed again"))
    assert narrated(posts(list(range(60))), "run") == first
    monkeypatch.setattr(embedding, "_encode", by_thing)
    next(cache.glob("*.parquet")).write_bytes(b"PAR1 not at all")
    assert narrated(posts(list(range(60))), "run") == first


# -- a server -----------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, Any]]]:
    seen: dict[str, Any] = {"answer": None, "status": 200, "asked": []}

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen["asked"].append((self.path, asked, self.headers.get("Authorization")))
            rows = [{"index": i, "embedding": [float(len(t)), 1.0]} for i, t in enumerate(asked["input"])][::-1]
            body = seen["answer"] if seen["answer"] is not None else json.dumps({"data": rows})
            self.send_response(seen["status"])
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    http = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/v1", seen
    http.shutdown()


def asked(url: str, folder: Path, said: list[str]) -> np.ndarray:
    model = embedding.chosen(url, "some-model")
    return embedding.vectors(said, model, folder, 1)


def test_a_server_gives_the_vectors(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, seen = server
    monkeypatch.setenv("HOUSELIGHTS_EMBEDDINGS_KEY", "secret")
    found = asked(url, tmp_path, ["a", "bbb"])
    assert np.allclose(found, unit(np.array([[1.0, 1.0], [3.0, 1.0]])), atol=1e-3)
    assert seen["asked"] == [("/v1/embeddings", {"model": "some-model", "input": ["a", "bbb"]}, "Bearer secret")]
    assert not any(b"secret" in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_a_key_of_another_server_is_not_sent(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, seen = server
    monkeypatch.delenv("HOUSELIGHTS_EMBEDDINGS_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    asked(url, tmp_path, ["a"])
    assert [authorization for _, _, authorization in seen["asked"]] == [None]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, "no"),
        (200, "not json"),
        (200, "[]"),
        (200, '{"data": []}'),
        (200, '{"data": [{"index": 0}]}'),
        (200, '{"data": [{"index": 0, "embedding": [NaN, 1.0]}, {"index": 1, "embedding": [1.0, 1.0]}]}'),
        (200, '{"data": [{"index": 0, "embedding": "x"}, {"index": 1, "embedding": "y"}]}'),
    ],
)
def test_a_server_that_answers_otherwise_is_named(server: Any, tmp_path: Path, status: int, answer: str) -> None:
    url, seen = server
    seen.update(status=status, answer=answer)
    with pytest.raises(HouselightsError, match=r"127\.0\.0\.1"):
        asked(url, tmp_path, ["a", "bbb"])


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HouselightsError, match="does not answer"):
        asked("http://127.0.0.1:9/v1", tmp_path, ["a"])
    with pytest.raises(HouselightsError, match="no address"):
        embedding.chosen("localhost", "")
