"""The page around the findings: what was found, how to read it, what the data were, how it was tested."""

import base64
import hashlib
from importlib.resources import files
from typing import Any

from houselights.outlets import wording
from houselights.outlets.hostile import html_marked, html_text
from houselights.outlets.report import calibration, claims, opinion
from houselights.outlets.report import finding as one
from houselights.outlets.report.markup import folded, items, section, table
from houselights.results import Results

MOST_FINDINGS = 40  # in full; the others are in the list and in the tables

COORDINATION = """<p>A finding is about a group and what it did together: posting the same things, closer in time than
chance and popularity explain. It is not about what anybody thinks, and <strong>coordination is not
deceit</strong>: fans, newsrooms and petitions coordinate too.</p>"""
NAMES = """<p>Accounts are named only where a finding of tier observed or better could tell its members apart, and where
the account passed a test of its own. All others are counted, and carry a number that means nothing outside their
finding.</p>"""
SIGNS = """<p>Underlined numbers lead to the posts behind them;
the figures of a test are of the group as it was tested, which can hold some accounts that are not listed.
<mark>Marked words</mark> are what posts share. Characters that
cannot be seen, or that turn the direction of text, are shown as <span class="code-point">U+202E</span>. Links in posts
are plain text on purpose.</p>"""
NOTHING = """<p>Nothing found is a result: with these tests and this error rate, no group stands out from what chance
and popularity explain. It does not show that nobody coordinates: a group that shares no link, text or
target, or that spreads its posts over more than ten minutes, would not have been seen.</p>"""
HOLES = """<p>Known holes: accounts that share no link, text or target; groups that spread their posts over more than ten
minutes; taste finer than the data show; communities whose own things go round within about a minute; routines
that follow no time of day; data collected by sampling. Coordination is not
deceit, and neither of them is untruth.</p>"""
DISPUTE = """If a finding is wrong, say so to whoever sent you this report, with the finding's id: findings can be
disputed and withdrawn."""


