"""posts and a list of claims -> which posts are about which claim."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from houselights.content import claims, embedding, texts
from houselights.content.claims import Claim, Matches, Vectors
from houselights.content.write import CACHE
from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.settings import ContentSettings
from houselights.core.tables import CLAIM_MATCHES, POSTS
from houselights.core.text import normalise

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class ClaimsReport:
    """What was compared. `model` is empty where words alone were."""

    model: str
    n_claims: int
    n_texts: int
    n_posts: int  # posts that match a claim, reposts of such included


def write(
    con: duckdb.DuckDBPyConnection,
    run_dir: Path,
    listed: Sequence[Claim],
    settings: ContentSettings,
    tell: Tell | None = None,
) -> ClaimsReport:
    """Writes claim_matches.parquet into the RUN directory. Without a model of meaning, and without a server named, words alone are compared.

    Raises HouselightsError where the run has no posts table, or the server does not answer.
    """
    posts_path = run_dir / POSTS.file
    if not posts_path.is_file():
        raise HouselightsError(f"{run_dir} lacks {POSTS.file}: run the scan again.")
    model = _model(settings)
    said = texts.read(con, posts_path)
    vectors = None
    if model:
        silent: Tell = lambda done, total: None  # noqa: E731
        cache_dir, progress = run_dir / CACHE, tell or silent
        vectors = (
            embedding.vectors(said.text, said.hash, model, cache_dir, settings.jobs, progress),
            vectors_of(listed, model, cache_dir, settings.jobs, progress),
        )
    found = claims.match(said.text, listed, vectors).worth_showing()
    con.register("claims_of_posts", _of_posts(said, listed, found))
    try:
        rows = con.sql(_MATCHES.format(posts=in_sql(posts_path))).to_arrow_table()
    finally:
        con.unregister("claims_of_posts")
    path = run_dir / CLAIM_MATCHES.file
    beside = path.with_name(path.name + ".part")
    pq.write_table(CLAIM_MATCHES.check(rows), beside, compression="zstd")
    beside.replace(path)
    n_posts = len(rows["post_id"].unique())
    return ClaimsReport(model.name if model else "", len(listed), len(said.text), n_posts)


_MATCHES = """
SELECT *, 'text' AS "by" FROM claims_of_posts
UNION ALL
SELECT r.post_id, c.* EXCLUDE (post_id), 'repost' AS "by"
FROM read_parquet({posts}) r JOIN claims_of_posts c ON r.repost_of = c.post_id WHERE r.kind = 'repost'
ORDER BY post_id, rank
"""


def _model(settings: ContentSettings) -> embedding.Model | None:
    try:
        return embedding.chosen(settings.embeddings_url, settings.embeddings_model)
    except HouselightsError:
        if settings.embeddings_url:
            raise
        return None


def vectors_of(listed: Sequence[Claim], model: embedding.Model, cache_dir: Path, jobs: int, tell: Tell) -> Vectors:
    """[claims, dimensions] of unit length. Claims that differ in case and punctuation alone have the same, or such marks would decide which comes
    first."""
    hashes = [blake2b(f"claim {normalise(c.text)}".encode(), digest_size=8).hexdigest() for c in listed]
    text_of = {h: texts.meaning(c.text) or c.text for c, h in sorted(zip(listed, hashes, strict=True), key=_by_text)}
    distinct = sorted(text_of)
    found = embedding.vectors([text_of[h] for h in distinct], distinct, model, cache_dir, jobs, tell)
    number = {h: i for i, h in enumerate(distinct)}
    return found[[number[h] for h in hashes]]


def _by_text(claim: tuple[Claim, str]) -> str:
    return claim[0].text


def _of_posts(said: texts.Texts, listed: Sequence[Claim], found: Matches) -> pa.Table:
    """What each post in own words matches, but for how it came to say it."""
    order = np.argsort(said.text_of_post, kind="stable")
    of = said.text_of_post[order]
    begin, end = np.searchsorted(of, found.text), np.searchsorted(of, found.text, side="right")
    pair = np.repeat(np.arange(len(found.text)), end - begin)
    within = np.arange(len(pair)) - np.searchsorted(pair, pair)
    post = order[begin[pair] + within].tolist()
    claim = [listed[j] for j in found.claim[pair].tolist()]
    cosine = found.cosine[pair]
    return pa.table(
        {
            "post_id": pa.array([said.post_id[i] for i in post], pa.string()),
            "claim_id": pa.array([c.id for c in claim], pa.string()),
            "rank": found.rank[pair],
            "score": found.score[pair],
            "bm25": found.bm25[pair],
            "cosine_0_1": pa.array(np.clip(cosine, 0.0, 1.0), mask=np.isnan(cosine)),
            "claim_text": pa.array([c.text for c in claim], pa.string()),
            "claim_url": pa.array([c.url for c in claim], pa.string()),
            "verdict": pa.array([c.verdict for c in claim], pa.string()),
        }
    )
