"""Each explanation: it fits and nothing else is left (demoted), it does not fit, it covers only part and the rest
stands."""

from collections.abc import Callable
from typing import Any

import pytest

from houselights.core.settings import ScanSettings
from houselights.findings.explanations.automation import declares
from houselights.findings.explanations.handles import family
from houselights.findings.explanations.share_button import reads_like_headline
from houselights.findings.explanations.sites import registrable_domain

MEMBERS = tuple(f"m{i}" for i in range(6))
OUTSIDE = tuple(f"o{i}" for i in range(8))
OFF_ROUND_S = 7 * 60 + 13  # 00:07:13: minute 7 is not divisible by 5


def share_button(data: Any, n: int) -> list[dict[str, Any]]:
    rows = []
    for i in range(n):
        link, text = f"https://paper{i}.example/{i}x", f"text:button{i}"
        post = {"text": f"Read how the river {i} floods every spring {link}", "link": link, "text_object": text}
        rows += data.share(
            "link" if i % 2 else "text", link if i % 2 else text, i * 18000 + OFF_ROUND_S, MEMBERS, **post
        )
        data.share("text", text, i * 18000 + 9000, OUTSIDE, 977, **post)
    return rows


def headline(data: Any, n: int) -> list[dict[str, Any]]:
    rows = []
    for i in range(n):
        link = f"https://paper{i}.example/2026/senate-passes-water-bill-{i}"
        post = {"text": f"Senate passes water bill {link}", "link": link, "text_object": f"text:h{i}"}
        rows += data.share("text", f"text:h{i}", i * 18000 + OFF_ROUND_S, MEMBERS, **post)
        for j, account in enumerate(OUTSIDE):
            data.add(account, i * 18000 + 9000 + 977 * j, f"my opinion {j} on that {link}", link=link)
    return rows


def slogan(data: Any, n: int) -> list[dict[str, Any]]:
    rows = []
    for i in range(n):
        post = {"text": f"we shall overcome some day number {i}", "text_object": f"text:s{i}"}
        rows += data.share("text", f"text:s{i}", i * 18000 + OFF_ROUND_S, MEMBERS, **post)
        data.share("text", f"text:s{i}", i * 18000 + 9000, OUTSIDE, 977, **post)
    return rows


ASKING = (
    "Please copy and paste this to help the lake",
    "Je viens de signer la pétition pour le lac",
    "Acabo de firmar la petición del lago",
    "Ich habe gerade unterschrieben, bitte teilen",
    "Подпишите петицию в защиту озера",
)


def petition(data: Any, n: int) -> list[dict[str, Any]]:
    """Each object has other signers, so that nobody signs more than twice."""
    rows = []
    for i in range(n):
        signers = tuple(f"m{6 + 3 * i + k}" for k in range(3))
        post = {"text": f"{ASKING[i % 5]} {i}", "text_object": f"text:p{i}"}
        rows += data.share("text", f"text:p{i}", i * 18000 + OFF_ROUND_S, signers, **post)
    return rows


def one_source(data: Any, n: int) -> list[dict[str, Any]]:
    rows = []
    for i in range(n):
        source = data.add("idol", i * 18000 + OFF_ROUND_S - 20, f"a new song {i}")
        order = MEMBERS if i % 2 else MEMBERS[::-1]
        rows += data.share("repost", source, i * 18000 + OFF_ROUND_S, order, repost_of=source, author="idol")
    return rows


def round_minutes(data: Any, n: int) -> list[dict[str, Any]]:
    rows = []
    for i in range(n):
        order = MEMBERS if i % 2 else MEMBERS[::-1]
        rows += data.share(
            "text", f"text:c{i}", i * 18000 + 600, order, text=f"tip number {i}", text_object=f"text:c{i}"
        )
    return rows


