"""What every outlet says in the same words: tiers, numbers, the sentence over a whole run, the limits of a finding."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from houselights.results import NAMING_TIERS, Results

TIER_MEANING = {
    "described": "a pattern that is described, not accused: its test did not hold up, or an innocent explanation fits",
    "observed": "one kind of evidence passed its test against chance",
    "strong": "two independent kinds of evidence passed their tests against chance",
    "reviewed": "a person checked the evidence and signed it",
}
KIND_NOUN = {
    "link": "the same link",
    "repost": "a repost of the same post",
    "quote": "a quote of the same post",
    "reply": "a reply to the same post",
    "hashtags": "the same sequence of hashtags",
    "text": "near-identical text",
    "narrative": "the same message in other words",
}
CHANNEL_NAME = {
    "small_objects": "objects that few accounts share",
    "synchrony": "objects that many accounts share",
    "all": "anything",
} | {
    f"objects of kind {kind}": name
    for kind, name in (
        ("link", "links"),
        ("repost", "reposts"),
        ("quote", "quotes"),
        ("reply", "replies"),
        ("hashtags", "hashtags"),
        ("text", "texts"),
        ("narrative", "messages in other words"),
        ("media", "pictures and films"),
        ("mention", "accounts mentioned together"),
    )
}
PRECISION_NAME = {
    "us": "the microsecond",
    "ms": "the millisecond",
    "s": "the second",
    "min": "the minute",
    "day": "the day",
}

METHOD = (
    "Posts become traces: who shared which link, text, hashtags, repost, quote or reply, and when. Two posts by "
    "different accounts that share such an object within the window are a coincidence. The objects are split into two "
    "halves: one half suggests groups, the other tests them, so that no group is judged on what made it conspicuous. "
    "The chance level comes from accounts outside the group, sharing objects of the same kind and size, with their own "
    "reaction speeds. Candidates are corrected together (Benjamini-Hochberg). Last, each member is tested on its own; "
    "whoever does not pass is counted but not named."
)
WHEN_IT_FITS = (
    "An explanation fits when the evidence outside what it covers no longer passes the test, "
    "and in part when enough remains."
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")
NOT_NAMED = {
    "unresolved": "The group passed its test, its single members could not be told apart. So nobody is named.",
    "described": "This pattern is described, not accused. So nobody is named.",
}
MODEL_MEANING = (
    "Names and summaries are a language model's words, drafted from the posts and not checked by a person. They may be wrong, and no test, tier or "
    "member rests on them."
)


def unread(asked: Any) -> str:
    """What a language model was asked at the end of the scan and did not answer; '' where it answered, or was not asked."""
    told = asked if isinstance(asked, dict) else {}
    if told.get("stopped"):
        return "The language model stopped answering, so names and drafts are missing. The findings do not rest on it."
    n = told.get("unanswered")
    if not isinstance(n, int) or n < 1:
        return ""
    return f"The language model left {count(n, 'question')} unanswered, so names or drafts are missing. The findings do not rest on it."


TECHNIQUES_MEANING = (
    "The head misses more techniques than it marks: of those in texts that it had not seen it found 12 to 68 %, by technique and "
    "language, and each is shown in some languages only. So its counts are no shares: compare neither techniques nor languages by them."
)
AGREEMENT_MEANING = (
    "Where model and head differ, at least one of them is wrong; where they agree, both may be. "
    "`houselights sample` tells how far either can be trusted."
)
MARKS_MEANING = (
    "Words that a small classifier takes for a technique of persuasion. On labelled news and memes about three in four such marks were right, "
    "and many uses were missed; on posts like these it may be fewer: a mark is a hint to look. Techniques are used for true and for untrue "
    "claims, by everybody."
)
FAMILY_MEANING = (
    " Attack on reputation is a family of techniques (name-calling, doubt, guilt by association and others). It is marked where which of them is "
    "used cannot be said, and none is marked in the post: so its share is a remainder, and falls where its techniques are marked more often."
)
CLAIMS_MEANING = (
    "Verdicts are those of each claim's publisher. A match says what a post is about: it may repeat the claim, deny it or ask "
    "about it, and the match may be mistaken. A post counts for the claim nearest to it."
)


def marks_meaning(techniques: Iterable[str]) -> str:
    """What marks of these techniques are worth; names as people write them."""
    return MARKS_MEANING + (FAMILY_MEANING if "attack on reputation" in techniques else "")


def error_rate(q: float) -> str:
    return (
        f"Among groups reported as observed or better, at most {share(q)} are expected to be chance, on average over "
        "many data sets like this one and as far as the chance model holds. That is a statement about groups; it is "
        "not a probability about any one account. It takes different hours as "
        "independent of each other, and everything within one hour as one observation. People whose own things "
        "go round within about a minute, or who keep a routine that follows no time of day, break that model: read "
        "what would make a finding wrong."
    )


def passed(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings of tier `observed` or better."""
    return [f for f in findings if f.get("tier") in NAMING_TIERS]


