"""Which claims of the user's list the posts are about, with the nearest posts; nothing where no list was given."""

from typing import Any

from houselights.outlets import wording
from houselights.outlets.hostile import clip, html_marked, html_text
from houselights.outlets.report.markup import section, table
from houselights.results import Results

MOST_CLAIMS, MOST_POSTS = 50, 3
MOST_CHARACTERS = 280


def block(results: Results) -> str:
    rows = results.claims()
    if not rows:
        return ""
    posts = results.claimed_posts([str(r["claim_id"]) for r in rows[:MOST_CLAIMS]], MOST_POSTS)
    rest = f" The first {MOST_CLAIMS:,} of {len(rows):,}." if len(rows) > MOST_CLAIMS else ""
    caption = f"Most posts first.{rest} All matches are in claim_matches.parquet."
    columns = ("Claim, as the list has it", "Verdict of its publisher", "#Posts", "#Accounts", "Nearest posts")
    body = table(caption, columns, (_row(r, posts.get(str(r["claim_id"]), [])) for r in rows[:MOST_CLAIMS]))
    return section("claims", "Claims of your list", f"<p>{html_text(wording.CLAIMS_MEANING)}</p>\n{body}")


def _row(claim: dict[str, Any], posts: list[tuple[str, str]]) -> list[str]:
    url = f'<br><span class="object">{html_marked(str(claim["claim_url"]))}</span>' if claim["claim_url"] else ""
    return [
        html_marked(clip(str(claim["claim_text"]), MOST_CHARACTERS)) + url,
        html_marked(str(claim["verdict"])) if claim["verdict"] else "none given",
        f"{claim['posts']:,}",
        f"{claim['accounts']:,}",
        "<br>".join(
            f'<q>{html_marked(clip(text, MOST_CHARACTERS))}</q> <span class="quiet">{html_marked(source)}</span>'
            for text, source in posts
        ),
    ]
