"""Traces of the same picture, by the export's hash or the picture itself, and of accounts mentioned together."""

import math
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houselights import traces
from houselights.core.settings import TraceSettings
from houselights.core.tables import POSTS, TRACES

image = pytest.importorskip("PIL.Image", reason="the extra `media` is not installed")
pytest.importorskip("imagehash", reason="the extra `media` is not installed")


def row(n: int, **fields: object) -> dict[str, object]:
    blank: dict[str, object] = {c.name: None if c.nullable else "" for c in POSTS.columns}
    at = {"created_at": 1_700_000_000_000_000 + n * 1_000_000, "created_at_precision": "s"}
    lists: dict[str, object] = {
        "urls": [],
        "hashtags": [],
        "mentions": [],
        "media": [],
        "raw_ref": {"file": "f", "line": n},
    }
    return blank | lists | at | {"post_id": f"p{n}", "platform": "x", "author_id": f"a{n}", "kind": "post"} | fields


def built(
    folder: Path, rows: list[dict[str, object]], media_folder: Path | None = None
) -> tuple[dict[str, dict[str, str]], traces.TraceReport]:
    """(kind -> post -> object, report)."""
    posts = folder / "posts.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=POSTS.schema), posts)
    settings = TraceSettings(media_folders=(str(media_folder),) if media_folder else ())
    with duckdb.connect() as con:
        report = traces.build(con, posts, folder / "traces.parquet", settings)
    found: dict[str, dict[str, str]] = {}
    for trace in TRACES.check(pq.read_table(folder / "traces.parquet")).to_pylist():
        found.setdefault(trace["kind"], {})[trace["post_id"]] = trace["object_id"]
    return found, report


def media(**of: str) -> list[dict[str, str | None]]:
    return [{"type": "photo", "url": None, "hash": None, "alt": None} | of]


def picture(seed: int, size: tuple[int, int] = (320, 240)) -> object:
    """Waves that differ by seed, drawn at any size."""
    width, height = size
    waves = [(math.sin(seed * k * 1.7) * 9, math.cos(seed * k * 2.3) * 9, seed + k) for k in range(1, 6)]

    def grey(x: int, y: int) -> int:
        s = sum(math.sin(a * x / width + b * y / height + c) for a, b, c in waves)
        return int(128 + 25 * s) % 256

    drawn = image.new("L", size)
    drawn.putdata([grey(x, y) for y in range(height) for x in range(width)])
    return drawn.convert("RGB")


def test_the_hash_that_an_export_has_is_the_object(tmp_path: Path) -> None:
    found, _ = built(
        tmp_path,
        [
            row(1, media=media(hash="bafy1")),
            row(2, media=media(hash="bafy1", url="https://cdn.example/2.jpg")),
            row(3, media=media(hash="bafy2")),
            row(4, media=media(url="https://cdn.example/4.jpg")),
            row(5, media=media(hash="bafy1"), kind="repost", repost_of="p1"),
            row(6, media=media(hash="")),
        ],
    )
    assert found["media"] == {"p1": "media:bafy1", "p2": "media:bafy1", "p3": "media:bafy2"}


def test_a_local_picture_is_known_again_in_another_size_and_format(tmp_path: Path) -> None:
    photos = tmp_path / "export" / "photos"
    photos.mkdir(parents=True)
    picture(1).save(photos / "a.png")
    picture(1, (640, 480)).save(photos / "b.jpg", quality=60)
    picture(2).save(photos / "c.png")
    image.new("RGB", (50, 50), "navy").save(photos / "flat.png")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    picture(1).save(tmp_path / "outside.png")
    names = [
        "photos/a.png",
        "photos/b.jpg",
        "photos/c.png",
        "photos/flat.png",
        "photos/broken.jpg",
        "photos/missing.jpg",
        "../outside.png",
        "a\0b",
    ]
    found, _ = built(tmp_path, [row(i, media=media(url=name)) for i, name in enumerate(names)], tmp_path / "export")
    objects = found["media"]
    assert set(objects) == {"p0", "p1", "p2"}, "flat, broken, missing and outside pictures leave no trace"
    assert objects["p0"] == objects["p1"] != objects["p2"]
    assert objects["p0"].startswith("media:picture-")


def test_without_the_library_the_reason_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(1).save(tmp_path / "a.png")
    monkeypatch.setitem(__import__("sys").modules, "imagehash", None)
    _, report = built(tmp_path, [row(1, media=media(url="a.png"))], tmp_path)
    assert "houselights[media]" in report.not_run["media"]


def test_accounts_mentioned_together_are_one_object_whatever_their_order(tmp_path: Path) -> None:
    found, report = built(
        tmp_path,
        [
            row(1, mentions=["b", "A"]),
            row(2, mentions=["a", "b", "B"], kind="quote", quote_of="q"),
            row(3, mentions=["a"]),
            row(4, mentions=["a", "b"], kind="reply", reply_to="p1"),
            row(5, mentions=["a", "b"], kind="repost", repost_of="p1"),
            row(6, mentions=["a", "c"]),
        ],
    )
    assert found["mention"] == {"p1": "a b", "p2": "a b", "p6": "a c"}
    assert "mention" not in report.not_run and "media" in report.not_run