def render(results: Results) -> str:
    """The whole report. The same RUN gives the same bytes: no clock, no random numbers."""
    style, script = _asset("style.css"), _asset("filter.js")
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = [
        _header(results),
        _contents(results),
        '<main id="main">',
        _reading(),
        _overview(results) if results.findings else _nothing(results),
        *(one.render(results, f, i) for i, f in enumerate(results.findings[:MOST_FINDINGS], 1)),
        opinion.block(results),
        claims.block(results),
        _data(results),
        _method(results),
        calibration.block(results),
        "</main>",
        _run(results),
    ]
    body = "\n".join(parts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{html_text(_headline(results))} - houselights</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the findings</a>
{body}
<script>{script}</script>
</body>
</html>
"""


def _asset(name: str) -> str:
    return files("houselights.outlets.report").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _headline(results: Results) -> str:
    n = len(wording.passed(results.findings))
    if n == 0:
        return "Nothing found" if wording.channels(results, "run") else "Nothing could be tested"
    return "One coordinated pattern" if n == 1 else f"{n:,} coordinated patterns"


def _header(results: Results) -> str:
    c = results.counts
    facts = [
        ("Posts", f"{c['posts']:,}"),
        ("Accounts", f"{c['accounts']:,}"),
        ("Period", wording.span(c["first_at"], c["last_at"])),
        ("False-discovery rate", wording.share(wording.rate(results))),
    ]
    cells = "".join(f"<div><dt>{html_text(k)}</dt><dd>{html_text(v)}</dd></div>" for k, v in facts)
    return f"""<header class="top">
<p class="kicker">houselights: coordination report</p>
<h1>{html_text(_headline(results))}</h1>
<p class="lede">{html_text(wording.overall(results))}</p>
<dl class="facts">{cells}</dl>
</header>"""


def _contents(results: Results) -> str:
    links = [("reading", "How to read this"), ("overview", "All findings" if results.findings else "What was tested")]
    links += [("opinion", opinion.HEADING)] if results.opinion else []
    links += [("claims", "Claims")] if results.claims() else []
    links += [("data", "The data"), ("method", "Method and error rate"), ("calibration", "Checked on this data")]
    links += [("run", "This run")]
    return f'<nav aria-label="Contents">{items(f"""<a href="#{a}">{t}</a>""" for a, t in links)}</nav>'


def _reading() -> str:
    tiers = "".join(
        f"<div><dt>{one.tier_badge(tier)}</dt><dd>{html_text(meaning)}</dd></div>"
        for tier, meaning in wording.TIER_MEANING.items()
    )
    inside = f'<div class="columns">\n<div>{COORDINATION}{NAMES}{SIGNS}</div>\n<dl class="tiers">{tiers}</dl>\n</div>'
    return section("reading", "How to read this", inside)


def _nothing(results: Results) -> str:
    tested = f"<p>{html_text(wording.tested(results))}</p>"
    return section(
        "overview",
        "What was tested",
        tested + (NOTHING if wording.channels(results, "run") else "") + _skipped(results),
    )


def _overview(results: Results) -> str:
    columns = ("Finding", "Tier", "#Core", "#Listed", "#Objects", "#Within", "#Close in the test", "#By chance", "#q")
    caption = (
        "Strongest first. Core accounts passed a test of their own; listed includes those that did not. "
        "Close in the test: of the shared objects in the half of the data kept for it."
    )
    rows = (_overview_row(f, i) for i, f in enumerate(results.findings, 1))
    return section("overview", "All findings", table(caption, columns, rows, filtered="findings"))


def _overview_row(f: dict[str, Any], nth: int) -> list[str]:
    def link(anchor: str, text: str) -> str:
        return f'<a href="#f{nth}{anchor}">{text}</a>' if nth <= MOST_FINDINGS else text

    return [
        link("", html_text(str(f["finding_id"]))),
        one.tier_badge(str(f.get("tier"))),
        link("-accounts", f"{f.get('n_core', 0):,}"),
        link("-accounts", f"{f.get('n_accounts', 0):,}"),
        link("-evidence", f"{f.get('n_objects', 0):,}"),
        wording.seconds(float(f.get("window_s") or 0)),
        link("-evidence", wording.tested_objects(f)),
        wording.amount(f.get("expected")),
        wording.probability(f.get("q_value")),
    ]


def _data(results: Results) -> str:
    c = results.counts
    precise = wording.listing(
        [f"{wording.PRECISION_NAME.get(p, html_text(p))} ({wording.count(n, 'post')})" for p, n in results.precisions]
    )
    counted = (
        f"<p>{wording.count(c['posts'], 'post')} accepted, {wording.count(c['rejected'], 'row')} not. "
        f"{f'Times are known to {precise}.' if precise else ''}</p>"
    )
    rejects = "<p>Every row was accepted.</p>"
    if results.rejects_by_rule:
        caption = "Rows not accepted, by rule. Each lies in rejects.parquet with its file and line."
        rows = ([html_marked(rule), f"{n:,}"] for rule, n in results.rejects_by_rule)
        rejects = table(caption, ("Rule", "#Rows"), rows, small=True)
    skipped = _skipped(results) if results.findings else ""  # else it stands under what was tested
    return section("data", "The data", counted + rejects + skipped)


def _skipped(results: Results) -> str:
    lines = wording.skipped(results)
    untested = f"<h3>Not tested, and why</h3>{items(html_marked(x) for x in lines)}" if lines else ""
    lacking = wording.lacking(results)
    return untested + (
        f"<h3>What the files cannot tell</h3>{items(html_marked(x) for x in lacking)}" if lacking else ""
    )


def _method(results: Results) -> str:
    rate = f"<p><strong>{html_text(wording.error_rate(wording.rate(results)))}</strong></p>"
    tested = f"<p>{html_text(wording.tested(results))}</p>" if results.findings else ""
    return section("method", "Method and error rate", f"{rate}<p>{html_text(wording.METHOD)}</p>{tested}{HOLES}")


def _run(results: Results) -> str:
    m = results.manifest
    inputs = (
        [
            html_marked(wording.input_name(i)),
            f"{wording.input_rows(i):,}",
            f"<code>{html_text(str(i.get('sha256') or ''))}</code>",
        ]
        for i in wording.inputs(results)
    )
    settings = ([html_marked(k), html_marked(v)] for k, v in _flat(m.get("settings") or {}))
    facts = (
        f"<p>houselights {html_text(str(m.get('version') or 'unknown'))}, seed {html_text(str(m.get('seed', 0)))}. "
        f"The same files, settings and seed give the same tables. {DISPUTE}</p>"
    )
    facts += "".join(f"<p>{html_text(x)}</p>" for x in [wording.unread(m.get("language_model"))] if x)
    tables = table("Input files", ("File", "#Rows", "SHA-256"), inputs, small=True) + table(
        "Settings", ("Setting", "Value"), settings, small=True
    )
    return section("run", "This run", facts + folded("Input files and settings", tables), tag="footer")


def _flat(settings: Any, prefix: str = "") -> list[tuple[str, str]]:
    if not isinstance(settings, dict) or not settings:
        return [(prefix, "not set" if settings in (None, {}) else str(settings))]
    return [row for key, value in settings.items() for row in _flat(value, f"{prefix}.{key}" if prefix else str(key))]
