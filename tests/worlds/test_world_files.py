"""The files of a world say the same thing as its tables."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from houselights.core.tables import POSTS, TRUTH
from houselights.worlds import CampaignSpec, World, WorldSettings, simulate_to
from houselights.worlds.formats import FILES

SETTINGS = WorldSettings(
    n_accounts=300,
    n_days=2,
    campaigns=(CampaignSpec("own_content_ring", 10, 5, 60.0), CampaignSpec("burst_amplification", 10, 5, 60.0)),
    lookalikes=("newsroom",),
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    out = tmp_path_factory.mktemp("world")
    return simulate_to(out, SETTINGS, 11), out


def test_parquet_holds_the_tables(written: tuple[World, Path]) -> None:
    world, out = written
    assert POSTS.check(pq.read_table(out / "posts.parquet")).equals(world.posts)
    assert TRUTH.check(pq.read_table(out / "truth.parquet")).equals(world.truth)


def test_csv_has_every_post(written: tuple[World, Path]) -> None:
    world, out = written
    with (out / "posts.csv").open(encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f))
    assert [r["post_id"] for r in rows] == world.posts["post_id"].to_pylist()
    assert [r["text"] for r in rows] == world.posts["text"].to_pylist()
    assert rows[0]["created_at"].startswith("2026-03-02T") and rows[0]["created_at"].endswith("Z")


def test_lines_read_back_as_the_x_api_would_be_read(written: tuple[World, Path]) -> None:
    world, out = written
    lines = [json.loads(x) for x in (out / "posts.jsonl").read_text(encoding="utf-8").splitlines()]
    kinds = {"replied_to": "reply_to", "retweeted": "repost_of", "quoted": "quote_of"}
    for line, row in zip(lines, world.posts.to_pylist(), strict=True):
        data, includes = line["data"], line["includes"]
        assert (data["id"], data["author_id"]) == (row["post_id"], row["author_id"])
        assert data["created_at"] == row["created_at"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
        assert next(u["username"] for u in includes["users"] if u["id"] == row["author_id"]) == row["author_handle"]
        referenced = {kinds[x["type"]]: x["id"] for x in data.get("referenced_tweets", [])}
        assert referenced == {c: row[c] for c in kinds.values() if row[c]}
        assert {t["id"] for t in includes.get("tweets", [])} == set(referenced.values())
        assert {t["author_id"] for t in includes.get("tweets", [])} <= {u["id"] for u in includes["users"]}
        if row["repost_of"]:
            assert data["text"].startswith("RT @") and len(data["text"]) <= 140
            continue
        assert data["text"] == row["text"]
        entities = data.get("entities", {})
        assert [u["expanded_url"] for u in entities.get("urls", [])] == row["urls"]
        assert [data["text"][h["start"] : h["end"]] for h in entities.get("hashtags", [])] == [
            "#" + t for t in row["hashtags"]
        ]
        assert [m["id"] for m in entities.get("mentions", [])] == row["mentions"]


def test_truth_json_and_same_bytes_again(written: tuple[World, Path], tmp_path: Path) -> None:
    world, out = written
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    assert truth["accounts"] == world.truth.to_pylist()
    assert truth["campaigns"] == world.campaigns
    simulate_to(tmp_path, SETTINGS, 11)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(FILES)
    assert all((tmp_path / f).read_bytes() == (out / f).read_bytes() for f in FILES)