def _broken_off(results: Results) -> str:
    n = dict(results.rejects_by_rule).get("truncated_file", 0)
    if not n:
        return ""
    which = "An input file breaks" if n == 1 else f"{n:,} input files break"
    return f" {which} off before the end: what came after is missing here."


def overall(results: Results) -> str:
    """One sentence or two over the whole run."""
    c = results.counts
    data = f"{count(c['posts'], 'post')} by {count(c['accounts'], 'account')}"
    if c["first_at"] is not None:
        data += f" ({span(c['first_at'], c['last_at'])})"
    found, q = passed(results.findings), share(rate(results))
    described = len(results.findings) - len(found)
    if not found and not channels(results, "run"):
        return f"Nothing could be tested among {data}." + _broken_off(results)
    if not found:
        concerned = f" that has to do with {asked}" if (asked := _asked(results)) else ""
        text = f"Nothing found among {data}: no group of accounts{concerned} passed the test against chance "
        text += f"at a false-discovery rate of {q}" + (
            " that no innocent explanation accounts for." if described else "."
        )
    else:
        tiers = Counter(f["tier"] for f in found)
        words = ", ".join(f"{tiers[t]} {t}" for t in reversed(NAMING_TIERS) if tiers[t])
        verb = "group of accounts passes" if len(found) == 1 else "groups of accounts pass"
        kinds = f" ({words})" if len(tiers) > 1 else ""
        text = f"Among {data}, {len(found):,} {verb} the test against chance at a false-discovery rate of {q}{kinds}."
    text += _elsewhere(results) + _broken_off(results)
    if described:
        text += f" {described:,} more {'pattern is' if described == 1 else 'patterns are'} described only."
    return text


def _asked(results: Results) -> str:
    """ "account 12 and link https://..." that a run started from."""
    asked = results.manifest.get("asked") or {}
    return " and ".join(f"{what} {asked[what]}" for what in ("account", "link") if asked.get(what))


def _elsewhere(results: Results) -> str:
    """How many patterns have nothing to do with what a run started from, and are not shown."""
    n = int((results.manifest.get("asked") or {}).get("findings_elsewhere") or 0)
    return (
        f" {count(n, 'other pattern')} in this data {'has' if n == 1 else 'have'} nothing to do with it." if n else ""
    )


def sources(results: Results) -> list[str]:
    """What every input was taken for."""
    rows = results.manifest.get("inputs") or []
    return [str(r["guess"]) for r in rows if isinstance(r, dict) and r.get("guess")]


def tested(results: Results) -> str:
    """What was tested: for 'nothing found' this is the result."""
    rows = channels(results, "run")
    if not rows:
        return "No test could be made on this data."
    parts = []
    for name in dict.fromkeys(str(r.get("channel")) for r in rows):
        mine = [r for r in rows if str(r.get("channel")) == name]
        windows = ", ".join(dict.fromkeys(seconds(float(r["window_s"])) for r in mine if r.get("window_s") is not None))
        n = sum(int(r.get("candidates") or 0) for r in mine)
        parts.append(
            f"{CHANNEL_NAME.get(name, name)}{f' within {windows}' if windows else ''} ({count(n, 'candidate group')})"
        )
    return "Tested: " + "; ".join(parts) + "."


def channels(results: Results, which: str) -> list[dict[str, Any]]:
    """Channels `run` or `skipped`, as the manifest lists them."""
    rows = results.manifest.get(f"channels_{which}") or []
    return [r for r in rows if isinstance(r, dict)]


