"""One finding: the sentence, the numbers, the evidence, then the pictures, the accounts and the doubts."""

from typing import Any

from houselights.outlets import wording
from houselights.outlets.hostile import html_marked, html_text
from houselights.outlets.report import evidence, network, timeline
from houselights.results import Results, Shown

MOST_MEMBERS = 1000
TIER_SIGN = {"described": "○", "observed": "◐", "strong": "●", "reviewed": "✓"}


def tier_badge(tier: str) -> str:
    return f'<span class="tier"><span aria-hidden="true">{TIER_SIGN.get(tier, "·")}</span> {html_text(tier)}</span>'


def section(results: Results, finding: dict[str, Any], nth: int) -> str:
    """The section of the `nth` finding (from 1); its anchors start with `f{nth}`."""
    finding_id, anchor = str(finding["finding_id"]), f"f{nth}"
    shown = results.shown(finding_id)
    tier = str(finding.get("tier"))
    return f"""<section class="finding" id="{anchor}" aria-labelledby="{anchor}-h">
<p class="kicker">Finding {nth} of {len(results.findings):,} · <code>{html_text(finding_id)}</code></p>
<h2 id="{anchor}-h">{html_marked(str(finding.get("sentence") or ""))}</h2>
<p class="meaning">{tier_badge(tier)} {html_text(wording.TIER_MEANING.get(tier, ""))}.</p>
{_numbers(finding, anchor)}
{_notice(finding)}
{evidence.block(results, finding, shown, anchor)}
{timeline.block(results, finding_id, anchor)}
{network.block(results, finding_id, shown, anchor)}
{_accounts(results, finding, shown, anchor)}
{_explanations(finding, anchor)}
{_doubts(finding)}
</section>"""


def _numbers(finding: dict[str, Any], anchor: str) -> str:
    window = wording.seconds(float(finding.get("window_s") or 0))
    cells = [
        (wording.amount(finding.get("observed")), f"coincidences within {window}"),
        (wording.amount(finding.get("expected")), "expected by chance"),
        (f"{finding.get('n_objects', 0):,}", "shared objects"),
        (f"{finding.get('n_posts', 0):,}", "posts"),
        (wording.probability(finding.get("p_value")), "p, this group alone"),
        (wording.probability(finding.get("q_value")), "q, among all candidates"),
    ]
    items = "".join(
        f'<li><a href="#{anchor}-evidence"><b>{html_text(v)}</b> <span>{html_text(k)}</span></a></li>' for v, k in cells
    )
    when = wording.span(finding.get("first_at"), finding.get("last_at"))
    return f'<ul class="numbers" aria-label="Numbers, each leading to its evidence">{items}</ul>\n<p class="quiet">{html_text(when)}</p>'


def _notice(finding: dict[str, Any]) -> str:
    lines = [
        f"<strong>An innocent explanation fits: {html_marked(str(e.get('name')))}.</strong> {html_marked(str(e.get('detail') or ''))}"
        for e in wording.fitting(finding)
    ]
    reason = wording.naming(finding)
    lines += [html_text(reason)] if reason else []
    return "".join(f'<p class="notice">{x}</p>' for x in lines)


def _accounts(results: Results, finding: dict[str, Any], shown: dict[str, Shown], anchor: str) -> str:
    rows = results.members(str(finding["finding_id"]))
    core = [m for m in rows if shown[m["account_id"]].named and m["role"] == "core"]
    sources = [shown[m["account_id"]].label for m in rows if shown[m["account_id"]].named and m["role"] == "source"]
    unnamed = sum(not s.named for s in shown.values())
    parts = [f'<h3 id="{anchor}-accounts">Accounts</h3>']
    if core:
        parts.append(_members(core, shown, network.numbers(shown)))
    if unnamed:
        what = "more were" if core else "accounts are"
        parts.append(
            f"<p>{unnamed:,} {what} counted and not named. {html_text(wording.naming(finding) or 'They did not pass the test of their own.')}</p>"
        )
    if sources:
        names = ", ".join(f"<bdi>{html_marked(s)}</bdi>" for s in sources)
        parts.append(f"<p>Content copied from, not a member: {names}.</p>")
    return "\n".join(parts)


def _members(core: list[dict[str, Any]], shown: dict[str, Shown], number: dict[str, int]) -> str:
    rows = "".join(
        f'<tr><td class="n">{number[m["account_id"]]}</td><th scope="row"><bdi>{html_marked(shown[m["account_id"]].label)}</bdi></th>'
        f'<td class="n">{m["n_events"]:,}</td><td class="n">{wording.probability(m["p_value"])}</td></tr>'
        for m in core[:MOST_MEMBERS]
    )
    more = (
        f" The first {MOST_MEMBERS:,} of {len(core):,}; all are in members.parquet." if len(core) > MOST_MEMBERS else ""
    )
    table = f"""<div class="scroll" tabindex="0" role="region" aria-label="Core accounts, a table">
<table class="small" data-filter="accounts"><caption>Core accounts: each passed its own test. The p-value belongs to that test; it does not grade the account.{more}</caption>
<thead><tr><th scope="col" class="n">No.</th><th scope="col">Account</th><th scope="col" class="n">Coincidences</th><th scope="col" class="n">p of its test</th></tr></thead>
<tbody>{rows}</tbody></table></div>"""
    if len(core) <= 12:
        return table
    return f"<details><summary>{len(core):,} core accounts</summary>{table}</details>"


def _explanations(finding: dict[str, Any], anchor: str) -> str:
    words = {True: "✓ fits", False: "– does not fit"}
    rows = "".join(
        f'<tr><th scope="row">{html_marked(str(e.get("name")))}</th><td class="nowrap">{words.get(e.get("fits"), "? could not be tested")}</td>'  # type: ignore[call-overload]
        f"<td>{html_marked(str(e.get('detail') or ''))}</td></tr>"
        for e in finding.get("explanations") or []
    )
    if not rows:
        return f'<h3 id="{anchor}-explanations">Innocent explanations</h3>\n<p>None could be tested on these data.</p>'
    return f"""<h3 id="{anchor}-explanations">Innocent explanations tested</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Innocent explanations, a table">
<table><caption>An explanation fits when the evidence outside what it covers no longer passes the test.</caption>
<thead><tr><th scope="col">Explanation</th><th scope="col">Outcome</th><th scope="col">What was seen</th></tr></thead>
<tbody>{rows}</tbody></table></div>"""


def _doubts(finding: dict[str, Any]) -> str:
    not_shown = "".join(f"<li>{html_marked(x)}</li>" for x in wording.limits(finding))
    wrong = "".join(f"<li>{html_text(x)}</li>" for x in wording.wrong_if(finding))
    left = f"<div><h3>What this does not show</h3><ul>{not_shown}</ul></div>" if not_shown else ""
    return f'<div class="columns doubts">{left}<div><h3>What would make this wrong</h3><ul>{wrong}</ul></div></div>'
