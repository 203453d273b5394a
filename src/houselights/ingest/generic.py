"""Any table of posts whose columns have telling names: CSV, TSV, JSON lines (nested keys by dot path), Parquet."""

import re

from houselights.core.errors import HouselightsError
from houselights.ingest.sample import Format, Match, Sample, shown
from houselights.ingest.table import TARGETS, Rows, raw_rows

FORMAT = Format(
    name="generic",
    title="any table with telling column names (CSV, TSV, JSON lines, JSON array, Parquet)",
    containers="csv, tsv, jsonl, json, parquet",
    time_precision="as the column has it",
    repost_ids=True,
    account_ids=True,
    limits="columns are guessed from their names; set them right with --map OURS=THEIRS",
)

_SYNONYMS: dict[str, str] = {
    "post_id": "post_id postid tweet_id tweetid status_id message_id content_id comment_id id_str id uri rest_id",
    "platform": "platform network social_network",
    "author_id": (
        "author_id authorid user_id userid account_id accountid from_user_id from_id sender_id external_author_id user_id_str "
        "author_did did author user account from_user sender owner_id post_owner_id channel_id"
    ),
    "author_handle": (
        "author_handle handle username screen_name user_screen_name user_name author_username user_username "
        "author_screen_name from_user_screen_name acct account_username author_name_handle"
    ),
    "author_name": "author_name display_name user_display_name author_display_name user_name_full author_fullname name user_full_name user_name",
    "author_created_at": "author_created_at account_creation_date user_created_at account_created_at author_created",
    "author_followers": (
        "author_followers followers followers_count follower_count user_followers_count "
        "author_public_metrics_followers_count subscribers user_followers"
    ),
    "created_at": (
        "created_at createdat timestamp tweet_created tweet_time timestamp_share created_utc creation_time create_time "
        "publish_date published_at publishedat publish_time posted_at post_created post_date date_utc datetime date_time "
        "unix_timestamp date time ts created"
    ),
    "collected_at": "collected_at harvested_date retrieved_at collection_time crawled_at fetched_at time_us",
    "text": "full_text text tweet_text body content message post_text caption selftext description title tweet",
    "lang": "lang language tweet_language post_language languages lang_code",
    "urls": "urls expanded_urls entities_urls links outlinks expanded_url link_url final_link link url",
    "hashtags": "hashtags entities_hashtags hashtag_names tags hashtag",
    "mentions": "mentions user_mentions entities_mentions mentioned_users",
    "reply_to": (
        "reply_to in_reply_to in_reply_to_id in_reply_to_status_id_str in_reply_to_status_id in_reply_to_tweetid "
        "in_reply_to_tweet_id replied_to_id reply_id reply_to_id referenced_tweets_replied_to_id parent_id parent_comment_id"
    ),
    "reply_to_author": "reply_to_author in_reply_to_user_id_str in_reply_to_user_id in_reply_to_userid in_reply_to_account_id replied_user",
    "thread_id": "thread_id conversation_id link_id thread",
    "repost_of": (
        "repost_of retweet_of repost_id retweet_id retweet_tweetid retweeted_status_id_str retweeted_status_id retweeted_id "
        "retweeted_tweet_id referenced_tweets_retweeted_id shared_post_id reblog_id crosspost_parent"
    ),
    "repost_of_author": "repost_of_author retweet_userid retweeted_user_id retweeted_status_user_id_str retweeted_user",
    "quote_of": (
        "quote_of quoted_id quoted_tweet_tweetid quoted_status_id_str quoted_status_id quoted_tweet_id "
        "referenced_tweets_quoted_id quoted_post"
    ),
    "quote_of_author": "quote_of_author quoted_user_id quoted_user",
    "client": "client source tweet_client_name application",
    "url": "permalink post_url tweet_url article_url status_url permalink_url url",
    "kind": "kind post_type tweet_type post_kind is_retweet is_repost retweeted",
    "media": "media",
    "precision": "created_at_precision",
    "reposts": "reposts metrics_reposts retweet_count share_count reblogs_count shares retweets repost_count public_metrics_retweet_count",
    "replies": "replies metrics_replies reply_count comment_count replies_count comments num_comments public_metrics_reply_count",
    "likes": "likes metrics_likes like_count favorite_count favourites_count favorites public_metrics_like_count",
    "quotes": "quotes metrics_quotes quote_count public_metrics_quote_count",
    "views": "views metrics_views view_count impression_count impressions public_metrics_impression_count",
}
_LANGUAGES = dict(
    re.findall(
        r"(\w+)=(\w+)",
        "english=en russian=ru german=de french=fr spanish=es italian=it portuguese=pt arabic=ar ukrainian=uk "
        "turkish=tr polish=pl dutch=nl japanese=ja chinese=zh korean=ko hindi=hi indonesian=id persian=fa bulgarian=bg "
        "serbian=sr romanian=ro greek=el hebrew=he swedish=sv norwegian=no danish=da finnish=fi czech=cs hungarian=hu "
        "vietnamese=vi thai=th tagalog=tl estonian=et latvian=lv lithuanian=lt croatian=hr slovak=sk slovenian=sl "
        "macedonian=mk albanian=sq catalan=ca urdu=ur bengali=bn tamil=ta ",
    )
)
_CLOCKS = ("time", "hour", "clock", "time_utc", "post_time", "time_of_day")
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?(?:Z| ?UTC)?"
_ROUNDED = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+|\d+(?:\.\d+)?[eE]\+\d+")


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z])([A-Z])", r"\1_\2", name.strip()).lower()).strip("_")


