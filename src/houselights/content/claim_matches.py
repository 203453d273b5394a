"""posts and a list of claims -> which posts are about which claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from houselights.content import claims, embedding, texts
from houselights.content.claims import Claim, Matches, Vectors
from houselights.content.write import CACHE, Tell, write_table
from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.settings import ContentSettings
from houselights.core.tables import CLAIM_MATCHES, POSTS
from houselights.core.text import normalise


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
        cache_dir = run_dir / CACHE
        vectors = (
            embedding.vectors(said.text, model, cache_dir, settings.jobs, tell),
            vectors_of(listed, model, cache_dir, settings.jobs, tell),
        )
    found = claims.match(said.text, listed, vectors).worth_showing()
    con.register("claims_of_posts", _of_posts(said, listed, found))
    try:
        rows = con.sql(_MATCHES.format(posts=in_sql(posts_path))).to_arrow_table()
    finally:
        con.unregister("claims_of_posts")
    write_table(run_dir, CLAIM_MATCHES, rows)
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


def vectors_of(
    listed: Sequence[Claim], model: embedding.Model, cache_dir: Path, jobs: int, tell: Tell | None = None
) -> Vectors:
    """[claims, dimensions] of unit length. Claims that differ in case and punctuation alone have the same, or such marks would decide which comes
    first."""
    same = [normalise(c.text) for c in listed]
    text_of: dict[str, str] = {}
    for claim, words in zip(listed, same, strict=True):
        text = texts.meaning(claim.text) or claim.text
        text_of[words] = min(text, text_of.get(words, text))
    return embedding.vectors([text_of[words] for words in same], model, cache_dir, jobs, tell)


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
