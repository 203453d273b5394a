"""One finding in the terminal, with its evidence."""

from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from houselights.outlets import wording
from houselights.outlets.hostile import clip, terminal
from houselights.records import Pair, Post, Shown
from houselights.results import Results

MOST_PAIRS = 10
MOST_NAMES = 200
MOST_CHARACTERS = 280

Spans = dict[str, list[tuple[int, int]]]


def show(results: Results, finding_id: str, out: Console) -> None:
    """Sentence, numbers, accounts, explanations, evidence, limits. Raises HouselightsError for an unknown id."""
    finding = results.finding(finding_id)
    first_sentence, more = wording.told(finding)
    out.print(Text(terminal(first_sentence), style="bold"))
    out.print(Text(terminal(more)))
    tier = str(finding.get("tier"))
    _block(out, "Tier", [f"{terminal(tier)}: {wording.TIER_MEANING.get(tier, 'not a tier this version knows')}"])
    first, last = finding.get("first_at"), finding.get("last_at")
    _block(
        out,
        "Numbers",
        [
            f"within {wording.seconds(float(finding.get('window_s') or 0))} on {wording.tested_objects(finding)} shared "
            f"objects of the half kept for the test; {wording.amount(finding.get('expected'))} by chance. "
            f"{wording.in_part(finding)}".rstrip(),
            f"p {wording.probability(finding.get('p_value'))}, q {wording.probability(finding.get('q_value'))} "
            f"(false-discovery rate of the run: {wording.share(wording.rate(results))})",
            f"{wording.count(finding.get('n_posts', 0), 'post')}, "
            f"{wording.count(finding.get('n_objects', 0), 'object')} in both halves, "
            f"{wording.span(first, last)}",
        ],
    )
    shown = results.shown(finding_id)
    _block(out, "What it says", [terminal(x) for x in wording.pushed(finding)])
    _block(out, "Accounts", _accounts(finding, list(shown.values())))
    tried = [_explanation(e) for e in wording.tested_explanations(finding)]
    _block(out, "Innocent explanations tested", [*(tried or ["none"]), terminal(wording.untested(finding) or "")])
    _evidence(results, finding_id, shown, out)
    _block(out, "What this does not show", [f"- {terminal(x)}" for x in wording.limits(finding)])
    _block(out, "It would be wrong if", [f"- {terminal(x)}" for x in wording.wrong_if(finding)])


def _block(out: Console, title: str, lines: list[str]) -> None:
    if not any(lines):
        return
    out.print(Text(f"\n{title}", style="bold"))
    for line in filter(None, lines):
        out.print(Padding(Text(line), (0, 0, 0, 2)))


def _accounts(finding: dict[str, Any], rows: list[Shown]) -> list[str]:
    core = [terminal(s.label) for s in rows if s.named and s.role == "core"]
    sources = [terminal(s.label) for s in rows if s.named and s.role == "source"]
    unnamed = sum(not s.named for s in rows)
    reason = wording.naming(finding)
    lines = [reason] if reason else []
    if core:
        more = f" and {len(core) - MOST_NAMES:,} more in members.parquet" if len(core) > MOST_NAMES else ""
        lines.append(f"{wording.count(len(core), 'core account')}: {', '.join(core[:MOST_NAMES])}{more}")
    if sources:
        lines.append(f"content copied from, not a member: {', '.join(sources[:MOST_NAMES])}")
    if unnamed:
        lines.append(f"{wording.count(unnamed, 'account')} counted, not named")
    return lines or ["none listed"]


def _explanation(e: dict[str, Any]) -> str:
    return terminal(f"{e.get('name')}: {wording.outcome(e)}. {e.get('detail') or ''}".strip())


def _evidence(results: Results, finding_id: str, shown: dict[str, Shown], out: Console) -> None:
    pairs = results.pairs(finding_id, MOST_PAIRS)
    total = results.n_evidence(finding_id)
    out.print(Text(f"\nEvidence: the {len(pairs)} strongest of {wording.count(total, 'coincidence')}", style="bold"))
    marks: Spans = {
        post_id: [(h["start"], h["end"]) for h in rows]
        for post_id, rows in results.highlights_of(
            [i for p in pairs for i in (p.post_id_a, p.post_id_b)], finding_id
        ).items()
    }
    for pair in pairs:
        out.print(Padding(_pair(pair, shown, marks), (0, 0, 1, 2)))
    if total > len(pairs):
        out.print(Padding(Text("The rest lies in evidence.parquet."), (0, 0, 0, 2)))


def _pair(pair: Pair, shown: dict[str, Shown], marks: Spans) -> Text:
    text = Text()
    text.append(
        f"{wording.KIND_NOUN.get(pair.kind, terminal(pair.kind))}, {wording.apart(pair.delta_s, _precision(pair))}; "
    )
    text.append(f"chance of being this close without the group: {wording.share(pair.chance_0_1)}\n")
    if not pair.object_id.startswith("text:"):  # a hash, which tells nobody anything
        text.append(f"{terminal(clip(pair.object_id, 120))}\n", style="dim")
    for account, post_id, post in (
        (pair.account_a, pair.post_id_a, pair.post_a),
        (pair.account_b, pair.post_id_b, pair.post_b),
    ):
        who = shown[account].label if account in shown else "an account not listed"
        text.append(f"  {terminal(who)}", style="bold")
        if post is None:
            text.append(f"  post {terminal(post_id)} is not in posts.parquet\n")
            continue
        text.append(f"  {wording.moment(post.created_at, post.precision)}  ({terminal(post.source)})\n    ")
        text.append_text(_marked(post, marks.get(post_id, [])))
        text.append("\n")
    text.rstrip()
    return text


def _precision(pair: Pair) -> str:
    return pair.post_a.precision if pair.post_a else "s"


def _marked(post: Post, spans: list[tuple[int, int]]) -> Text:
    if not post.text:
        what = (
            f'"{clip(post.reposted_text, MOST_CHARACTERS)}"' if post.reposted_text else post.repost_of or "another post"
        )
        return Text(terminal(f"(no words of its own: {post.kind} of {what})"))
    out, at = Text(), 0
    visible = post.text[:MOST_CHARACTERS]
    for start, end in spans:
        start, end = max(start, at), min(end, len(visible))
        if end <= start:
            continue
        out.append(terminal(visible[at:start]))
        out.append(terminal(visible[start:end]), style="bold underline")
        at = end
    out.append(terminal(visible[at:]))
    if len(post.text) > len(visible):
        out.append(f"… ({len(post.text) - len(visible):,} more characters)")
    return out
