"""One finding: the sentence, the numbers, the evidence, then the pictures, the accounts and the doubts."""

from typing import Any

from houselights.outlets import wording
from houselights.outlets.hostile import clip, html_marked, html_text
from houselights.outlets.report import evidence, network, reading, timeline, wordings
from houselights.outlets.report.markup import folded, items, table
from houselights.records import Shown
from houselights.results import Results

MOST_MEMBERS = 1000
MOST_CHARACTERS = 280
NARRATIVES_CAPTION = (
    "Posts that a model of meaning reads as one message, whatever the words or the language. Saying the same is no evidence by itself: "
    "others may say it too, and the share tells how many do. Over time: all posts that say so, the pattern's own in colour."
)
MEMBERS_UNFOLDED = 12
TIER_SIGN = {"described": "○", "observed": "◐", "strong": "●", "reviewed": "✓"}
OUTCOME_SIGN = {"fits": "✓", "fits in part": "◔", "does not fit": "–"}


def tier_badge(tier: str) -> str:
    return f'<span class="tier"><span aria-hidden="true">{TIER_SIGN.get(tier, "·")}</span> {html_text(tier)}</span>'


def render(results: Results, finding: dict[str, Any], nth: int) -> str:
    """The section of the `nth` finding (from 1); its anchors start with `f{nth}`."""
    finding_id, anchor = str(finding["finding_id"]), f"f{nth}"
    shown = results.shown(finding_id)
    tier = str(finding.get("tier"))
    first, more = wording.told(finding)
    return f"""<section class="finding" id="{anchor}" aria-labelledby="{anchor}-h">
<p class="kicker">Finding {nth} of {len(results.findings):,} · <code>{html_text(finding_id)}</code></p>
<h2 id="{anchor}-h">{html_marked(first)}</h2>
<p class="meaning">{tier_badge(tier)} {html_text(wording.TIER_MEANING.get(tier, ""))}.</p>
{_numbers(finding, anchor)}
<p>{html_marked(more)}</p>
{_notice(finding)}
{reading.summary(results, finding_id)}
{_narratives(results, finding, anchor)}
{reading.marks(results, finding_id, anchor)}
{evidence.block(results, finding, shown, anchor)}
{wordings.block(results, finding_id, anchor)}
{timeline.block(results, finding_id, anchor)}
{network.block(results, finding_id, shown, anchor)}
{_accounts(results, finding, shown, anchor)}
{_explanations(results, finding, anchor)}
{_doubts(finding)}
</section>"""


def _numbers(finding: dict[str, Any], anchor: str) -> str:
    window = wording.seconds(float(finding.get("window_s") or 0))
    cells = [
        (wording.tested_objects(finding), f"shared objects close within {window}, in the half kept for the test"),
        (wording.amount(finding.get("expected")), "of these by chance"),
        (wording.probability(finding.get("p_value")), "p: this group alone"),
        (wording.probability(finding.get("q_value")), "q: after all that was tried"),
        (f"{finding.get('n_objects', 0):,}", f"objects shared within {window}, both halves"),
        (f"{finding.get('n_posts', 0):,}", "posts with these"),
    ]
    links = "".join(
        f'<li><a href="#{anchor}-evidence"><b>{html_text(value)}</b> <span>{html_text(what)}</span></a></li>\n'
        for value, what in cells
    )
    return f'<ul class="numbers" aria-label="Numbers, each leading to its evidence">\n{links}</ul>'


def _notice(finding: dict[str, Any]) -> str:
    lines = []
    for e in wording.fitting(finding):
        name, detail = html_marked(str(e.get("name"))), html_marked(str(e.get("detail") or ""))
        lines.append(f"<strong>An innocent explanation fits: {name}.</strong> {detail}")
    reason = wording.naming(finding)
    lines += [html_text(reason)] if reason else []
    return "".join(f'<p class="notice">{x}</p>' for x in lines)


def _narratives(results: Results, finding: dict[str, Any], anchor: str) -> str:
    """What the pattern says, with typical posts behind each line; nothing where narratives were not made."""
    told = finding.get("narratives") or []
    if not told:
        return ""
    ids = [str(n["narrative_id"]) for n in told]
    named = reading.names(results)
    typical, volume = results.typical_posts(ids), results.volumes(str(finding["finding_id"]), ids)
    rows = (
        [
            _named(n, named),
            html_text(", ".join(n["languages"])),
            f"{n['n_posts']:,}",
            f"{n['n_posts_of_all']:,}",
            wording.of_all(n["share_0_1"]),
            timeline.spark(volume[str(n["narrative_id"])]) if volume else "",
            "<br>".join(
                f"<q>{html_marked(clip(text, MOST_CHARACTERS))}</q>" for text in typical.get(str(n["narrative_id"]), [])
            ),
        ]
        for n in told
    )
    columns = (
        "Message" if set(named) & set(ids) else "Message, by its keywords",
        "Languages",
        "#Posts of the pattern",
        "#Posts of all",
        "#Share",
        "Over time",
        "Typical posts of all who say so",
    )
    return f'<h3 id="{anchor}-narratives">What it says</h3>\n{table(NARRATIVES_CAPTION, columns, rows, small=True)}'


