"""The evidence table: pairs of posts side by side, what they share marked, how far apart, how likely by chance."""

from typing import Any

from houselights.outlets import wording
from houselights.outlets.hostile import clip, html_marked, html_text
from houselights.outlets.report.markup import folded
from houselights.records import Pair, Post, Shown
from houselights.results import Results

MOST_PAIRS = 30
PAIRS_AT_ONCE = 6
MOST_CHARACTERS = 560
LEAD_IN = 120  # characters kept before the first mark of a long post
ALONE = """One such coincidence means nothing: the finding rests on all of them together."""
HALVES = """The test counts one half of all hours only; pairs of the other half, which suggested the group, say so."""

Marks = dict[str, list[dict[str, Any]]]


def block(results: Results, finding: dict[str, Any], shown: dict[str, Shown], anchor: str) -> str:
    finding_id = str(finding["finding_id"])
    pairs, total = results.pairs(finding_id, MOST_PAIRS), results.n_evidence(finding_id)
    marks = results.highlights_of([i for p in pairs for i in (p.post_id_a, p.post_id_b)], finding_id)
    rest = f" The other {total - len(pairs):,} are in evidence.parquet." if total > len(pairs) else ""
    caption = "Least likely by chance first, one of each shared object before the second of any."
    names = {str(n["narrative_id"]): str(n["name"]) for n in finding.get("narratives") or []}
    first = _table(pairs[:PAIRS_AT_ONCE], shown, marks, names, caption)
    more = pairs[PAIRS_AT_ONCE:]
    fold = (
        folded(f"{wording.count(len(more), 'more pair')}", _table(more, shown, marks, names, "More pairs"))
        if more
        else ""
    )
    return f"""<h3 id="{anchor}-evidence">Evidence: posts side by side</h3>
<p>{len(pairs):,} of {wording.count(total, "coincidence")}.{rest} {ALONE} {HALVES} {wording.in_part(finding)}</p>
{first}
{fold}"""


def _table(pairs: list[Pair], shown: dict[str, Shown], marks: Marks, names: dict[str, str], caption: str) -> str:
    rows = "".join(_row(p, shown, marks, names) for p in pairs)
    return f"""<table class="pairs"><caption>{caption}</caption>
<thead><tr><th scope="col">Earlier post</th><th scope="col">Later post</th><th scope="col">In common</th></tr></thead>
<tbody>{rows}</tbody></table>"""


def _row(pair: Pair, shown: dict[str, Shown], marks: Marks, names: dict[str, str]) -> str:
    why_a, why_b = _reasons(marks, pair.post_id_a), _reasons(marks, pair.post_id_b)
    same = why_a == why_b
    is_hash = pair.object_id.startswith(("text:", "narrative:", "media:"))  # which tells nobody anything
    what = names.get(pair.object_id, "" if is_hash else pair.object_id)
    lines = [
        f"<p><b>{html_text(wording.apart(pair.delta_s, pair.post_a.precision if pair.post_a else 's'))}</b></p>",
        f"<p>{html_text(wording.KIND_NOUN.get(pair.kind, pair.kind))}</p>",
        f'<p class="object"><bdi>{html_marked(clip(what, 160))}</bdi></p>' if what else "",
        f'<p>chance of being this close: <b class="nowrap">{html_text(wording.share(pair.chance_0_1))}</b></p>',
        f'<p class="quiet">{html_text(wording.CHANNEL_NAME.get(pair.channel, pair.channel))}</p>',
        "" if pair.confirming else '<p class="quiet">from the half that suggested the group</p>',
    ]
    a = _post(pair.post_a, pair.account_a, pair.post_id_a, shown, marks) + ("" if same else _why(why_a))
    b = _post(pair.post_b, pair.account_b, pair.post_id_b, shown, marks) + ("" if same else _why(why_b))
    both = f'<tr class="both"><td colspan="3">{_why(why_a)}</td></tr>\n' if same and why_a else ""
    return f"""<tr>
<td>{a}</td>
<td>{b}</td>
<td class="common">{"".join(lines)}</td>
</tr>
{both}"""


def _reasons(marks: Marks, post_id: str) -> list[str]:
    return list(dict.fromkeys(str(h["reason"]) for h in marks.get(post_id, [])))


def _why(reasons: list[str]) -> str:
    lines = "".join(f"<li>{html_marked(r)}</li>" for r in reasons)
    return f'<ul class="why" aria-label="Why it is marked">{lines}</ul>' if lines else ""


def _post(post: Post | None, account: str, post_id: str, shown: dict[str, Shown], marks: Marks) -> str:
    who = shown[account].label if account in shown else "an account not listed"
    named = account in shown and shown[account].named
    head = (
        f'<bdi class="who">{html_marked(who)}</bdi>' if named else f'<span class="who unnamed">{html_text(who)}</span>'
    )
    if post is None:
        return f'<p>{head}</p><p class="quiet">Post {html_marked(post_id)} is not in posts.parquet.</p>'
    stamp = wording.moment(post.created_at, post.precision)
    return f"""<p class="by">{head} <time datetime="{post.created_at.isoformat()}">{stamp}</time></p>
<blockquote dir="auto"{_whole(marks.get(post_id, []))}>{_words(post, marks.get(post_id, []))}</blockquote>
<p class="quiet">{html_marked(post.source)}</p>"""


def _whole(highlights: list[dict[str, Any]]) -> str:
    """A post that is evidence as a whole, with no words to point at, is marked at its edge."""
    return ' class="whole"' if any(h["start"] == h["end"] for h in highlights) else ""


def _words(post: Post, highlights: list[dict[str, Any]]) -> str:
    if post.text:
        spans = [(int(h["start"]), int(h["end"])) for h in highlights]
        copied = post.kind == "repost" and (0, 0) in spans
        return marked(post.text, [(0, len(post.text))] if copied else spans)
    what = f'<span class="quiet">No words of its own: {html_text(post.kind)}'
    if post.reposted_text:
        return f"{what} of:</span> {marked(post.reposted_text, [(0, len(post.reposted_text))] if highlights else [])}"
    return f"{what} of {html_marked(post.repost_of or 'another post')}.</span>"


def marked(text: str, spans: list[tuple[int, int]]) -> str:
    """`text` as HTML with `spans` ([start, end) in code points, any order, may overlap) in <mark>.

    Long texts are cut around the first span."""
    spans = sorted((max(0, s), min(len(text), e)) for s, e in spans if e > s)
    first, last = 0, len(text)
    if len(text) > MOST_CHARACTERS:
        first = max(0, min(spans[0][0] - LEAD_IN, len(text) - MOST_CHARACTERS)) if spans else 0
        last = first + MOST_CHARACTERS
    out, at = [], first
    for start, end in spans:
        start, end = max(start, at), min(end, last)
        if end > start:
            out += [html_marked(text[at:start]), f"<mark>{html_marked(text[start:end])}</mark>"]
            at = end
    out.append(html_marked(text[at:last]))
    before = f'<span class="quiet">({first:,} characters before) …</span> ' if first else ""
    after = f' <span class="quiet">… ({len(text) - last:,} more characters)</span>' if last < len(text) else ""
    return before + "".join(out) + after