def outlet(data: Any, n: int) -> list[dict[str, Any]]:
    desks = ("news", "sport", "culture", "local", "live", "weather")
    data.handles |= {m: f"daily_planet_{d}" for m, d in zip(MEMBERS, desks, strict=True)}
    data.handles |= {f"o{i}": f"{chr(97 + i % 26)}person{chr(97 + i // 26)}" for i in range(60)}
    rows = []
    for i in range(n):
        link = f"https://www.planet.co.uk/{i}q"
        order = MEMBERS if i % 2 else MEMBERS[::-1]
        rows += data.share("link", link, i * 18000 + OFF_ROUND_S, order, text=f"story {link}", link=link)
    return rows


def automation(data: Any, n: int) -> list[dict[str, Any]]:
    """Two objects' worth of declared accounts: other members say nothing."""
    robots = ("quakebot_a", "rss-relay", "Weather Bot", "newsfeed")
    data.names |= {f"m{20 + k}": name for k, name in enumerate(robots)}
    rows = []
    for i in range(n):
        accounts = ("m20", "m21", "m22", "m23") if i % 2 else ("m23", "m22", "m21", "m20")
        link = f"https://quakes{i}.example/{i}"
        rows += data.share("link", link, i * 18000 + OFF_ROUND_S, accounts, text=f"quake {link}", link=link)
    return rows


