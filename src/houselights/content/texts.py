"""The distinct texts of a run, as a model of meaning should read them: without links, addressees and repost marks."""

import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from houselights.core.paths import in_sql
from houselights.core.text import normalise, word_spans

MIN_WORDS = 4
"""Shorter texts ("so true") mean what they answer to, which we do not see."""
MAX_CHARACTERS = 1000
"""A post begins with what it says; the model's cost grows with the square of the length."""
_REPOST_MARK = re.compile(r"\A\s*+(?:rt\s++@[\w.@-]++:?\s*+)++", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|www\.|pic\.twitter\.com/|\bt\.co/)\S*", re.IGNORECASE)
_ADDRESSEES = re.compile(r"\A\s*+(?:@[\w.@-]++[\s:,]*+)++")
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff\x00-\x08\x0b-\x1f]+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Texts:
    """t distinct texts in order of their hash, and p posts in own words that say one of them."""

    text: list[str]  # [t]
    hash: list[str]  # [t] 16 hexadecimal digits
    post_id: list[str]  # [p], in the order of posts.parquet
    author_id: list[str]  # [p]
    text_of_post: NDArray[np.int64]  # [p] index into `text`


def read(con: duckdb.DuckDBPyConnection, posts_path: Path) -> Texts:
    """Posts that say something themselves: no reposts, at least MIN_WORDS words."""
    rows = con.execute(
        f"""SELECT post_id, author_id, "text" FROM read_parquet({in_sql(posts_path)}, file_row_number = true)
        WHERE kind <> 'repost' AND "text" <> '' ORDER BY file_row_number"""
    ).fetchall()
    hash_of: dict[str, str | None] = {}
    text_of: dict[
        str, str
    ] = {}  # of several ways to write it the first in the alphabet, whatever the order of the posts
    kept, of_post = [], []
    for post_id, author_id, raw in rows:
        if raw not in hash_of:
            text = meaning(raw)
            if found := _hash(text):
                text_of[found] = min(text, text_of.get(found, text))
            hash_of[raw] = found
        if found := hash_of[raw]:
            kept.append((post_id, author_id))
            of_post.append(found)
    hashes = sorted(text_of)
    number = {h: i for i, h in enumerate(hashes)}
    return Texts(
        [text_of[h] for h in hashes],
        hashes,
        [post for post, _ in kept],
        [author for _, author in kept],
        np.fromiter((number[h] for h in of_post), np.int64, len(of_post)),
    )


def meaning(text: str) -> str:
    """The text as a model should read it. Linear, and never raises."""
    text = _UNSEEN.sub("", text[: 4 * MAX_CHARACTERS])
    text = _ADDRESSEES.sub("", _REPOST_MARK.sub("", text))
    text = _LINK.sub(" ", text).replace("#", " ")
    return _SPACE.sub(" ", text).strip()[:MAX_CHARACTERS]


def words(text: str) -> list[str]:
    """Normalised words; a hashtag is its word."""
    normal = normalise(text)
    return [w for a, b in word_spans(normal) if (w := normal[a:b].strip("#_"))]


def _hash(text: str) -> str | None:
    """The same for texts that differ in case, punctuation or width alone; None for those that are too short."""
    words = normalise(text)
    if len(word_spans(words)) < MIN_WORDS:
        return None
    return blake2b(words.encode(), digest_size=8).hexdigest()
