"""Laws of canonical URLs: one address, one name."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houselights.core.urls import MAX_CHARACTERS, canonical_url, is_post_media

HOSTS = (
    "news.example",
    "www.example.org",
    "Example.COM",
    "twitter.com",
    "m.facebook.com",
    "youtube.com",
    "youtu.be",
    "bücher.example",
    "10.0.0.1:8080",
)
hosts = st.sampled_from(HOSTS)
piece = st.text(st.characters(exclude_characters="#?&/\\…"), max_size=12).filter(lambda s: not s.endswith("..."))
urls = st.builds(
    lambda scheme, host, path, query, end: (
        f"{scheme}://{host}/{'/'.join(path)}{'?' if query else ''}{'&'.join(query)}{end}"
    ),
    st.sampled_from(["http", "https", "HTTP"]),
    hosts,
    st.lists(piece, max_size=4),
    st.lists(st.builds("{}={}".format, piece, piece), max_size=3),
    st.sampled_from(["", "#top", "#!/route"]),
)
TRACKING = (
    "utm_source=a",
    "utm_Whatever=b",
    "UTM_MEDIUM=x",
    "fbclid=IwAR0",
    "gclid=1",
    "igshid=z",
    "mc_cid=1",
    "mc_eid=2",
    "ref_src=twsrc%5Etfw",
    "utm%5Fsource=q",
)


@given(st.one_of(st.text(max_size=60), urls))
@example("http://youtu.be/+")
@example("http://[::1")
@example("http://[::1]:99999/")
@example("http://example.com:port/")
@example(
    "https://l.facebook.com/l.php?u=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3Dhttps%253A%252F%252Fnews.example%252Fa"
)
@example("https://google.com/amp/s/youtu.be/abc/?utm_source=1")
@example("http://news.example/?amp;amp;a=1&amp;amp;b")
@example("http://a.example/%2e%2e/%2E/b/..//")
@example("https://twitter.com/#!/someone/status/12/photo/1")
@example("http://ｅxample。com/ü%FF%")
@example("http://\ud800.example/\udfff")
def test_idempotent_and_never_raises(url: str) -> None:
    once = canonical_url(url)
    if once is not None:
        assert once.isascii() and once.startswith("https://")
        assert canonical_url(once) == once


@given(urls, st.sampled_from(TRACKING), st.booleans())
def test_a_tracking_parameter_changes_nothing(url: str, tracking: str, first: bool) -> None:
    address, hash_, fragment = url.partition("#")
    path, question, query = address.partition("?")
    added = f"{path}?{tracking}&{query}" if first and question else f"{address}{'&' if question else '?'}{tracking}"
    if path.rstrip().endswith("...") or (question and query.endswith("...")):
        return
    assert canonical_url(added + hash_ + fragment) == canonical_url(url)


@given(urls)
def test_scheme_and_order_of_parameters_do_not_matter(url: str) -> None:
    address, hash_, fragment = url.partition("#")
    path, question, query = address.partition("?")
    scheme, _, rest = (path + question + "&".join(reversed(query.split("&")))).partition("://")
    if query.count("v=") > 1:
        return  # of two video ids the first counts
    assert canonical_url(f"{'https' if scheme == 'http' else 'http'}://{rest}{hash_}{fragment}") == canonical_url(url)


SAME = [
    ("https://youtu.be/dQw4w9WgXcQ?si=abc", "http://www.youtube.com/watch?v=dQw4w9WgXcQ&feature=share&list=PL1"),
    ("https://m.youtube.com/shorts/dQw4w9WgXcQ", "https://youtube.com/watch?app=desktop&v=dQw4w9WgXcQ"),
    ("https://twitter.com/Someone/status/123?s=20&t=abc", "https://x.com/someone/status/123"),
    ("https://mobile.twitter.com/i/web/status/123", "https://x.com/someone/status/123/"),
    ("https://twitter.com/SomeOne/", "http://x.com/someone?s=21"),
    ("http://WWW.Example.org:80/a/", "https://example.org/a#part"),
    ("https://example.org:443/%7euser/%e2%82%ac", "http://example.org/~user/€"),
    ("https://bücher.example/x", "http://XN--BCHER-KVA.example/x"),
    ("https://bu\u0308cher.example/x", "https://bücher.example/x"),
    ("https://en.m.wikipedia.org/wiki/Claque", "https://en.wikipedia.org/wiki/Claque"),
    ("https://l.facebook.com/l.php?u=https%3A%2F%2Fnews.example%2Fa%3Ffbclid%3D1&h=AT0", "https://news.example/a"),
    ("https://www.google.com/amp/s/news.example/a/", "https://news.example/a"),
    ("https://news.example/a?b=1&amp;c=2", "https://news.example/a?c=2&b=1"),
    ("news.example/a", "https://news.example/a"),
    ("https://user:secret@news.example/a", "https://news.example/a"),
    ("https://news.example/a\u200b", "https://news.example/a"),
]
APART = [
    ("https://news.example/a?id=1", "https://news.example/a?id=2"),
    ("https://news.example/A", "https://news.example/a"),
    ("https://news.example/#!/a", "https://news.example/#!/b"),
    ("https://m.media.example/a", "https://media.example/a"),
    ("https://amp.news.example/a", "https://news.example/a"),
    ("https://t.co/AbC", "https://t.co/aBc"),
    ("https://faß.example", "https://fass.example"),
    ("https://news.example/a?s=1", "https://news.example/a?s=2"),
    ("https://news.example:8080/a", "https://news.example/a"),
    ("https://x.com/a/status/1", "https://x.com/a/status/12"),
    ("https://www.com/a", "https://com/a"),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_spellings_of_one_address_meet(a: str, b: str) -> None:
    assert canonical_url(a) == canonical_url(b) is not None


@pytest.mark.parametrize(("a", "b"), APART)
def test_different_addresses_stay_apart(a: str, b: str) -> None:
    assert canonical_url(a) != canonical_url(b)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mailto:a@b.example",
        "javascript:alert(1)",
        "ftp://a.example/x",
        "http://",
        "https:///a",
        "http://[::1",
        "http://[zz]/",
        "no address",
        "http://a.example:99999/",
        "http://a.example:x/",
        "https://t.co/ab…",
        "http://" + "a" * 64 + ".example",
        "http://a.example/" + "a" * MAX_CHARACTERS,
        "http://" + "ü" * 5000,
        "http://" + "@" * 7000,
    ],
)
def test_what_is_no_address_is_none(url: str) -> None:
    assert canonical_url(url) is None


def test_pictures_of_the_post_itself_are_told_apart() -> None:
    def media(url: str) -> bool:
        canonical = canonical_url(url)
        assert canonical
        return is_post_media(canonical)

    assert media("https://twitter.com/someone/status/12/photo/1")
    assert media("https://pic.twitter.com/abc")
    assert media("https://x.com/someone/status/12/video/1")
    assert not media("https://x.com/someone/status/12")
    assert not media("https://news.example/photo/1")