def breaking_news(data: Any, n: int) -> list[dict[str, Any]]:
    rows = []
    for i in range(60):
        data.add(f"o{i}", 40 * 3600 + 59 * i, f"did you see that {i}")
    for i in range(n):
        link = f"https://wire{i}.example/{i}"
        order = MEMBERS if i % 2 else MEMBERS[::-1]
        rows += data.share(
            "link", link, 40 * 3600 + 62 + i * 180 + 240 * (i // 3), order, text=f"wow {i} {link}", link=link
        )
        data.add("o3", 40 * 3600 + 1000, f"reading {link}", link=link)
    return rows


def one_site(data: Any, n: int) -> list[dict[str, Any]]:
    """Followers of a site, whose items other people come to hours later."""
    rows = []
    for i in range(n):
        link = f"https://busy.example/{i}"
        order = MEMBERS if i % 2 else MEMBERS[::-1]
        rows += data.share("link", link, i * 18000 + OFF_ROUND_S, order, text=f"read {i} {link}", link=link)
        data.add(f"o{i}", i * 18000 + 9000, f"late to {link}", link=link)
    return rows


def one_agency(data: Any, n: int) -> list[dict[str, Any]]:
    """Every account prints the same headline over a link to a paper of its own."""
    rows = []
    papers = (*MEMBERS, "x8", "x9")
    for i in range(n):
        rows += data.share(
            "text",
            f"text:w{i}",
            i * 18000 + OFF_ROUND_S,
            papers if i % 2 else papers[::-1],
            text=f"bridge {i} opens",
            text_object=f"text:w{i}",
        )
    for post in data.posts:
        if post["text"].startswith("bridge"):
            post["urls"] = [f"https://{post['author_id']}-gazette.example/{post['post_id']}"]
    return rows


PLANTED: dict[str, Callable[[Any, int], list[dict[str, Any]]]] = {
    "share button or headline text": share_button,
    "quotation or slogan": slogan,
    "petition or text to pass on": petition,
    "fans of one source": one_source,
    "followers of one site": one_site,
    "papers of one agency": one_agency,
    "scheduling at round minutes": round_minutes,
    "accounts of one outlet": outlet,
    "automated by own declaration": automation,
    "breaking news": breaking_news,
}


def outcome(finding: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [e for e in finding["explanations"] if e["name"] == name]
    return found


@pytest.mark.parametrize(("name", "plant"), [*PLANTED.items(), ("share button or headline text", headline)])
def test_what_an_explanation_covers_wholly_is_described(name, plant, data, group, find):
    rows = plant(data, 10)
    data.crowd()
    (finding,) = find(data, group(rows))
    found = outcome(finding, name)
    assert found["fits"] and found["demotes"] and found["tested"], found
    assert finding["tier"] == "described"
    assert name in finding["sentence"]
    assert "No other evidence is left" in found["detail"]


@pytest.mark.parametrize(("name", "plant"), [*PLANTED.items(), ("share button or headline text", headline)])
def test_the_rest_of_the_evidence_may_stand(name, plant, data, group, find):
    rows = data.other_objects(6) + plant(data, 12)
    rows += data.share("repost", "r99", 99_999, ("x8", "x9"), repost_of="r99", author="author99")  # no kin of theirs
    data.crowd()
    (finding,) = find(data, group(rows))
    found = outcome(finding, name)
    assert found["fits"] and not found["demotes"], found
    assert finding["tier"] == "observed"
    assert "still confirms" in found["detail"] and "p = 1.0×10⁻⁶" in found["detail"]


@pytest.mark.parametrize("name", [*PLANTED, "accounts of one owner"])
def test_evidence_of_another_kind_is_not_explained(name, data, group, find):
    data.handles |= dict(zip(MEMBERS, ("anna", "ravi99", "okafor", "lindqvist", "x_x", "zed"), strict=True))
    data.crowd()
    data.add("o1", 50, "with a link https://a.example/b", link="https://a.example/b")
    (finding,) = find(data, group(data.other_objects(10)))
    found = outcome(finding, name)
    assert found["tested"] and not found["fits"] and not found["demotes"], found
    assert finding["tier"] == "observed"


def test_one_owner_demotes_only_where_it_covers_everything(data, group, find):
    data.handles |= {
        m: f"planet{d}" for m, d in zip(MEMBERS, ("north", "south", "east", "west", "mid", "coast"), strict=True)
    }
    data.handles |= {"m6": "someone_else", "o1": "thirdparty", "o2": "zz"}
    data.crowd()
    rows = data.other_objects(8)
    (finding,) = find(data, group(rows))
    assert outcome(finding, "accounts of one owner")["demotes"]
    rows += data.share("repost", "rx", 99_999, ("m0", "m6"), repost_of="rx", author="authorx")
    (finding,) = find(data, group(rows))
    assert not outcome(finding, "accounts of one owner")["fits"]
    assert finding["tier"] == "observed"


def test_a_numbered_series_or_a_rare_client_is_no_open_owner(data, group, find):
    data.handles |= {m: f"patriot{i}77" for i, m in enumerate(MEMBERS)} | {"o1": "zz", "o2": "yy"}
    data.clients |= dict.fromkeys(MEMBERS, "Own Poster 1.0")
    data.crowd()
    (finding,) = find(data, group(data.other_objects(8)))
    found = outcome(finding, "accounts of one owner")
    assert not found["fits"] and "digits only" in found["detail"] and "a rare one" in found["detail"]
    assert finding["tier"] == "observed"


@pytest.mark.parametrize("name", ["share button or headline text", "fans of one source", "breaking news"])
def test_what_synchrony_allows_for_does_not_demote_it(name, data, group, find):
    rows = PLANTED[name](data, 10)
    data.crowd()
    (finding,) = find(data, group(rows, channels=("synchrony",)))
    found = outcome(finding, name)
    assert found["fits"] and not found["demotes"]
    assert "synchrony test already allows" in found["detail"]
    assert finding["tier"] == "observed"


def evenings(data: Any, hours: list[float]) -> list[dict[str, Any]]:
    """Six who repost clips of different authors, at these hours."""
    rows = []
    for i, hour in enumerate(hours):
        order = MEMBERS[i % 6 :] + MEMBERS[: i % 6]
        rows += data.share(
            "repost", f"c{i}", hour * 3600 + 13, order if i % 2 else order[::-1], repost_of=f"c{i}", author=f"club{i}"
        )
    return rows


def test_a_few_evenings_in_step_are_described(data, group, find):
    """Three matches in twelve days, five clips each."""
    rows = evenings(data, [20 + 72 * match + 0.37 * clip for match in range(3) for clip in range(5)])
    data.crowd(hours=288)
    (finding,) = find(data, group(rows))
    found = outcome(finding, "a few live events")
    assert found["fits"] and found["demotes"] and "3 occasions" in found["detail"], found
    assert finding["tier"] == "described"


@pytest.mark.parametrize(
    "hours",
    [
        [5.0 * k for k in range(15)],
        [40 + 0.5 * k for k in range(15)],
        [24 * (k // 3) + 0.4 * (k % 3) for k in range(45)],
    ],
    ids=["one at a time", "for longer than an event", "every day"],
)
def test_work_is_no_live_event(data, group, find, hours):
    rows = evenings(data, hours)
    data.crowd(hours=400)
    (finding,) = find(data, group(rows))
    assert not outcome(finding, "a few live events")["fits"]


@pytest.mark.parametrize(("crowd_hours", "fits"), [(24 * 12, True), (None, False)], ids=["alone", "with everybody"])
def test_a_daily_habit_is_described_unless_everybody_has_it(data, group, find, crowd_hours, fits):
    """Links of twelve mornings, shared between seven and eight, at no fixed time."""
    rows = evenings(data, [24 * day + 7 + (5 * day + 17 * k) % 12 / 15 for day in range(12) for k in range(2)])
    if crowd_hours:
        data.crowd(hours=crowd_hours)
    else:
        for i in range(240):
            data.add(f"o{i % 60}", (24 * (i % 12) + 7 + (i % 10) / 10) * 3600, f"ordinary words number {i}")
    (finding,) = find(data, group(rows))
    found = outcome(finding, "a daily habit")
    assert (found["fits"], found["demotes"]) == (fits, fits), found
    assert "between 0" in found["detail"]
    assert finding["tier"] == ("described" if fits else "observed")


@pytest.mark.parametrize("minutes", [[0], [-4, 3], [-9, 0, 8]], ids=["sharp", "within minutes", "within a quarter"])
def test_breaks_that_come_back_every_day_are_a_habit(data, group, find, minutes):
    """Six fixed times a day; a crowd around the clock."""
    slots = (7.5, 10.0, 12.5, 15.5, 19.0, 22.0)
    hours = [24 * day + slots[k] + minutes[(day + k) % len(minutes)] / 60 for day in range(6) for k in range(6)]
    rows = evenings(data, hours)
    data.crowd(hours=24 * 6)
    (finding,) = find(data, group(rows))
    found = outcome(finding, "a daily habit")
    assert (
        found["fits"]
        and found["demotes"]
        and "36 of 36 shared objects began within 15 minutes of times" in found["detail"]
    ), found
    assert finding["tier"] == "described"


def test_what_comes_every_hour_is_a_habit(data, group, find):
    """A bulletin at each full hour of day and night, shared a few minutes later."""
    rows = evenings(data, [24 * day + hour + (1 + (day + hour) % 3) / 60 for day in range(4) for hour in range(24)])
    data.crowd(hours=24 * 4)
    (finding,) = find(data, group(rows))
    found = outcome(finding, "a daily habit")
    assert found["fits"] and "96 of 96 shared objects began within 5 minutes of times" in found["detail"], found
    assert finding["tier"] == "described"


def test_what_goes_on_all_day_is_no_habit(data, group, find):
    rows = evenings(data, [25.0 * k for k in range(20)])
    data.crowd(hours=500)
    (finding,) = find(data, group(rows))
    assert not outcome(finding, "a daily habit")["fits"]


def test_explanations_that_cover_everything_together_demote(data, group, find):
    rows = petition(data, 6) + slogan(data, 6)
    data.crowd()
    (finding,) = find(data, group(rows, needs=5))
    assert not any(e["demotes"] for e in finding["explanations"][:-1])
    assert finding["explanations"][-1]["name"] == "several explanations together"
    assert finding["tier"] == "described"


def test_short_links_are_nobodys_outlet(data, group, find):
    rows = []
    for i in range(10):  # always in the same order
        link = f"https://t.co/{i}"
        rows += data.share("link", link, i * 18000 + OFF_ROUND_S, text=f"look {link}", link=link)
    data.crowd()
    (finding,) = find(data, group(rows))
    assert not outcome(finding, "accounts of one outlet")["fits"]


def test_accounts_that_always_follow_one_order_are_one_outlet(data, group, find):
    """Without handles, the site and a constant order of publication must do."""
    rows = []
    for i in range(10):
        link = f"https://planet.example/{i}"
        rows += data.share("link", link, i * 18000 + OFF_ROUND_S, text=f"story {link}", link=link)
    data.crowd()
    (finding,) = find(data, group(rows))
    assert outcome(finding, "accounts of one outlet")["demotes"]


def test_signing_often_is_running_a_drive(data, group, find):
    rows = []
    for i in range(8):
        rows += data.share(
            "text", f"text:p{i}", i * 18000 + OFF_ROUND_S, text=f"sign the petition {i}", text_object=f"text:p{i}"
        )
    data.crowd()
    (finding,) = find(data, group(rows))
    assert not outcome(finding, "petition or text to pass on")["fits"]


def test_round_minutes_that_everybody_has_explain_nothing(data, group, find):
    rows = round_minutes(data, 10)
    for i in range(200):
        data.add(f"o{i % 60}", i * 900, f"stamped to the quarter of an hour {i}")
    (finding,) = find(data, group(rows))
    assert not outcome(finding, "scheduling at round minutes")["fits"]


def test_bare_data_says_what_it_cannot_test(data, group, find):
    """Minute stamps, no handles, no clients, no links, few hours: never a silent pass."""
    data.precision = "min"
    rows = []
    for i in range(8):
        rows += data.share(
            "text", f"text:{i}", i * 420, step_s=0, text=f"the same words again {i}", text_object=f"text:{i}"
        )
    (finding,) = find(data, group(rows))
    untested = {e["name"]: e["detail"] for e in finding["explanations"] if not e["tested"]}
    assert untested == {
        "share button or headline text": "Could not be tested: this data has no links.",
        "followers of one site": "Could not be tested: this data has no links.",
        "accounts of one outlet": "Could not be tested: this data has no links.",
        "papers of one agency": "Could not be tested: this data has no links.",
        "accounts of one owner": "Could not be tested: this data has no handles and no clients.",
        "automated by own declaration": "Could not be tested: this data has no handles, display names or clients.",
        "breaking news": "Could not be tested: this data has no more than 1 hour with posts.",
        "organisation the user vouches for": "Could not be tested: no file of known organisations was given with --known.",
    }
    assert "8 explanations could not be tested on this data" in finding["sentence"]
    assert "minute" in finding["limits"]
    data.precision = "day"
    data.posts, data.traces = [], []
    rows = data.share("text", "text:1", 0, step_s=0, text="the same words again", text_object="text:1")
    (finding,) = find(data, group(rows))
    assert not outcome(finding, "scheduling at round minutes")["tested"]


def test_known_organisations(data, group, find, tmp_path):
    data.handles |= {"m0": "PlanetNews", "m1": "planet_sport", "m2": "planet_c"}
    rows = data.other_objects(8)
    data.crowd()
    known = tmp_path / "known.csv"

    def tier(text: str) -> tuple[str, dict[str, Any]]:
        known.write_text(text, encoding="utf-8")
        (finding,) = find(data, group(rows), settings=ScanSettings(known_file=str(known)))
        return finding["tier"], outcome(finding, "organisation the user vouches for")

    assert tier("# ours\n@planetnews\nm1\nm3\nPlanet_C\nm4\nm5\n")[0] == "described"
    assert tier("handle,domain\nsomeone,b.example\n") == (
        "observed",
        {
            "name": "organisation the user vouches for",
            "fits": False,
            "detail": "0 of 6 accounts found on the user's list; 0 of 8 shared objects came from there or led to a "
            "site on it.",
            "tested": True,
            "demotes": False,
        },
    )
    rows += data.share("repost", "rx", 99_999, ("m8", "m9", "m8x"), repost_of="rx", author="authorx")
    tier_, found = tier("m0\nm1\nm2\nm3\nm4\nm5\n")
    assert tier_ == "described" and "p = 0.4" in found["detail"]
    for i in range(4):
        rows += data.share("repost", f"ry{i}", 99_999 + i, ("m8", "m9"), repost_of=f"ry{i}", author=f"y{i}")
    tier_, found = tier("m0\nm1\nm2\nm3\nm4\nm5\n")
    assert tier_ == "observed" and found["fits"] and not found["demotes"]


def test_known_domains(data, group, find, tmp_path):
    rows = outlet(data, 8)
    data.handles.clear()
    data.crowd()
    known = tmp_path / "known.txt"
    known.write_text("https://news.planet.co.uk/about\n", encoding="utf-8")
    (finding,) = find(data, group(rows), settings=ScanSettings(known_file=str(known)))
    assert outcome(finding, "organisation the user vouches for")["demotes"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("quakebot", True),
        ("WeatherBot", True),
        ("City feed 3 (automated)", True),
        ("rss_relay", True),
        ("Talbot", False),
        ("abbot_jane", False),
        ("robotics_fan", False),
        ("AutoFan", True),
        ("automobile", False),
        ("feedback", False),
        (None, False),
        ("", False),
    ],
)
def test_what_declares_automation(text, said):
    assert declares(text) is said


def test_families_of_handles():
    assert family({"a": "acme_news", "b": "acmeSport", "c": "ACME-life"}, lambda _: 0.0).accounts == {"a", "b", "c"}
    assert family({"a": "acme_news", "b": "acmeSport"}, lambda _: 0.5) is None
    assert family({"a": "anna", "b": "okafor"}, lambda _: 0.0) is None
    assert family({"a": "eagle123", "b": "eagle456", "c": "eagle9"}, lambda _: 0.0).numbered
    assert family({"a": "newsparis", "b": "sportparis"}, lambda _: 0.0).accounts == {"a", "b"}
    assert family({"a": "realdonnacarter", "b": "reallyquiet"}, lambda _: 0.0) is None


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://a.b.example.com/x", "example.com"),
        ("https://www.planet.co.uk/", "planet.co.uk"),
        ("planet.de", "planet.de"),
        ("https://[::1", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_registrable_domains(url, domain):
    assert registrable_domain(url) == domain


def test_headlines():
    link = "https://paper.example/2026/08/senate-passes-water-bill"
    assert reads_like_headline(f"Senate passes water bill {link}", link)
    assert not reads_like_headline(f"I will never forget what they did to us {link}", link)
    assert not reads_like_headline("water bill", link)
    assert not reads_like_headline("Senate passes water bill", "https://[")


def test_a_few_helpers_who_repeat_everything_are_no_public(data, group, find):
    rows = []
    for i in range(20):
        link = f"https://pushed.example/{i}"
        rows += data.share(
            "link", link, i * 18000 + OFF_ROUND_S, MEMBERS if i % 2 else MEMBERS[::-1], text=f"read {link}", link=link
        )
        for helper in ("o1", "o2"):
            data.add(helper, i * 18000 + 9000, f"again {link}", link=link)
    data.crowd()
    (finding,) = find(data, group(rows))
    found = outcome(finding, "followers of one site")
    assert not found["fits"] and "0 accounts outside the group" in found["detail"]
    assert finding["tier"] == "observed"
