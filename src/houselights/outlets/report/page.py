"""The page around the findings: what was found, how to read it, what the data were, how it was tested."""

import base64
import hashlib
from importlib.resources import files
from typing import Any

from houselights.outlets import wording
from houselights.outlets.hostile import html_marked, html_text
from houselights.outlets.report import finding as one
from houselights.results import Results

MOST_FINDINGS = 40  # in full; the others are in the list and in the tables


def render(results: Results) -> str:
    """The whole report. The same RUN gives the same bytes: no clock, no random numbers."""
    style, script = _asset("style.css"), _asset("filter.js")
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    body = "\n".join(
        [
            _header(results),
            _contents(results),
            '<main id="main">',
            _reading(results),
            _overview(results),
            *(one.section(results, f, i) for i, f in enumerate(results.findings[:MOST_FINDINGS], 1)),
            _data(results),
            _method(results),
            "</main>",
            _footer(results),
        ]
    )
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
        return "Nothing found"
    return "One group acts together" if n == 1 else f"{n:,} groups act together"


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
    links += [("data", "The data"), ("method", "Method and error rate"), ("run", "This run")]
    items = "".join(f'<li><a href="#{a}">{t}</a></li>' for a, t in links)
    return f'<nav aria-label="Contents"><ul>{items}</ul></nav>'


def _reading(results: Results) -> str:
    named = (
        "Accounts are named only where a finding of tier observed or better could tell its members apart, and where the account "
        "passed a test of its own. All others are counted, and carry a number that means nothing outside their finding."
    )
    tiers = "".join(
        f"<div><dt>{one.tier_badge(tier)}</dt><dd>{html_text(meaning)}</dd></div>"
        for tier, meaning in wording.TIER_MEANING.items()
    )
    return f"""<section id="reading" aria-labelledby="reading-h">
<h2 id="reading-h">How to read this</h2>
<div class="columns">
<div>
<p>A finding is about a group and what it did together: posting the same things, closer in time than chance, popularity and time of day
explain. It is not about what anybody thinks, and <strong>coordination is not deceit</strong>: fans, newsrooms and petitions coordinate too.</p>
<p>{html_text(named)}</p>
<p>Every number leads to the posts behind it. <mark>Marked words</mark> are what two posts share. Characters that cannot be seen, or that
turn the direction of text, are shown as <span class="code-point">U+202E</span>. Links in posts are plain text on purpose.</p>
</div>
<dl class="tiers">{tiers}</dl>
</div>
</section>"""


def _overview(results: Results) -> str:
    if not results.findings:
        return f"""<section id="overview" aria-labelledby="overview-h">
<h2 id="overview-h">What was tested</h2>
<p>{html_text(wording.tested(results))}</p>
<p>Nothing found is a result: with these tests and this error rate, no group stands out from what chance, popularity and time of day
explain. It does not show that nobody coordinates: a group that shares no link, text or target, or that spreads its posts over hours,
would not have been seen.</p>
{_skipped(results)}
</section>"""
    rows = "".join(_overview_row(f, i) for i, f in enumerate(results.findings, 1))
    return f"""<section id="overview" aria-labelledby="overview-h">
<h2 id="overview-h">All findings</h2>
<div class="scroll" tabindex="0" role="region" aria-label="All findings, a table">
<table data-filter="findings"><caption>Strongest first. Core accounts passed a test of their own; listed includes those that did not.</caption>
<thead><tr><th scope="col">Finding</th><th scope="col">Tier</th><th scope="col" class="n">Core</th><th scope="col" class="n">Listed</th>
<th scope="col" class="n">Objects</th><th scope="col" class="n">Within</th><th scope="col" class="n">Observed</th><th scope="col" class="n">By chance</th>
<th scope="col" class="n">q</th></tr></thead>
<tbody>{rows}</tbody></table></div>
</section>"""


