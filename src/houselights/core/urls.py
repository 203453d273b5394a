"""One name for one address, so that tracking parameters and spellings do not split what people point at."""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

MAX_CHARACTERS = 8000  # what RFC 9110 (section 4.1) asks servers to accept; longer ones are data, not addresses

_TRACKING_PREFIXES = ("utm_", "pk_", "mtm_", "matomo_", "piwik_", "hsa_", "fb_action_", "guce_", "__cft__", "at_custom")
_TRACKING = frozenset(
    # advertising clicks, newsletters and campaign tools, share buttons
    """fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid ysclid twclid ttclid li_fat_id igshid igsh epik rdt_cid
    sccid mc_cid mc_eid mkt_tok _hsenc _hsmi __hssc __hstc __hsfp hsctatracking hss_channel vero_id vero_conv oly_enc_id
    oly_anon_id _openstat wt_mc wt.mc_id wt_zmc xtor s_cid s_kwcid at_medium at_campaign mbid cmpid ncid _ga _gl _ke
    ns_mchannel ns_source ns_campaign ns_linkname ns_fee
    ref_src ref_url refsrc smid smtyp smprod fb_ref fb_source fref mibextid __tn__ __xts__ _rdr _rdc sfnsn rdid paipv
    eav __twitter_impression guccounter spm share_from tt_from trk trkinfo sr_share ss_source""".split()  # noqa: SIM905
)
# On these hosts a share adds parameters whose names mean something elsewhere.
_TRACKING_ON_HOST = {
    "x.com": frozenset({"s", "t", "src"}),
    "youtube.com": frozenset({"si", "feature", "pp", "ab_channel", "app", "t"}),
    "tiktok.com": frozenset({"_r", "_t", "is_from_webapp", "sender_device", "is_copy_url", "u_code", "web_id"}),
    "instagram.com": frozenset({"img_index", "hl"}),
    "linkedin.com": frozenset({"rcm"}),
    "reddit.com": frozenset({"share_id", "rdt", "context"}),
    "open.spotify.com": frozenset({"si", "context"}),
}
# "m.", "mobile.", "amp." and the like may be sites of their own (m.media.example), so they are dropped only where both
# are known to serve the same pages. "www." is dropped everywhere: sites whose bare domain shows something else are
# rare, split shares are not.
_SAME_SITE = {
    "twitter.com": "x.com",
    "mobile.twitter.com": "x.com",
    "m.twitter.com": "x.com",
    "mobile.x.com": "x.com",
    "m.youtube.com": "youtube.com",
    "music.youtube.com": "youtube.com",
    "youtube-nocookie.com": "youtube.com",
    "m.facebook.com": "facebook.com",
    "mbasic.facebook.com": "facebook.com",
    "touch.facebook.com": "facebook.com",
    "web.facebook.com": "facebook.com",
    "fb.com": "facebook.com",
    "m.vk.com": "vk.com",
    "m.ok.ru": "ok.ru",
    "m.tiktok.com": "tiktok.com",
    "m.imdb.com": "imdb.com",
    "old.reddit.com": "reddit.com",
    "new.reddit.com": "reddit.com",
    "np.reddit.com": "reddit.com",
    "m.reddit.com": "reddit.com",
    "i.reddit.com": "reddit.com",
    "amp.reddit.com": "reddit.com",
    "amp.theguardian.com": "theguardian.com",
    "amp.cnn.com": "cnn.com",
    "telegram.me": "t.me",
}
_MEDIA_HOSTS = tuple(
    f"https://{host}/" for host in ("pic.twitter.com", "pic.x.com", "pbs.twimg.com", "video.twimg.com")
)
_MOBILE_WIKI = re.compile(r"([a-z-]+)\.m\.(wikipedia|wikimedia|wiktionary|wikinews|wikiquote)\.org")
_URL = re.compile(r"(?is)\A(?:https?:)?//([^/?#\\]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?\Z")
_BARE = re.compile(r"(?i)\A[\w.-]+\.[a-z]{2,24}(?::\d{1,5})?(?:[/?#]|\Z)")
_NETLOC = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[^:\[\]]+)(?::([0-9]{0,5}))?\Z")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\Z")
_PLAIN = re.compile(r"[A-Za-z0-9._~/-]*\Z")
_NOT_ADDRESS = re.compile(r"[\x00-\x20\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")
_TO_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})|%|[^A-Za-z0-9._~!$&'()*+,;=:@/?-]")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_STATUS = re.compile(r"/(?:[^/]+|i/web)/status(?:es)?/(\d+)(?:/(photo|video)(?:/\d+)?)?(?:/.*)?\Z")
_PARAMETER_START = re.compile(r"(?:\A|&)(?:amp;)*")  # "&amp;": an address copied out of HTML
_REDIRECT_PARAMETERS = {
    ("l.facebook.com", "/l.php"): ("u",),
    ("lm.facebook.com", "/l.php"): ("u",),
    ("l.instagram.com", ""): ("u",),
    ("google.com", "/url"): ("q", "url"),
    ("youtube.com", "/redirect"): ("q",),
    ("vk.com", "/away.php"): ("to",),
}
_AMP_CACHE_PATH = re.compile(r"/(?:amp|c|v)/(?:s/)?([^/]+\..*)")
_SHORT_VIDEO_PATH = re.compile(r"/([\w-]+)(?:/|\Z)")
_VIDEO_PATH = re.compile(r"/(?:shorts|live|embed|v)/([\w-]{6,})")
_TIKTOK_VIDEO = re.compile(r"/@[^/]+/(?:video|photo)/\d+")


def canonical_url(url: str) -> str | None:
    """The one spelling of an address, always https and ASCII; None where it is no http(s) address or a cut one.

    Never raises; idempotent. Makes no difference: scheme, case of scheme and host, default port, user info, fragment
    (except "#!" routes), tracking parameters, order of parameters, trailing slashes, percent-encoding, "www.". A name
    in another script becomes punycode as browsers do it (IDNA 2008: "ß" stays apart from "ss"). Redirectors and AMP
    caches that carry their target give the target; short links stay.
    """
    for _ in range(5):
        if len(url) > MAX_CHARACTERS:
            return None
        parts = _split(url)
        if parts is None:
            return None
        host, path, query, fragment = parts
        target = _wrapped(host, path, query)
        if target is None:
            canonical = _join(host, path, query, fragment)
            return canonical if len(canonical) <= MAX_CHARACTERS else None
        url = target
    return None


def is_post_media(canonical: str) -> bool:
    """Whether a canonical URL is a post's own picture or video, which a platform lists among the links of the post."""
    if canonical.startswith(_MEDIA_HOSTS):
        return True
    return canonical.startswith("https://x.com/") and canonical.endswith(("/photo", "/video"))


def _split(url: str) -> tuple[str, str, list[str], str] | None:
    """(host with port, normalised path, parameters, fragment) or None."""
    if not (url.isascii() and url.isprintable() and " " not in url):
        url = _NOT_ADDRESS.sub("", url)
    if url.endswith(("…", "...")):
        return None
    found = _URL.match(url) or (_URL.match("//" + url) if _BARE.match(url) else None)
    if found is None:
        return None
    netloc, path, query, fragment = found.groups()
    host = _host(netloc)
    if host is None:
        return None
    parameters = [_escaped(p).replace("+", "%20") for p in _PARAMETER_START.split(query) if p] if query else []
    return host, _path(path), parameters, fragment or ""


@lru_cache(maxsize=65_536)
def _host(netloc: str) -> str | None:
    netloc = netloc.rpartition("@")[2]
    if len(netloc) > MAX_CHARACTERS // 8:
        return None
    if "%" in netloc:
        netloc = unquote(netloc)
    netloc = netloc.lower() if netloc.isascii() else unicodedata.normalize("NFKC", netloc).lower().replace("。", ".")
    found = _NETLOC.match(netloc)
    if found is None:
        return None
    name, port = found[1].rstrip("."), (found[2] or "").lstrip("0")
    if not name.isascii():
        name = ".".join(map(_label, name.split(".")))
    if not (name.startswith("[") or (len(name) <= 253 and _HOST.match(name))) or (port and int(port) > 65535):
        return None
    while name.startswith("www.") and "." in name[4:]:
        name = name[4:]
    wiki = _MOBILE_WIKI.fullmatch(name)
    name = f"{wiki[1]}.{wiki[2]}.org" if wiki else _SAME_SITE.get(name, name)
    return name if port in ("", "80", "443") else f"{name}:{port}"


def _label(label: str) -> str:
    """Punycode of one part of a host name; '' (no host name) where it is too long to be one."""
    if label.isascii():
        return label
    return "xn--" + label.encode("punycode").decode("ascii") if len(label) <= 63 else ""


def _escaped(part: str) -> str:
    """Percent-encoding as RFC 3986 section 6.2.2 normalises it: unreserved characters plain, digits upper case."""
    return part if _PLAIN.match(part) else _TO_ESCAPE.sub(_escape, part)


def _escape(found: re.Match[str]) -> str:
    digits = found[1]
    if digits:
        character = chr(int(digits, 16))
        return character if character in _UNRESERVED else "%" + digits.upper()
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))