def skipped(results: Results) -> list[str]:
    out = []
    for row in channels(results, "skipped"):
        name = CHANNEL_NAME.get(str(row.get("channel")), str(row.get("channel")))
        window = f" within {seconds(float(row['window_s']))}" if row.get("window_s") else ""
        out.append(f"{name}{window}: {row.get('reason') or 'no reason given'}")
    return out


def lacking(results: Results) -> list[str]:
    """What exports cannot tell although something was found in another way, or in another file: each sentence once, with its files."""
    said = {str(row.get("reason")) for row in channels(results, "skipped")}
    files: dict[str, list[str]] = {}
    for row in inputs(results):
        for sentence in (row.get("lacks") or {}).values():
            files.setdefault(str(sentence), []).append(input_name(row))
    everybody = len(inputs(results))
    return [
        sentence if everybody == 1 else f"{', '.join(names)}: {sentence}"
        for sentence, names in files.items()
        if sentence not in said
    ]


def rate(results: Results) -> float:
    """The false-discovery rate of the run, 0 to 1."""
    settings = results.manifest.get("settings") or {}
    return float((settings.get("evidence") or {}).get("q") or 0.05)


def limits(finding: dict[str, Any]) -> list[str]:
    """What the finding does not show, as it was written with it."""
    return _SENTENCE_END.split(str(finding.get("limits") or "None was written."))


def tested_explanations(finding: dict[str, Any]) -> list[dict[str, Any]]:
    return [e for e in finding.get("explanations") or [] if e.get("tested", True)]


def untested(finding: dict[str, Any]) -> str | None:
    """The explanations that this data could not test, each with what it lacks, said once."""
    rows = [e for e in finding.get("explanations") or [] if not e.get("tested", True)]
    lacks = [str(e.get("detail") or "").removeprefix("Could not be tested: ").rstrip(".") for e in rows]
    if not rows:
        return None
    return (
        "Could not be tested: "
        + "; ".join(
            f"{e.get('name')} ({why})" if why else str(e.get("name")) for e, why in zip(rows, lacks, strict=True)
        )
        + "."
    )


def fitting(finding: dict[str, Any]) -> list[dict[str, Any]]:
    """Innocent explanations that fit so well that the rest of the evidence no longer confirms the group."""
    return [e for e in finding.get("explanations") or [] if e.get("demotes")]


def outcome(explanation: dict[str, Any]) -> str:
    if explanation.get("fits"):
        return "fits" if explanation.get("demotes") else "fits in part"
    return "does not fit"


def inputs(results: Results) -> list[dict[str, Any]]:
    return [i for i in results.manifest.get("inputs") or [] if isinstance(i, dict)]


def input_name(row: dict[str, Any]) -> str:
    return str(row.get("path") or row.get("file") or "")


def input_rows(row: dict[str, Any]) -> int:
    return int(row.get("rows") or row.get("rows_read") or 0)


def wrong_if(finding: dict[str, Any]) -> list[str]:
    """What would make this finding wrong, although its arithmetic is right: each ends "it would be wrong if"."""
    return [str(x) for x in finding.get("would_be_wrong_if") or []]


def told(finding: dict[str, Any]) -> tuple[str, str]:
    """(first sentence, the sentences after it) of what the finding says; its limits, which a page lists, left out."""
    first, *rest = sentences(finding)
    return first, " ".join(x for x in rest if x not in limits(finding))


def tested_objects(finding: dict[str, Any]) -> str:
    """ "118 of 153": the tested objects on which members came close, and all of them."""
    n = finding.get("n_objects_tested")
    return amount(finding.get("observed")) + (f" of {n:,}" if n is not None else "")


def in_part(finding: dict[str, Any]) -> str:
    """Why the observed number may be a fraction; empty where it is none."""
    observed = float(finding.get("observed") or 0)
    if observed >= 100 or abs(observed - round(observed)) < 0.05:
        return ""
    return "An object counts in part where only some pairs of its sharers were that close."


def apart(delta_s: float, precision: str) -> str:
    """How far two posts lie from each other, no finer than their times are known."""
    unit = {"min": "minute", "day": "day"}.get(precision)
    if not unit:
        return f"{seconds(abs(delta_s))} apart"
    return f"in the same {unit}" if delta_s == 0 else f"{seconds(abs(delta_s))} apart, to the {unit}"


