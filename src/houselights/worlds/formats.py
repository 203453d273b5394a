"""Writers: the same posts as Parquet, CSV and X API v2 lines, and the truth beside them."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from houselights.worlds.settings import WorldSettings
from houselights.worlds.world import World, simulate

FILES = ("posts.parquet", "posts.csv", "posts.jsonl", "truth.parquet", "truth.json")
_REFERENCE = {"reply_to": "replied_to", "repost_of": "retweeted", "quote_of": "quoted"}


def simulate_to(out_dir: Path, settings: WorldSettings, seed: int) -> World:
    """Simulates a world and writes it; see `write`."""
    world = simulate(settings, seed)
    write(world, out_dir)
    return world


def write(world: World, out_dir: Path) -> None:
    """Writes `FILES` into `out_dir`, each beside its name first and then renamed, so that none is ever half there."""
    out_dir.mkdir(parents=True, exist_ok=True)
    part = {name: out_dir / f"{name}.part" for name in FILES}
    pa.parquet.write_table(world.posts, part["posts.parquet"], compression="zstd")
    pa.parquet.write_table(world.truth, part["truth.parquet"], compression="zstd")
    pa.csv.write_csv(_flat(world.posts), part["posts.csv"])
    with part["posts.jsonl"].open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(
            json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in _x_lines(world.posts)
        )
    part["truth.json"].write_text(json.dumps(_truth(world), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for name in FILES:
        part[name].replace(out_dir / name)


def _flat(posts: pa.Table) -> pa.Table:
    """Columns that a CSV can hold: lists joined by spaces, nested and raw columns left out, times in ISO 8601."""
    keep = {}
    for name in posts.column_names:
        column = posts[name]
        if pa.types.is_struct(column.type) or name == "media":
            continue
        if pa.types.is_list(column.type):
            column = pa.array([" ".join(x) for x in column.to_pylist()], pa.string())
        elif pa.types.is_timestamp(column.type):
            column = pa.compute.strftime(column.cast(pa.timestamp("ms", "UTC")), "%Y-%m-%dT%H:%M:%SZ")
        keep[name] = column
    return pa.table(keep)


def _truth(world: World) -> dict[str, Any]:
    return {"accounts": world.truth.to_pylist(), "campaigns": world.campaigns}


def _x_lines(posts: pa.Table) -> Iterator[dict[str, Any]]:
    """One object per post with `data` and `includes`, as the streaming endpoints of the X API v2 deliver."""
    rows = posts.drop_columns(["raw_ref", "media", "collected_at"]).to_pylist()
    by_id = {r["post_id"]: r for r in rows}
    users = {r["author_id"]: _user(r) for r in rows}
    for r in rows:
        referred = [by_id[r[c]] for c in _REFERENCE if r[c]]
        involved = dict.fromkeys([r["author_id"], *(x["author_id"] for x in referred)])
        includes: dict[str, Any] = {"users": [users[a] for a in involved]}
        if referred:
            includes["tweets"] = [_tweet(x, by_id) for x in referred]
        yield {"data": _tweet(r, by_id), "includes": includes}


def _user(r: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": r["author_id"],
        "username": r["author_handle"],
        "name": r["author_name"],
        "created_at": _ms(r["author_created_at"]),
        "public_metrics": {"followers_count": r["author_followers"]},
    }


def _tweet(r: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> dict[str, Any]:
    text = r["text"]
    if r["repost_of"]:  # the API cuts the text of a repost
        source = by_id[r["repost_of"]]
        text = f"RT @{source['author_handle']}: {source['text']}"
        text = text if len(text) <= 140 else text[:139] + "…"
    out: dict[str, Any] = {
        "id": r["post_id"],
        "author_id": r["author_id"],
        "conversation_id": r["thread_id"],
        "created_at": _ms(r["created_at"]),
        "text": text,
        "lang": r["lang"],
        "source": r["client"],
        "edit_history_tweet_ids": [r["post_id"]],
        "public_metrics": _public_metrics(r["metrics"]),
    }
    entities = _entities(r, text)
    if entities:
        out["entities"] = entities
    referenced = [{"type": kind, "id": r[c]} for c, kind in _REFERENCE.items() if r[c]]
    if referenced:
        out["referenced_tweets"] = referenced
    if r["reply_to"]:
        out["in_reply_to_user_id"] = r["reply_to_author"]
    return out


def _entities(r: dict[str, Any], text: str) -> dict[str, Any]:
    """Entities with their offsets in `text`, in code points."""
    out: dict[str, Any] = {}
    if r["hashtags"]:
        out["hashtags"] = [{**_span(text, "#" + t), "tag": t} for t in r["hashtags"]]
    if r["urls"]:
        out["urls"] = [{**_span(text, u), "url": u, "expanded_url": u} for u in r["urls"]]
    if r["mentions"]:
        handle = text.split(" ", 1)[0][1:]
        out["mentions"] = [{**_span(text, "@" + handle), "username": handle, "id": a} for a in r["mentions"]]
    return out


def _span(text: str, part: str) -> dict[str, int]:
    start = text.index(part)
    return {"start": start, "end": start + len(part)}


def _public_metrics(m: dict[str, Any]) -> dict[str, int]:
    names = {"retweet_count": "reposts", "reply_count": "replies", "like_count": "likes", "quote_count": "quotes"}
    return {x: m[ours] for x, ours in names.items()}


def _ms(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