def check_map(sample: Sample, column_map: dict[str, str]) -> None:
    """Raises HouselightsError for names that do not exist."""
    for ours, theirs in column_map.items():
        if ours not in TARGETS:
            raise HouselightsError(f"--map {ours}={theirs}: there is no column {ours}. Ours are: {', '.join(TARGETS)}.")
        if theirs not in sample.names:
            raise HouselightsError(
                f"--map {ours}={shown(theirs)}: the file has no column {shown(theirs)}. It has: {sample.listed()}."
            )


def guess_columns(sample: Sample, column_map: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """(our column -> file column, notes). What the user maps stands."""
    mapping, notes = dict(column_map), []
    by_plain: dict[str, str] = {}
    for name in sample.names:
        by_plain.setdefault(plain(name), name)
    taken = set(column_map.values())
    for target, synonyms in _SYNONYMS.items():
        if target in mapping:
            continue
        for synonym in synonyms.split():
            if (theirs := by_plain.get(synonym, "")) and theirs not in taken and _plausible(sample, target, theirs):
                mapping[target] = theirs
                taken.add(theirs)
                break
    if "author_id" not in mapping:
        for fallback in ("author_handle", "author_name"):
            if fallback in mapping:
                mapping["author_id"] = mapping[fallback]
                break
    if "author_name" in mapping and mapping.get("author_id") == mapping["author_name"]:
        del mapping["author_name"]
    _permalink(sample, mapping, column_map)
    if (
        "post_id" in mapping
        and "post_id" not in column_map
        and rounded(sample.values(mapping["post_id"]))
        and sample.container in ("CSV", "TSV")
    ):
        notes.append(
            f"{shown(mapping.pop('post_id'))} was rounded by a spreadsheet (1.23E+18): post ids are made from author, time and text"
        )
    return {t: mapping[t] for t in TARGETS if t in mapping}, notes


def _plausible(sample: Sample, target: str, name: str) -> bool:
    """A name alone can mislead: a client is no link, a language no sentence, and an id does not repeat."""
    values = sample.values(name)[:100]
    if target == "client":
        return not any(v.startswith("http") for v in values) and len(set(values)) <= max(20, len(values) // 2)
    if target == "post_id" and name.lower() == "id" and len(values) >= 20:
        return len(set(values)) > len(values) * 0.5 or rounded(values)
    if target == "lang":
        return all(len(v) <= 20 for v in values)
    return True


def rounded(values: list[str]) -> bool:
    return bool(values) and sum(bool(_ROUNDED.fullmatch(v.strip())) for v in values) > 0.5 * len(values)


def _permalink(sample: Sample, mapping: dict[str, str], column_map: dict[str, str]) -> None:
    """A `url` column that holds each post's own id is its permalink, not a link it shares."""
    column = mapping.get("urls")
    if (
        column is None
        or "urls" in column_map
        or "post_id" not in mapping
        or plain(column) not in ("url", "link", "links")
    ):
        return
    pairs = [
        (str(r.get(mapping["post_id"])), str(r.get(column)))
        for r in sample.rows
        if r.get(column) and r.get(mapping["post_id"])
    ]
    if pairs and sum(post_id in url for post_id, url in pairs) >= 0.8 * len(pairs):
        del mapping["urls"]
        mapping.setdefault("url", column)


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    mapping, notes = guess_columns(sample, column_map)
    said = {"text", "urls", "repost_of", "hashtags"} & set(mapping)
    if not ({"author_id", "created_at"} <= set(mapping) and said):
        return None
    confidence = 0.5 + 0.1 * len({"post_id", "author_id", "created_at", "text"} & set(mapping))
    reason = "column names: " + ", ".join(f"{ours}={shown(theirs)}" for ours, theirs in mapping.items())
    clock = _clock(sample, mapping) if "created_at" not in column_map else None
    if clock:
        notes.append(f"the time of day is that of {shown(clock)}")
    beside = (clock,) if clock else ()
    return Match(
        FORMAT.name, min(confidence, 0.9), reason, mapping, (*notes, *_repeated(sample, mapping)), beside=beside
    )


def _clock(sample: Sample, mapping: dict[str, str]) -> str | None:
    """The column of the time of day where the dates have none of their own."""
    dates = sample.values(mapping["created_at"])
    if not dates or any(":" in value or re.fullmatch(r"\d{9,}(?:\.\d*)?", value.strip()) for value in dates):
        return None
    for name in sample.names:
        values = sample.values(name)
        free = plain(name) in _CLOCKS and name not in mapping.values()
        if free and values and all(re.fullmatch(_CLOCK, value.strip()) for value in values):
            return name
    return None


def _repeated(sample: Sample, mapping: dict[str, str]) -> list[str]:
    """Columns that were taken although another has the same name; such others bear a number (see detect)."""
    others = {
        theirs: [n for n in sample.names if re.fullmatch(re.escape(theirs) + r" \(\d+\)", n)]
        for theirs in mapping.values()
    }
    return [
        f"the header has the column '{shown(theirs)}' several times: the first was taken; --map {ours}='{shown(others[theirs][0])}' takes another"
        for ours, theirs in mapping.items()
        if others[theirs]
    ]


def refuse(sample: Sample, column_map: dict[str, str], where: str) -> HouselightsError:
    """What is missing, what the file has, and how to say it."""
    mapping, _ = guess_columns(sample, column_map)
    missing = [t for t in ("author_id", "created_at") if t not in mapping]
    if not {"text", "urls", "repost_of", "hashtags"} & set(mapping):
        missing.append("text (or urls, hashtags, repost_of)")
    example = f"--map {missing[0].split()[0]}=COLUMN" if missing else "--map"
    return HouselightsError(
        f"{where}: no column found for {' and '.join(missing)}. The columns are: {sample.listed()}. Name it with {example}."
    )


def language_code(text: str) -> str:
    """SQL: BCP-47 for a language written out in English; others as they are."""
    whens = " ".join(f"WHEN '{name}' THEN '{code}'" for name, code in _LANGUAGES.items())
    return f"CASE WHEN length({text}) > 3 THEN CASE lower({text}) {whens} ELSE {text} END ELSE {text} END"


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    extra = {"lang": language_code(rows.text(mapping["lang"]))} if "lang" in mapping else {}
    date = mapping.get("created_at", "")
    clocks = [n for n in rows.expressions if plain(n) in _CLOCKS and n not in mapping.values()]
    if clocks and rows.types.get(date, "VARCHAR") == "VARCHAR":
        day, time = f"trim({rows.text(date)})", f"trim({rows.text(clocks[0])})"
        both = f"NOT contains({day}, ':') AND NOT regexp_full_match({day}, '\\d{{9,}}.*') AND regexp_full_match({time}, '{_CLOCK}')"
        extra["created"] = f"CASE WHEN {both} THEN {day} || ' ' || {time} ELSE {day} END"
    return raw_rows(rows, mapping, extra)
