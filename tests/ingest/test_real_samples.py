"""
Real research data, where a copy lies beside the checkout: every row is a post or a reject that is explained here.

What the reader says is compared with a count made in this file by other means: json, csv and pyarrow alone.
"""

import csv
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from houselights.core.errors import HouselightsError
from houselights.core.settings import ReadSettings
from houselights.ingest import IngestReport, read_inputs

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the research data are not here")

Post = tuple[str | None, str, datetime]  # post id (None where it is made up), account, time


@dataclass
class Counted:
    """What a file holds. `rejects`: rule -> rows, each for the reason that the function beside it gives."""

    posts: Counter[Post] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)

    @property
    def n_rows(self) -> int:
        return self.posts.total() + self.rejects.total()


def pages(path: Path) -> Counted:
    """
    Posts are the objects of `data`, those of `includes` only what they refer to. Each object of `errors` is a post that the platform
    would not give (platform_error); a line that breaks off is none (malformed_json); of an edited post one version is kept (duplicate_post).
    """
    found, seen = Counted(), set()
    for line in path.read_bytes().split(b"\n"):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            found.rejects["malformed_json"] += 1
            continue
        found.rejects["platform_error"] += len(record.get("errors", []))
        data = record["data"]
        for tweet in data if isinstance(data, list) else [data]:
            first_version = tweet.get("edit_history_tweet_ids", [tweet["id"]])[0]
            if first_version in seen:
                found.rejects["duplicate_post"] += 1
                continue
            seen.add(first_version)
            found.posts[tweet["id"], tweet["author_id"], datetime.fromisoformat(tweet["created_at"])] += 1
    found.rejects = +found.rejects  # without zeros
    return found


def shared_objects(path: Path) -> Counted:
    """A post that shared two objects stands in two rows (duplicate_post): it is one post."""
    found, seen = Counted(), set()
    for row in _table(path):
        if row["content_id"] in seen:
            found.rejects["duplicate_post"] += 1
            continue
        seen.add(row["content_id"])
        at = datetime.fromtimestamp(int(row["timestamp_share"]), UTC)
        found.posts[row["content_id"], row["account_id"], at] += 1
    return found