def _path(path: str) -> str:
    path = _escaped(path.replace("\\", "/"))
    if "/." in path:
        kept: list[str] = []
        for segment in path.split("/"):
            if segment == "..":
                del kept[max(1, len(kept) - 1) :]
            elif segment != ".":
                kept.append(segment)
        path = "/".join(kept)
    return path.rstrip("/")


def _wrapped(host: str, path: str, query: list[str]) -> str | None:
    """The address inside a redirector's or AMP cache's address."""
    if not query and not path.startswith(("/amp/", "/c/", "/v/")):
        return None
    if host.endswith("cdn.ampproject.org") or (host == "google.com" and path.startswith("/amp/")):
        cached = _AMP_CACHE_PATH.match(path)
        return f"https://{cached[1]}?{'&'.join(query)}" if cached else None
    names = _REDIRECT_PARAMETERS.get((host, path))
    if names:
        for parameter in query:
            name, _, value = parameter.partition("=")
            if name in names and value.lower().startswith(("http:", "https:", "http%3a", "https%3a")):
                return unquote(value)
    return None


def _join(host: str, path: str, query: list[str], fragment: str) -> str:
    route = "#" + _escaped(fragment).rstrip("/") if fragment.startswith("!") else ""
    on_host = _TRACKING_ON_HOST.get(host, frozenset())
    kept = sorted(p for p in query if not _is_tracking(p.partition("=")[0].lower(), on_host))
    if host == "x.com":
        if route.startswith("#!/") and not path:
            path, route = _path(fragment[1:].partition("?")[0]), ""
        status = _STATUS.match(path)
        if status:
            path, kept = f"/i/status/{status[1]}" + (f"/{status[2]}" if status[2] else ""), []
        elif path.count("/") == 1:
            path = path.lower()
    elif host in ("youtube.com", "youtu.be"):
        host, path, kept = _video(host, path, kept)
    elif host == "tiktok.com" and _TIKTOK_VIDEO.match(path):
        kept = []
    return f"https://{host}{path}{'?' if kept else ''}{'&'.join(kept)}{route if len(route) > 2 else ''}"


def _video(host: str, path: str, parameters: list[str]) -> tuple[str, str, list[str]]:
    """A video is its id, however it is embedded and whatever list it plays in."""
    if host == "youtu.be":
        short = _SHORT_VIDEO_PATH.match(path)
        return ("youtube.com", "/watch", ["v=" + short[1]]) if short else (host, path, parameters)
    embedded = _VIDEO_PATH.match(path)
    if embedded:
        return host, "/watch", ["v=" + embedded[1]]
    if path == "/watch":
        parameters = [p for p in parameters if p.startswith("v=")][:1] or parameters
    return host, path, parameters


def _is_tracking(name: str, on_host: frozenset[str]) -> bool:
    return name in _TRACKING or name in on_host or name.startswith(_TRACKING_PREFIXES)
