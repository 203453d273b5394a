"""Near-identical texts side by side: what each wording adds to the most used one, and what it leaves out."""

from houselights.outlets import wording
from houselights.outlets.hostile import html_marked
from houselights.outlets.report.markup import folded, table
from houselights.records import Wording
from houselights.results import Results

MOST_TEXTS, MOST_WORDINGS, MOST_CHARACTERS = 5, 8, 600
CAPTION = """The most used wording first; the others beside it: <ins>underlined</ins> words are new, <del>struck</del> ones left out.
Links, emoji and addressees are not compared."""


def block(results: Results, finding_id: str, anchor: str) -> str:
    """Nothing where all texts are word for word the same."""
    texts = results.wordings(finding_id, MOST_TEXTS)
    if not texts:
        return ""
    first, *more = [_table(t) for t in texts]
    fold = folded(wording.count(len(more), "more text"), "\n".join(more)) if more else ""
    return f'<h3 id="{anchor}-wordings">The same text in different words</h3>\n{first}\n{fold}'


def _table(wordings: list[Wording]) -> str:
    base = wordings[0].first.text[:MOST_CHARACTERS]
    rows = (
        [
            f'<span class="wording" dir="auto">{_compared(base, w.first.text) if w is not wordings[0] else html_marked(base)}</span>',
            f"{w.n_posts:,}",
            f"{w.n_accounts:,}",
            f'{wording.moment(w.first.created_at, w.first.precision)}<br><span class="quiet">{html_marked(w.first.source)}</span>',
        ]
        for w in wordings[:MOST_WORDINGS]
    )
    rest = len(wordings) - MOST_WORDINGS
    caption = f"{CAPTION} {wording.count(rest, 'more wording')} not shown." if rest > 0 else CAPTION
    return table(caption, ("Wording", "#Posts", "#Accounts", "First of them (UTC)"), rows)


def _compared(base: str, text: str) -> str:
    from houselights.core.text import differences

    cut = text[:MOST_CHARACTERS]
    marks = {"same": "{}", "added": "<ins>{}</ins>", "left out": " <del>{}</del> "}
    after = f' <span class="quiet">… ({len(text) - len(cut):,} more characters)</span>' if len(text) > len(cut) else ""
    return "".join(marks[what].format(html_marked(piece)) for what, piece in differences(base, cut)) + after