def _overview_row(f: dict[str, Any], i: int) -> str:
    name = html_text(str(f["finding_id"]))
    here, evidence = (f"#f{i}", f"#f{i}-evidence") if i <= MOST_FINDINGS else ("", "")
    link = f'<a href="{here}">{name}</a>' if here else name
    observed = wording.amount(f.get("observed"))
    return (
        f'<tr><th scope="row">{link}</th><td>{one.tier_badge(str(f.get("tier")))}</td><td class="n">{f.get("n_core", 0):,}</td>'
        f'<td class="n">{f.get("n_accounts", 0):,}</td><td class="n">{f.get("n_objects", 0):,}</td>'
        f'<td class="n">{wording.seconds(float(f.get("window_s") or 0))}</td>'
        f'<td class="n">{f"""<a href="{evidence}">{observed}</a>""" if evidence else observed}</td>'
        f'<td class="n">{wording.amount(f.get("expected"))}</td><td class="n">{wording.probability(f.get("q_value"))}</td></tr>'
    )


def _data(results: Results) -> str:
    c = results.counts
    precise = wording.listing(
        [f"{wording.PRECISION_NAME.get(p, html_text(p))} ({n:,} posts)" for p, n in results.precisions]
    )
    rejects = "".join(
        f'<tr><th scope="row">{html_marked(rule)}</th><td class="n">{n:,}</td></tr>'
        for rule, n in results.rejects_by_rule
    )
    table = (
        f"""<table class="small"><caption>Rows not accepted, by rule. Each lies in rejects.parquet with its line.</caption>
<thead><tr><th scope="col">Rule</th><th scope="col" class="n">Rows</th></tr></thead><tbody>{rejects}</tbody></table>"""
        if rejects
        else "<p>Every row was accepted.</p>"
    )
    return f"""<section id="data" aria-labelledby="data-h">
<h2 id="data-h">The data</h2>
<p>{wording.count(c["posts"], "post")} were accepted and {wording.count(c["rejected"], "row")} were not.
{f"Times are known to {precise}." if precise else ""}</p>
{table}
{_skipped(results)}
</section>"""


def _skipped(results: Results) -> str:
    lines = "".join(f"<li>{html_marked(x)}</li>" for x in wording.skipped(results))
    return f"<h3>Not tested, and why</h3><ul>{lines}</ul>" if lines else ""


def _method(results: Results) -> str:
    run = f"<p>{html_text(wording.tested(results))}</p>" if results.findings else ""
    return f"""<section id="method" aria-labelledby="method-h">
<h2 id="method-h">Method and error rate</h2>
<p><strong>{html_text(wording.error_rate(wording.rate(results)))}</strong></p>
<p>{html_text(wording.METHOD)}</p>
{run}
<p>Known holes: accounts that share no link, text or target; groups that spread their posts over hours; taste finer than the data show;
data collected by sampling. Coordination is not deceit, and neither of them is untruth.</p>
</section>"""


def _footer(results: Results) -> str:
    m = results.manifest
    inputs = "".join(
        f'<tr><th scope="row">{html_marked(str(i.get("path") or i.get("file") or ""))}</th><td class="n">{int(i.get("rows") or 0):,}</td>'
        f"<td><code>{html_text(str(i.get('sha256') or ''))}</code></td></tr>"
        for i in m.get("inputs") or []
        if isinstance(i, dict)
    )
    settings = "".join(
        f'<tr><th scope="row">{html_marked(k)}</th><td>{html_marked(v)}</td></tr>'
        for k, v in _flat(m.get("settings") or {})
    )
    return f"""<footer id="run" aria-labelledby="run-h">
<h2 id="run-h">This run</h2>
<p>houselights {html_text(str(m.get("version") or "unknown"))}, seed {html_text(str(m.get("seed", 0)))}. The same files, settings and seed give the same tables.
If a finding is wrong, say so to whoever sent you this report, with the finding's id: findings can be disputed and withdrawn.</p>
<details><summary>Input files and settings</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Input files, a table">
<table class="small"><caption>Input files</caption><thead><tr><th scope="col">File</th><th scope="col" class="n">Rows</th><th scope="col">SHA-256</th></tr></thead>
<tbody>{inputs}</tbody></table></div>
<table class="small"><caption>Settings</caption><thead><tr><th scope="col">Setting</th><th scope="col">Value</th></tr></thead><tbody>{settings}</tbody></table>
</details>
</footer>"""


def _flat(settings: Any, prefix: str = "") -> list[tuple[str, str]]:
    if not isinstance(settings, dict):
        return [(prefix, str(settings))]
    return [row for key, value in settings.items() for row in _flat(value, f"{prefix}.{key}" if prefix else str(key))]