def sentences(finding: dict[str, Any]) -> list[str]:
    return _SENTENCE_END.split(str(finding.get("sentence") or finding["finding_id"]))


def in_common(findings: Sequence[dict[str, Any]]) -> list[str]:
    """Sentences that every one of several findings says: a list of findings says them once."""
    if len(findings) < 2:
        return []
    sets = [set(sentences(f)) for f in findings]
    return [x for x in sentences(findings[0]) if all(x in s for s in sets)]


def naming(finding: dict[str, Any]) -> str | None:
    """Why nobody is named; None when core accounts are."""
    if finding.get("tier") not in NAMING_TIERS:
        return NOT_NAMED["described"]
    return None if finding.get("resolved") else NOT_NAMED["unresolved"]


# -- numbers and times ----------------------------------------------------------------------------------------------


def count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def amount(x: float | int | None) -> str:
    """An observed or expected number: whole when it is, one decimal under 100, more when it is under 0.1."""
    if x is None:
        return "not given"
    if abs(x - round(x)) < 1e-9 or abs(x) >= 100:
        return f"{round(x):,}"
    return f"{x:.1f}".removesuffix(".0") if abs(x) >= 0.1 else f"{x:.2g}"


def share(x: float) -> str:
    return f"{x * 100:.2g} %" if x < 0.995 else "100 %"


def probability(p: float | None) -> str:
    """0.031, 0.0004, 1.2×10⁻⁹."""
    if p is None:
        return "not given"
    if p < 1e-300:
        return "under 10⁻³⁰⁰"
    if p >= 0.001:
        return f"{p:.2g}"
    mantissa, exponent = f"{p:.1e}".split("e")
    return f"{mantissa}×10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def seconds(s: float) -> str:
    """A length of time in the unit a reader would use."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if s >= 2 * size or s == size:
            value = s / size
            return f"{value:.0f} {unit}" if abs(value - round(value)) < 0.05 else f"{value:.1f} {unit}"
    if s >= 1 or s == 0:
        return f"{s:.0f} s" if abs(s - round(s)) < 0.05 else f"{s:.1f} s"
    return f"{s * 1000:.0f} ms"


def when(value: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def span(first: str | datetime | None, last: str | datetime | None) -> str:
    """First to last moment, UTC, as short as it can be said."""
    a, b = when(first), when(last)
    if a is None or b is None:
        return "no times"
    if (b - a).total_seconds() > 2 * 86400:
        return day(a) if day(a) == day(b) else f"{day(a)} to {day(b)}"
    if day(a) == day(b):
        return f"{day(a)}, {a:%H:%M} to {b:%H:%M} UTC" if f"{a:%H%M}" != f"{b:%H%M}" else f"{day(a)}, {a:%H:%M} UTC"
    return f"{day(a)} {a:%H:%M} to {day(b)} {b:%H:%M} UTC"


def day(at: datetime) -> str:
    months = (
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Oct",
        "Nov",
        "Dec",
    )  # strftime would ask the locale
    return f"{at.day} {months[at.month - 1]} {at.year}"


def moment(at: datetime, precision: str = "s") -> str:
    """A post's time, no finer than its source knows it."""
    if precision == "day":
        return day(at)
    clock = f"{at:%H:%M}" if precision == "min" else f"{at:%H:%M:%S}"
    return f"{day(at)}, {clock}"


def listing(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def pushed(finding: dict[str, Any]) -> list[str]:
    """One line per narrative of a finding: what is said, how often by the pattern, and how much of all that is."""
    return [
        f"“{n.get('name')}” ({', '.join(n.get('languages') or [])}): {count(n.get('n_posts', 0), 'post')} of "
        f"{count(n.get('n_accounts', 0), 'account')} of this pattern, {of_all(n.get('share_0_1', 0.0))} of all "
        f"{count(n.get('n_posts_of_all', 0), 'post')} that say so"
        for n in finding.get("narratives") or []
    ]


def of_all(share_0_1: float) -> str:
    """A part of a whole, to the percent."""
    return f"{100 * share_0_1:.0f} %" if share_0_1 >= 0.01 else "under 1 %"
