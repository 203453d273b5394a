"""Every table of a RUN directory: column, Arrow type, nullability, unit and meaning. Stages share these and nothing else."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core.errors import HouselightsError

TIME = pa.timestamp("us", tz="UTC")
PRECISIONS = ("us", "ms", "s", "min", "day")
POST_KINDS = ("post", "reply", "repost", "quote", "comment")
TRACE_KINDS = ("link", "repost", "quote", "reply", "hashtags", "text", "narrative", "media", "mention")


@dataclass(frozen=True)
class Column:
    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """A declared table; `file` is its name in the RUN directory."""

    name: str
    file: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    def empty(self) -> pa.Table:
        return self.schema.empty_table()

    def write(self, run_dir: Path, table: pa.Table) -> None:
        """Beside, then renamed."""
        beside = run_dir / f"{self.file}.part"
        pq.write_table(self.check(table), beside, compression="zstd")
        beside.replace(run_dir / self.file)

    def check(self, table: pa.Table) -> pa.Table:
        """Casts to the declared schema. Raises HouselightsError naming the column that does not fit."""
        missing = [c.name for c in self.columns if c.name not in table.column_names]
        if missing:
            raise HouselightsError(f"table {self.name} lacks the column(s) {', '.join(missing)}")
        out = table.select([c.name for c in self.columns]).cast(self.schema)
        for c in self.columns:
            if not c.nullable and out.column(c.name).null_count:
                raise HouselightsError(f"table {self.name}: column {c.name} may not hold nulls")
        return out


def _c(name: str, type_: pa.DataType, meaning: str) -> Column:
    return Column(name, type_, meaning)


def _n(name: str, type_: pa.DataType, meaning: str) -> Column:
    return Column(name, type_, meaning, nullable=True)


_s, _i, _f, _b = pa.string(), pa.int64(), pa.float64(), pa.bool_()
_list = pa.list_(pa.string())
_media = pa.list_(pa.struct([("type", _s), ("url", _s), ("hash", _s), ("alt", _s)]))
_metrics = pa.struct([("reposts", _i), ("replies", _i), ("likes", _i), ("quotes", _i), ("views", _i)])

POSTS = Table(
    "posts",
    "posts.parquet",
    (
        _c("post_id", _s, "id of the post on its platform"),
        _c("platform", _s, "where it was posted: x, facebook, ... or 'unknown'"),
        _c("author_id", _s, "id of the account that acted"),
        _n("author_handle", _s, "handle without @"),
        _n("author_name", _s, "display name"),
        _n("author_created_at", TIME, "when the account was made, UTC"),
        _n("author_followers", _i, "followers at collection"),
        _c("created_at", TIME, "when the post was made, UTC"),
        _c("created_at_precision", _s, "us, ms, s, min or day: what the source really knows"),
        _n("collected_at", TIME, "when it was collected, UTC"),
        _c("text", _s, "the author's own words; empty for a repost whose source id is known"),
        _n("lang", _s, "BCP-47"),
        _n("lang_source", _s, "author, platform or guess"),
        _c("urls", _list, "expanded URLs as the data has them"),
        _c("hashtags", _list, "in order of appearance, without #, casefolded"),
        _c("mentions", _list, "ids when known, else handles"),
        _n("reply_to", _s, "post id answered"),
        _n("reply_to_author", _s, "account id answered"),
        _n("thread_id", _s, "conversation id"),
        _n("repost_of", _s, "post id reposted"),
        _n("repost_of_author", _s, "account id, or handle, reposted"),
        _n("quote_of", _s, "post id quoted"),
        _n("quote_of_author", _s, "account id quoted"),
        _c("media", _media, "attached media"),
        _n("client", _s, "application that posted"),
        _n("metrics", _metrics, "counts as exported; null where the export has none"),
        _n("url", _s, "permalink"),
        _c("kind", _s, "post, reply, repost, quote or comment"),
        _c("source_format", _s, "reader that read the row"),
        _c("raw_ref", pa.struct([("file", _s), ("line", _i)]), "file name and line (or row) number, from 1"),
    ),
    ("created_at", "platform", "post_id"),
)

LATE = Table(
    "late",
    "late.parquet",
    (
        *POSTS.columns,
        _n(
            "behind_s",
            _f,
            "how far behind the clock of the watch less its allowed lateness the post came, seconds; null where it is dated ahead",
        ),
        _n("came_at", TIME, "the clock of the watch when the post came, UTC"),
    ),
    ("created_at", "platform", "post_id", "came_at"),
)

ALERTS = Table(
    "alerts",
    "alerts.parquet",
    (
        _c("alert_id", _s, "hash of group, event and moment: the same alert has the same id however often it is sent"),
        _c("group_id", _s, "the group; it keeps its id while it grows, and that of the older one when two merge"),
        _c("event", _s, "appear, grow, merge or fade"),
        _c("at", TIME, "end of the block of event time that led to it, UTC"),
        _c("n_accounts", _i, "accounts of the group"),
        _c("account_ids", _list, "the accounts"),
        _c("merged_from", _list, "ids of the groups that went into it, for a merge"),
        _c("n_bets", _i, "objects that it bet on; one may come again after an hour"),
        _c("n_blocks", _i, "minutes of event time with such a bet"),
        _c("e_value", _f, "the evidence: its expectation is at most 1 if the group is like any other"),
        _c("threshold", _f, "what e_value had to reach: such groups / (q x discoveries)"),
        _c("n_tested", _i, "groups that had bet, those gone since included (14 days, or a shorter horizon)"),
        _c("q", _f, "false-discovery rate that the threshold holds at that moment"),
        _c("sentence", _s, "for the reader"),
        _c("guarantee", _s, "which guarantee holds for it"),
    ),
    ("at", "group_id", "event"),
)

REJECTS = Table(
    "rejects",
    "rejects.parquet",
    (
        _c("source", _s, "input file"),
        _c("line", _i, "line or row number from 1; 0 for the whole file"),
        _c("rule", _s, "name of the rule that rejected it"),
        _n("detail", _s, "what was found there, shortened"),
    ),
    ("source", "line", "rule"),
)

TRACES = Table(
    "traces",
    "traces.parquet",
    (
        _c("account_id", _s, "who"),
        _c("kind", _s, "link, repost, quote, reply, hashtags, text, narrative, media or mention"),
        _c(
            "object_id",
            _s,
            "what it points at: canonical URL, post id, tag sequence, 'text:' + hash of the text cluster, narrative id, 'media:' + hash, "
            "or the accounts mentioned together",
        ),
        _c("post_id", _s, "in which post"),
        _c("at", TIME, "when, UTC"),
    ),
    ("kind", "object_id", "at", "account_id", "post_id"),
)

MEMBERS = Table(
    "members",
    "members.parquet",
    (
        _c("finding_id", _s, "finding"),
        _c("account_id", _s, "account"),
        _c(
            "role",
            _s,
            "core (passed the member test), periphery (did not: not named), source (its content is copied: not a member)",
        ),
        _c("n_events", _i, "coincidences of the account with other members"),
        _c("p_value", _f, "member test against the clean background; 1 where it could not be made"),
        _c("membership_probability", _f, "probability that the account belongs to the group, 0 to 1"),
    ),
    ("finding_id", "role", "account_id"),
)

EVIDENCE = Table(
    "evidence",
    "evidence.parquet",
    (
        _c("finding_id", _s, "finding"),
        _c("channel", _s, "synchrony or small_objects"),
        _c("object_id", _s, "what both posts share"),
        _c("kind", _s, "kind of the object"),
        _c("post_id_a", _s, "earlier post"),
        _c("post_id_b", _s, "later post"),
        _c("account_a", _s, "account of the earlier post"),
        _c("account_b", _s, "account of the later post"),
        _c("delta_s", _f, "seconds between them"),
        _c("chance", _f, "probability that two accounts sharing this object are this close without the group"),
        _c("confirming", _b, "lies in the half of the data that confirmed the group; the other half only suggested it"),
    ),
    ("finding_id", "channel", "object_id", "post_id_a", "post_id_b"),
)

HIGHLIGHTS = Table(
    "highlights",
    "highlights.parquet",
    (
        _c("post_id", _s, "post"),
        _c("finding_id", _s, "finding"),
        _c("kind", _s, "text, link, hashtags, repost, quote, reply or narrative"),
        _c("start", _i, "first character of posts.text (code points)"),
        _c("end", _i, "after the last character; start = end = 0 for the whole post"),
        _c("reason", _s, "sentence for the reader"),
        _c("rule", _s, "rule that made it"),
        _c("rule_version", _s, "its version"),
    ),
    ("finding_id", "post_id", "kind", "start"),
)

LANGUAGES = Table(
    "languages",
    "languages.parquet",
    (
        _c("post_id", _s, "post in own words"),
        _c("lang", _s, "BCP-47, by a detector that reads the text alone; 'und' where it cannot tell"),
        _c("confidence_0_1", _f, "the detector's score of that language; 0 where it cannot tell"),
    ),
    ("post_id",),
)

NARRATIVES = Table(
    "narratives",
    "narratives.parquet",
    (
        _c("narrative_id", _s, "'narrative:' + hash of its most typical text"),
        _c("name", _s, "its first keywords"),
        _c("keywords", _list, "words that set it apart, the most telling first"),
        _c("languages", _list, "BCP-47, most posts first"),
        _c("n_posts", _i, "posts that tell it, reposts included"),
        _c("n_texts", _i, "different wordings"),
        _c("n_accounts", _i, "accounts that tell it"),
        _c("account_share_0_1", _f, "of all accounts of the data"),
        _c("first_at", TIME, "first post, UTC"),
        _c("last_at", TIME, "last post, UTC"),
        _c("representative_post_ids", _list, "posts whose words are nearest to what all have in common"),
    ),
    ("n_posts", "narrative_id"),
)

POST_NARRATIVES = Table(
    "post_narratives",
    "post_narratives.parquet",
    (
        _c("post_id", _s, "post"),
        _c("narrative_id", _s, "what it says"),
        _c("similarity_0_1", _f, "cosine of its text to the narrative's centre"),
        _c("by", _s, "text: in own words; repost: it repeats such a post"),
    ),
    ("narrative_id", "post_id"),
)

CLAIM_MATCHES = Table(
    "claim_matches",
    "claim_matches.parquet",
    (
        _c("post_id", _s, "post"),
        _c("claim_id", _s, "id of the claim in the user's list"),
        _c("rank", _i, "from 1, among the claims shown for this post: first those in its own words, then by score"),
        _c(
            "score",
            _f,
            "reciprocal rank fusion: the sum of 1 / (10 + rank) over the ranking by words and that by meaning",
        ),
        _c("bm25", _f, "BM25 of the post's words in the claim; 1 is about one shared word that nothing else has"),
        _n("cosine_0_1", _f, "cosine of both texts' vectors; null where words alone were compared"),
        _c("claim_text", _s, "the claim, as the list has it"),
        _n("claim_url", _s, "where its publisher writes about it"),
        _n("verdict", _s, "what its publisher concluded, in the publisher's words; not a judgement of the post"),
        _c("by", _s, "text: in own words; repost: it repeats such a post"),
    ),
    ("post_id", "rank"),
)

PROMPTS = Table(
    "prompts",
    "prompts.parquet",
    (
        _c("prompt_id", _s, "hash of everything below but the subject"),
        _c("task", _s, "name, summary, stance, techniques or explanation"),
        _c("prompt_version", _s, "version of the task's prompt file"),
        _c("subject_id", _s, "post, narrative or finding that is read"),
        _c("target", _s, "what the stance is toward, or the explanation weighed; empty where there is none"),
        _c("language", _s, "BCP-47 of the answer's own words; empty where it has none"),
        _c("fields", _s, "JSON: the data that the model reads, piece by piece"),
    ),
    ("task", "subject_id", "target"),
)

ASKED = pa.schema([f for f in PROMPTS.schema if f.name not in ("prompt_id", "prompt_version")])
"""What a stage asks; id and version come with the prompt file."""

ANSWERS = Table(
    "answers",
    "answers.parquet",
    (
        _c("prompt_id", _s, "what was asked"),
        _c("model", _s, "the model's name, as it was asked for"),
        _c("model_version", _s, "what the server says of itself; for embedded weights their sha256"),
        _c("status", _s, "ok; unfit: no valid answer after one re-ask; refused: the server takes no such prompt"),
        _n("answer", _s, "JSON, valid under the task's schema; null unless ok"),
        _c("raw", _s, "the last answer, word for word"),
        _c("n_prompt_tokens", _i, "tokens read, re-asks included, as the server counts them"),
        _c("n_answer_tokens", _i, "tokens written, re-asks included"),
        _c("latency_s", _f, "seconds from the first request to the last answer"),
        _c("n_requests", _i, "requests that it took, retries and re-asks included"),
        _c("detail", _s, "why it is unfit or refused; empty if ok"),
    ),
    ("prompt_id", "model"),
)

ANNOTATIONS = Table(
    "annotations",
    "annotations.parquet",
    (
        _c("post_id", _s, "post"),
        _c("task", _s, "stance or techniques"),
        _c("target", _s, "what the stance is toward; empty for techniques"),
        _c("label", _s, "favour, against, neither or unclear; or the technique, or family of techniques"),
        _c("start", _i, "first character of posts.text (code points) of the quoted words"),
        _c("end", _i, "after the last; start = end = 0 where no words are quoted"),
        _c("quote", _s, "these words"),
        _n(
            "confidence",
            _f,
            "probability that the label is right, as calibrated on labelled text; null for a language model",
        ),
        _c("model", _s, "'head:' and its name, or the model's name"),
        _c("prompt_version", _s, "version of the prompt or of the head"),
    ),
    ("task", "target", "post_id", "model", "start", "label"),
)

DESCRIPTIONS = Table(
    "descriptions",
    "descriptions.parquet",
    (
        _c("subject_id", _s, "narrative or finding"),
        _c("task", _s, "name: of a narrative; summary: of a finding; explanation: does an innocent one fit a finding?"),
        _c("target", _s, "the explanation; empty otherwise"),
        _c("label", _s, "yes, no or unclear for an explanation; empty otherwise"),
        _c("text", _s, "a model's words, not checked by a person"),
        _c("model", _s, "the model's name"),
        _c("prompt_version", _s, "version of the prompt"),
    ),
    ("task", "subject_id", "target", "model"),
)

SAMPLE = Table(
    "sample",
    "sample.parquet",
    (
        _c("row", _s, "its row on the sheet, which tells nothing of the post"),
        _c("post_id", _s, "post"),
        _c("task", _s, "stance or techniques"),
        _c("target", _s, "of the stance; or the technique"),
        _c("model", _s, "who predicted; empty where nobody marked the post"),
        _c("predicted", _s, "the label that was predicted"),
        _c("lang", _s, "BCP-47"),
        _c("found", _b, "whether it is by an account of a finding that passed"),
        _c("stratum", _s, "predicted label, language, and whether an account of a finding posted it"),
        _c("n_stratum", _i, "posts of the data in it"),
        _c("inclusion_probability", _f, "chance of a post of this stratum to be drawn, 0 to 1"),
    ),
    ("row",),
)

CONFUSION = Table(
    "confusion",
    "confusion.parquet",
    (
        _c("task", _s, "stance or techniques"),
        _c("target", _s, "of the stance; or the technique"),
        _c("model", _s, "who predicted"),
        _c("lang", _s, "BCP-47, or 'all'"),
        _c("predicted", _s, "label that was predicted"),
        _c("found", _b, "whether the posts are by accounts of findings that passed"),
        _c("labelled", _s, "label that a person gave"),
        _c("n", _i, "rows of the sheet"),
        _c("weight", _f, "posts of the data that these stand for"),
        _c(
            "n_effective",
            _f,
            "as many labels drawn with equal chances tell as much: this row's part, by weight, of Kish's effective number of all rows that differ in "
            "`labelled` alone",
        ),
    ),
    ("task", "target", "model", "lang", "predicted", "found", "labelled"),
)

TRUTH = Table(
    "truth",
    "truth.parquet",
    (
        _c("account_id", _s, "account of a simulated world"),
        _c("role", _s, "organic, campaign or lookalike"),
        _n("group_id", _s, "campaign or look-alike group it belongs to"),
        _n("tactic", _s, "tactic or kind of look-alike"),
    ),
    ("account_id",),
)

ALL = (
    POSTS,
    REJECTS,
    LATE,
    ALERTS,
    LANGUAGES,
    NARRATIVES,
    POST_NARRATIVES,
    CLAIM_MATCHES,
    PROMPTS,
    ANSWERS,
    ANNOTATIONS,
    DESCRIPTIONS,
    SAMPLE,
    CONFUSION,
    TRACES,
    MEMBERS,
    EVIDENCE,
    HIGHLIGHTS,
    TRUTH,
)
