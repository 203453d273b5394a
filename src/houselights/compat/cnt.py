"""The edges of Coordination Network Toolkit (Graham and QUT Digital Observatory; rules as of version 1.5.2)."""

import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from houselights.compat.raw import Rows, read, require, write_csv
from houselights.core.errors import HouselightsError
from houselights.kernels.pairs import close_edges

KINDS = ("co_retweet", "co_link", "co_reply", "co_tweet")
MENTION = re.compile(r"@(?:\S|[\x1c-\x1f])*")  # its white space is Unicode's: no separators 1C to 1F
Ints = npt.NDArray[np.int64]


def network(
    con: duckdb.DuckDBPyConnection,
    input_path: Path,
    out_dir: Path,
    kind: str = "co_retweet",
    window_s: float = 60,
    min_weight: int = 2,
) -> int:
    """Writes `edges.csv` (source, target, weight, edge_type), sorted by source and target; returns the number of edges.

    `weight`: messages of the source with a message of the target on the same object at most `window_s` apart.
    Input: the Toolkit's CSV (eight columns in order), our posts.parquet, or for co_retweet CooRTweet's columns.
    """
    if kind not in KINDS:
        raise HouselightsError(f"--kind {kind} is unknown; choose one of {', '.join(KINDS)}")
    if not 0 <= window_s < float("inf") or min_weight < 1:
        raise HouselightsError(
            f"--window {window_s} --min-weight {min_weight}: give a window from 0 and a weight from 1"
        )
    rows = read(con, input_path)
    if rows.layout == "shares" and kind != "co_retweet":
        raise HouselightsError(
            f"{input_path} has CooRTweet's columns, which give co_retweet only; {kind} needs messages"
        )
    message, user, objects = _acts(rows, kind)
    names, account = _coded(rows.text("account_id" if rows.layout == "shares" else "user_id"))
    edges = close_edges(account[user], _coded(objects)[1], message, rows.at_s[user], float(window_s), min_weight)
    table = pa.table(
        {
            "source": names.take(pa.array(edges.source)),
            "target": names.take(pa.array(edges.target)),
            "weight": edges.weight,
            "edge_type": pa.repeat(kind, len(edges.source)),
        }
    )
    out_dir.mkdir(parents=True, exist_ok=True)
    write_csv(con, table, out_dir / "edges.csv")
    return len(edges.source)


def _acts(rows: Rows, kind: str) -> tuple[npt.NDArray[np.int32], Ints, pa.Array]:
    """Message code, row and object of each act; the first row of a message (links: of message and URL) counts."""
    id_column, repost = ("content_id", "object_id") if rows.layout == "shares" else ("message_id", "repost_id")
    require(rows, (id_column, "account_id" if rows.layout == "shares" else "user_id"))
    message = _coded(rows.text(id_column))[1]
    reposted = rows.text(repost)
    own = pc.equal(reposted, "").to_numpy(zero_copy_only=False)
    if kind == "co_link":
        return _links(rows, message, own)
    first = np.zeros(len(message), bool)
    first[np.unique(message, return_index=True)[1]] = True
    if kind == "co_retweet":
        acts, objects = np.flatnonzero(first & ~own), reposted
    elif kind == "co_reply":
        objects = rows.text("reply_id")
        acts = np.flatnonzero(first & own & pc.not_equal(objects, "").to_numpy(zero_copy_only=False))
    else:
        acts, objects = np.flatnonzero(first & own), rows.text("message")
    objects = objects.take(pa.array(acts))
    return message[acts], acts, _without_mentions(objects) if kind == "co_tweet" else objects


def _links(
    rows: Rows, message: npt.NDArray[np.int32], own: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.int32], Ints, pa.Array]:
    """One act per message and URL. A CSV row without a URL has the empty one: the Toolkit splits the cell at spaces."""
    urls = rows.table.column("urls").cast(pa.large_list(pa.large_string())).combine_chunks()
    urls = pa.concat_arrays(urls.chunks) if isinstance(urls, pa.ChunkedArray) else urls
    row = pc.list_parent_indices(urls).to_numpy(zero_copy_only=False)
    url = urls.flatten()
    mine = own[row]
    row, url = row[mine], url.filter(pa.array(mine))
    code = _coded(url)[1].astype(np.int64)
    _, first = np.unique(message[row].astype(np.int64) * (len(code) + 1) + code, return_index=True)
    first.sort()
    return message[row[first]], row[first], url.take(pa.array(first))


def _without_mentions(texts: pa.Array) -> pa.Array:
    """Lower case, each mention cut from its @ to the next white space, white space collapsed."""
    encoded = texts.dictionary_encode()
    plain = [" ".join(MENTION.sub("", text.lower()).split()) for text in encoded.dictionary.to_pylist()]
    return pa.array(plain, pa.large_string()).take(encoded.indices)


def _coded(texts: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int32]]:
    """Distinct values sorted by their bytes, as SQLite sorts, and the code of each row."""
    encoded = texts.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return encoded.dictionary.take(pa.array(order)), rank[encoded.indices.to_numpy()]