def _named(narrative: dict[str, Any], named: dict[str, str]) -> str:
    """A model's name for it, where there is one, above its keywords."""
    keywords = html_marked(str(narrative["name"]))
    name = named.get(str(narrative["narrative_id"]))
    return (
        f'{html_marked(name)}<br><span class="quiet">{keywords}; name drafted by a model</span>' if name else keywords
    )


def _accounts(results: Results, finding: dict[str, Any], shown: dict[str, Shown], anchor: str) -> str:
    rows = results.members(str(finding["finding_id"]))
    core = [m for m in rows if shown[m["account_id"]].named and m["role"] == "core"]
    sources = [shown[m["account_id"]].label for m in rows if shown[m["account_id"]].named and m["role"] == "source"]
    unnamed = sum(not s.named for s in shown.values())
    parts = [f'<h3 id="{anchor}-accounts">Accounts</h3>']
    if core:
        parts.append(_members(results, core, shown))
    if unnamed:
        counted = f"{wording.count(unnamed, 'other account' if core else 'account')} counted and not named."
        why = wording.naming(finding) or "What they did could be chance: they did not pass the test of their own."
        parts.append(f"<p>{counted} {html_text(why)}</p>")
    if sources:
        names = ", ".join(f"<bdi>{html_marked(s)}</bdi>" for s in sources)
        parts.append(f"<p>Content copied from, not a member: {names}.</p>")
    return "\n".join(parts)


def _members(results: Results, core: list[dict[str, Any]], shown: dict[str, Shown]) -> str:
    number = network.numbers(shown)
    handle = results.handles
    caption = (
        "Core accounts: each passed its own test. The p-value belongs to that test; it does not grade the account."
    )
    if len(core) > MOST_MEMBERS:
        caption += f" The first {MOST_MEMBERS:,} of {len(core):,}; all are in members.parquet."
    rows = (
        [
            f"<bdi>{html_marked(shown[m['account_id']].label)}</bdi>",
            f"<bdi>{html_marked(handle.get(m['account_id'], ''))}</bdi>",
            str(number[m["account_id"]]),
            f"{m['n_events']:,}",
            wording.probability(m["p_value"]),
        ]
        for m in core[:MOST_MEMBERS]
    )
    columns = ("Account", "Handle", "#No.", "#Coincidences", "#p of its test")
    members = table(caption, columns, rows, small=True, filtered="accounts")
    return members if len(core) <= MEMBERS_UNFOLDED else folded(f"{len(core):,} core accounts", members, printed=True)


def _explanations(results: Results, finding: dict[str, Any], anchor: str) -> str:
    head = f'<h3 id="{anchor}-explanations">Innocent explanations tested</h3>'
    tried, left = wording.tested_explanations(finding), wording.untested(finding)
    after = f"<p>{html_marked(left)}</p>" if left else ""
    if not tried:
        return f"{head}\n<p>None could be tested on these data.</p>\n{after}"
    advice = reading.advice(results, str(finding["finding_id"]))
    rows = (
        [
            html_marked(str(e.get("name"))),
            f'<span class="nowrap">{OUTCOME_SIGN[wording.outcome(e)]} {wording.outcome(e)}</span>',
            html_marked(str(e.get("detail") or "")) + _advised(advice.get(str(e.get("name")))),
        ]
        for e in tried
    )
    return f"{head}\n{table(wording.WHEN_IT_FITS, ('Explanation', 'Outcome', 'What was seen'), rows)}\n{after}"


def _advised(said: str | None) -> str:
    return (
        f'<br><span class="quiet">{html_marked(said)} (unverified advice; it changes no outcome)</span>' if said else ""
    )


def _doubts(finding: dict[str, Any]) -> str:
    not_shown = items(html_marked(x) for x in wording.limits(finding))
    wrong = items(html_text(x) for x in wording.wrong_if(finding))
    return f"""<div class="columns doubts">
<div><h3>What this does not show</h3>{not_shown}</div>
<div><h3>It would be wrong if</h3>{wrong}</div>
</div>"""
