"""Petitions and "copy this": texts that ask to be passed on, which people sign once."""

import re
from collections import defaultdict
from statistics import median

from houselights.findings.casefile import Case, Post, SharedObject
from houselights.findings.explanations.weighing import Check, covering
from houselights.findings.wording import KIND_NOUNS, listing, of

MOST_POSTS_PER_ACCOUNT = 2  # a signature and a reminder; who posts more such texts is running a drive

_MARKERS = re.compile(
    "|".join(
        (
            r"petition|petición|petición|pétition|petizione|petição|petycj|петиці|петици|عريضة|dilekçe",
            r"copy (?:and|&|\+|,)? ?paste|copy[-/ ]paste|cut and paste|copy this (?:post|text|message|tweet)"
            r"|repost this|add your name",
            r"(?:please|pls) (?:copy|share|repost|retweet)|pass (?:it|this) on|i(?:'|’)?(?:ve"
            r"| have)? (?:just )?signed|sign (?:it )?here",
            r"copie[rz]?[ -](?:et[ -])?colle[rz]?|faites (?:passer|tourner)|merci de partager|j(?:'|’)ai signé"
            r"|viens de signer|signez",
            r"copi(?:a|en|ad|ar) y peg(?:a|uen|ad|ar)|firma (?:aquí|ya|esta)|acabo de firmar|por favor,? comparte"
            r"|p[áa]salo",
            r"kopier(?:en|t)? und (?:einfügen|teilen|weiterleiten)|bitte (?:teilen|weiterleiten|kopieren)"
            r"|jetzt unterzeichnen"
            r"|habe (?:gerade )?(?:unterschrieben|unterzeichnet)|hier unterschreiben",
            r"скопируй|скопіюй|максимальный репост|прошу репост|сделайте репост|поделитесь|поширте|распространите"
            r"|подпишите|підпишіть",
            r"copia e incolla|fate girare|ho (?:appena )?firmato|firma anche tu",
            r"copi(?:e|a) e col(?:e|a)|assin(?:e|ei) (?:a|o)|compartilhe",
            r"skopiuj i wklej|podaj(?:cie)? dalej|podpisz",
            r"kopieer en plak|deel dit|teken (?:nu|de)",
            r"kopyala(?:yıp)? yapıştır|imzala|انسخ",
        )
    )
)


def petition(case: Case) -> Check:
    """Most evidence posts of an object ask to be signed or passed on, and its accounts post such texts once or twice
    each."""
    name = "petition or text to pass on"
    asking = [o for o in case.objects.values() if _asks(case, o)]
    if not asking:
        return Check(
            name, "No shared object carries words that ask to sign, copy or pass on (looked for in twelve languages)."
        )
    per_account: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for shared in asking:
        for post in case.posts_of(shared):
            per_account[post.account_id].add(post.ref)
    typical = median(len(posts) for posts in per_account.values())
    kinds = listing(sorted({f"{KIND_NOUNS[o.kind]}s" for o in asking}))
    detail = (
        f"{of(len(asking), len(case.objects), 'shared object')} ({kinds}) asked to sign, copy or pass on; "
        f"a typical account posted {typical:g} such {'post' if typical == 1 else 'posts'}."
    )
    if typical > MOST_POSTS_PER_ACCOUNT:
        return Check(name, f"{detail} People sign once or twice.")
    covered, half = covering(case, asking)
    return Check(name, detail, True, half, covered, may_fit_in_part=True)


def _asks(case: Case, shared: SharedObject) -> bool:
    posts = case.posts_of(shared)
    return 2 * sum(map(_has_marker, posts)) > len(posts)


def _has_marker(post: Post) -> bool:
    return bool(_MARKERS.search(post.text.casefold())) or any("petition" in url.casefold() for url in post.urls)