def _table(path: Path, encoding: str = "utf-8") -> Iterator[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as file:
        yield from csv.DictReader(file)


def tweets_with_rounded_ids(stamp: str, encoding: str) -> Callable[[Path], Counted]:
    """A spreadsheet rounded the ids (6.29697E+17), so that they name nothing: each row is a post, with an id made for it."""

    def count(path: Path) -> Counted:
        rows = list(_table(path, encoding))
        assert all("E+" in row["tweet_id"] for row in rows)
        return Counted(Counter((None, row["name"], _at(row["tweet_created"], stamp)) for row in rows))

    return count


def _at(text: str, *stamps: str) -> datetime:
    for stamp in stamps:
        try:
            return datetime.strptime(text, stamp).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(text)


def labelled(path: Path) -> Counted:
    """Each tweet by its id; one that stands there twice is one post (duplicate_post)."""
    found, seen = Counted(), set()
    for row in _table(path):
        if row["tweetid"] in seen:
            found.rejects["duplicate_post"] += 1
            continue
        seen.add(row["tweetid"])
        at = _at(row["tweet_time"], "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
        found.posts[row["tweetid"], row["user_screen_name"], at] += 1
    return found


def rows_without_ids(path: Path) -> Counted:
    """No ids: each row is a post."""
    table = pq.read_table(path, columns=["author_id", "ts"])
    times = (at.replace(tzinfo=UTC) for at in table["ts"].to_pylist())
    return Counted(
        Counter((None, author, at) for author, at in zip(table["author_id"].to_pylist(), times, strict=True))
    )


def objects_in_columns(path: Path) -> Counted:
    """A post stands in a row for each thing that it shared (duplicate_post), and three rows name no post (missing_post_id)."""
    columns = ["post_id", "account_id", "timestamp"]
    found, seen = Counted(), set()
    for post_id, account, at in zip(*(pq.read_table(path, columns=[c])[c].to_pylist() for c in columns), strict=True):
        if post_id is None:
            found.rejects["missing_post_id"] += 1
        elif post_id in seen:
            found.rejects["duplicate_post"] += 1
        else:
            seen.add(post_id)
            found.posts[str(post_id), account, datetime.fromtimestamp(at, UTC)] += 1
    return found


SAMPLES = "format_samples/x_api_v2"
CASES: dict[str, tuple[str, str, Callable[[Path], Counted], dict[str, str]]] = {
    # file: format, precision, who counts, --map
    **{
        f"{SAMPLES}/{name}.jsonl": ("x_api_v2", "s", pages, {})
        for name in (
            *("brexit", "edited_after", "edited_before", "kpop", "many_urls", "media_tweet", "noflat", "quoted_edit"),
            *("streaming_output_with_error", "withheld"),
        )
    },
    "ira_2015h2/tweets.parquet": ("generic", "min", rows_without_ids, {}),
    "gop_debate_2015/GOP_REL_ONLY.csv": ("generic", "min", tweets_with_rounded_ids("%m/%d/%y %H:%M", "latin-1"), {}),
    "airline_2015/Tweets.csv": ("generic", "min", tweets_with_rounded_ids("%Y/%m/%d %H:%M", "utf-8"), {}),
    "coortweet/russian_coord_tweets.csv": ("coortweet", "s", shared_objects, {}),
    # its objects have names of its own, so one of them must be pointed out
    "coortweet/german_elections.parquet": ("generic", "s", objects_in_columns, {"repost_of": "url_id"}),
    "state_trolls/real_test4.csv": ("generic", "s", labelled, {}),
    "state_trolls/russian_unseen.csv": ("generic", "min", labelled, {}),  # half of its stamps end at the minute
}
NO_POSTS = {  # folder: why nothing in it is a post with an account and a time
    "claim_matching": "words of tweets and of checked claims, numbered; neither account nor time",
    "coortweet/golden": "results of other tools: edges, groups and pairs",
    "ptc": "news articles with marked spans",
    "semeval2021": "words on pictures with labels; neither account nor time",
    "semeval2023": "paragraphs of news articles with labels",
    "tweeteval_stance": "words of tweets, one a line, and labels in a file beside; neither account nor time",
    "unlp2025": "words of Telegram posts with labels; the accounts and times were taken out",
}
NO_DATA = {"README.md", "LICENSE"}


def _read(out: Path, *paths: Path, **settings: Any) -> tuple[IngestReport, Counter[Post], Counter[str]]:
    """(report, posts that were written, rules of rejects that were written); ids made by the reader are None."""
    report = read_inputs(duckdb.connect(), paths, out, ReadSettings(**settings))
    made_up = "post_id" not in report.sources[0].columns and report.sources[0].columns
    table = pq.read_table(out / "posts.parquet", columns=["post_id", "author_id", "created_at"])
    ids, authors, times = (table[c].to_pylist() for c in table.column_names)
    assert len(set(ids)) == len(ids)
    posts = Counter(zip([None] * len(ids) if made_up else ids, authors, times, strict=True))
    return report, posts, Counter(pq.read_table(out / "rejects.parquet")["rule"].to_pylist())


@pytest.mark.parametrize("name", CASES)
def test_every_row_is_a_post_or_an_explained_reject(tmp_path: Path, name: str) -> None:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    format_, precision, count, column_map = CASES[name]
    counted = count(path)
    report, posts, rejects = _read(tmp_path, path, column_map=column_map)
    source = report.sources[0]
    assert (source.format, source.precision) == (format_, precision)
    assert posts == counted.posts
    assert rejects == counted.rejects == Counter(report.rejected_by_rule)
    assert (report.rows_read, report.rows_accepted) == (counted.n_rows, counted.posts.total())


def test_every_file_is_read_or_said_to_hold_no_posts() -> None:
    names = [p.relative_to(DATA).as_posix() for p in DATA.rglob("*") if p.is_file() and p.name not in NO_DATA]
    unknown = [n for n in names if n not in CASES and not any(n.startswith(f"{folder}/") for folder in NO_POSTS)]
    assert not unknown, "say in CASES who counts them, or in NO_POSTS why they hold no posts"


@pytest.mark.parametrize("folder", NO_POSTS)
def test_what_holds_no_posts_is_refused_with_a_sentence(tmp_path: Path, folder: str) -> None:
    if not (DATA / folder).is_dir():
        pytest.skip(f"{folder} is not here")
    kinds: dict[tuple[str, str], Path] = {}  # one file of a kind stands for all of its kind
    for path in sorted(p for p in (DATA / folder).rglob("*") if p.is_file() and p.name not in NO_DATA):
        kinds.setdefault((path.suffix, path.stem[-6:] if path.suffix == ".csv" else path.parent.name), path)
    for path in kinds.values():
        inside = [path]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                members = [name for name in archive.namelist() if not name.endswith("/")]
                inside += [Path(archive.extract(name, tmp_path)) for name in members]
        for one in inside:
            with pytest.raises(HouselightsError):
                read_inputs(duckdb.connect(), [one], tmp_path, ReadSettings())


def test_all_samples_together_meet_in_the_posts_that_they_share(tmp_path: Path) -> None:
    """Files are read as one data set: a post of several files is one post, and an edited post is its last version."""
    paths = [DATA / name for name in CASES if name.startswith(SAMPLES) and (DATA / name).exists()]
    if not paths:
        pytest.skip("the samples are not here")
    first_versions: list[str] = []
    problems: Counter[str] = Counter()
    for path in paths:
        counted = pages(path)
        problems += counted.rejects
        for line in path.read_bytes().split(b"\n"):
            try:
                data = json.loads(line)["data"]
            except ValueError:
                continue
            tweets = data if isinstance(data, list) else [data]
            first_versions += [t.get("edit_history_tweet_ids", [t["id"]])[0] for t in tweets]
    del problems["duplicate_post"]
    problems["duplicate_post"] = len(first_versions) - len(set(first_versions))
    _, posts, rejects = _read(tmp_path, *paths)
    assert posts.total() == len(set(first_versions)) and rejects == problems


def test_edited_posts_meet(read) -> None:
    folder = DATA / SAMPLES
    if not folder.is_dir():
        pytest.skip("the samples are not here")
    before, after = folder / "edited_before.jsonl", folder / "edited_after.jsonl"
    for order in ((before, after), (after, before)):
        reading = read(*order)
        assert len(reading.posts) == 1 and reading.report.rejected_by_rule == {"duplicate_post": 1}
        assert reading.posts[0]["raw_ref"]["file"] == "edited_after.jsonl"
