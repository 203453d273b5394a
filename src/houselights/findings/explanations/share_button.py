"""Words that nobody wrote for the occasion: a share button's text, a headline, a quotation or slogan."""

import re
from urllib.parse import unquote, urlsplit

from houselights.findings.casefile import Case, Post, SharedObject
from houselights.findings.explanations.weighing import Check, covering, untestable
from houselights.findings.wording import of

_WORD = re.compile(r"[^\W_]{3,}")
_LINK = re.compile(r"https?://\S+|www\.\S+")
HEADLINE_WORDS_0_1 = (
    0.6  # of the text's words that also stand in the address of the link; addresses drop and shorten words
)
HEADLINE_MIN_WORDS = 4


def share_button(case: Case) -> Check:
    """The text belongs to the link: at least as many accounts outside the group post the same text with the same
    link, or the text is
    the headline in the link's address and at least as many outside accounts share that link."""
    name = "share button or headline text"
    with_text = [o for o in case.objects.values() if o.kind in ("text", "link")]
    if not case.data.n_with_links:
        return untestable(name, "links")
    if not with_text:
        return Check(name, "The group shares no texts or links.")
    is_button = [_is_button(case, o) for o in with_text]
    buttons = [o for o, yes in zip(with_text, is_button, strict=True) if yes]
    headlines = [o for o, yes in zip(with_text, is_button, strict=True) if not yes and _is_headline(case, o)]
    covered, half = covering(case, buttons + headlines)
    detail = (
        f"{len(buttons):,} of {_texts(len(with_text))} came as the same text with the same link from at least as "
        f"many accounts outside the group; {len(headlines):,} more read like the headline in the link's address, which "
        f"was shared as widely outside."
    )
    return Check(name, detail, True, half, covered, may_fit_in_part=True, held_fixed_by_synchrony=True)


def slogan(case: Case) -> Check:
    """A text without a link that at least as many accounts outside the group post: a quotation, lyrics, a slogan."""
    name = "quotation or slogan"
    texts = [o for o in case.objects.values() if o.kind == "text"]
    if not texts:
        return Check(name, "The group shares no texts.")
    common = [o for o in texts if o.n_outside >= len(o.accounts) and not any(_links(case, p) for p in case.posts_of(o))]
    covered, half = covering(case, common)
    detail = f"{of(len(common), len(texts), 'shared text')} also came from at least as many accounts outside the group."
    return Check(name, detail, True, half, covered, may_fit_in_part=True, held_fixed_by_synchrony=True)


def _texts(n: int) -> str:
    return "1 shared text or link" if n == 1 else f"{n:,} shared texts and links"


def _links(case: Case, post: Post) -> list[str]:
    return [obj for kind, obj in case.traces.get(post.ref, ()) if kind == "link"]


def _is_button(case: Case, shared: SharedObject) -> bool:
    """At least half of the group's accounts on the object post a text-link pair that is as common outside."""
    using = set()
    for post in case.posts_of(shared):
        traces = case.traces.get(post.ref, frozenset())
        texts = [obj for kind, obj in traces if kind == "text"]
        if any(
            case.button_outside.get((text, link), 0) >= len(shared.accounts)
            for text in texts
            for link in _links(case, post)
        ):
            using.add(post.account_id)
    return 2 * len(using) >= len(shared.accounts)


def _is_headline(case: Case, shared: SharedObject) -> bool:
    using = set()
    for post in case.posts_of(shared):
        for link in _links(case, post):
            if case.link_outside.get(link, 0) >= len(shared.accounts) and reads_like_headline(post.text, link):
                using.add(post.account_id)
    return 2 * len(using) >= len(shared.accounts)


def reads_like_headline(text: str, link: str) -> bool:
    """Whether most words of the text stand in the address of the link, as they do on news sites
    ("/2015/08/senate-passes-bill")."""
    words = {w.casefold() for w in _WORD.findall(_LINK.sub(" ", text))}
    try:
        address = {w.casefold() for w in _WORD.findall(unquote(urlsplit(link).path))}
    except ValueError:
        return False
    return len(words) >= HEADLINE_MIN_WORDS and len(words & address) >= HEADLINE_WORDS_0_1 * len(words)
