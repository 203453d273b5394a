"""The sentences about a group: what was observed, how unusual it is, what was checked, and what it does not show.

No account, text, link or any other string of the data goes into them: numbers and our own words only.
"""

from collections.abc import Sequence
from typing import Any

from houselights.findings.casefile import Case
from houselights.findings.explanations import Weighed
from houselights.findings.wording import (
    KIND_NOUNS,
    amount,
    count,
    duration,
    listing,
    percent,
    probability,
    span,
    times_as_many,
)

Facts = dict[str, Any]
NOT_SHOWN = "This does not show who is behind it, that any claim is false, or who runs any of the accounts."


def sentence(case: Case, facts: Facts, weighed: Sequence[Weighed], q: float) -> str:
    """Short first: who, what, how many, how unusual. Then when, the test, the members, the explanations, the limit.

    `facts`: the finding's numbers as in findings.json, with `first_us` and `last_us`, microseconds since 1970,
    UTC."""
    parts = [
        _observed(case, facts, q),
        _when(case, facts),
        _unusual(facts, q),
        _who(facts),
        _verdict(facts, weighed),
        _checked(weighed),
        NOT_SHOWN,
    ]
    return " ".join(p for p in parts if p)


def _observed(case: Case, facts: Facts, q: float) -> str:
    kinds = [count(n, KIND_NOUNS[k]) for k, n in sorted(facts["kinds"].items(), key=lambda kv: (-kv[1], kv[0]))]
    who = count(facts["n_accounts"], "account")
    if not facts["resolved"]:
        who = f"A pool of about {count(_expected_members(case), 'account')}"
    unusual = times_as_many(facts["observed"], facts["expected"]) if facts["q_value"] <= q else ""
    return (
        f"{who} shared {listing(kinds)} within {duration(facts['window_s'])} of each other"
        f"{f', {unusual}' if unusual else ''}."
    )


def _when(case: Case, facts: Facts) -> str:
    when = span(facts["first_us"], facts["last_us"], to_the_day=case.precision == "day")
    return f"That took {count(facts['n_posts'], 'post')}, {when}."


def _unusual(facts: Facts, q: float) -> str:
    """The test counts objects shared at any distance in time, so that its total is not the number of close ones."""
    source = (
        "By the shipped reference profile of ordinary conversations, since this data has too little background of "
        "its own,"
        if facts["background"] == "reference profile"
        else "By the pace of other accounts in this data,"
    )
    whole = abs(facts["observed"] - round(facts["observed"])) < 0.05 or facts["observed"] >= 100
    part = "" if whole else "; where only some of an object's sharers were that close, it counts in part"
    verdict = "under" if facts["q_value"] <= q else "above"
    n_tested = facts["n_accounts_tested"]
    they = "they" if n_tested == facts["n_accounts"] else f"the {count(n_tested, 'account')} it was made of"
    return (
        f"The test uses the half of all hours that had no say in picking these accounts: in "
        f"{count(facts['n_hours_tested'], 'such hour')} {they} came that close on "
        f"{amount(facts['observed'])} of {count(facts['n_objects_tested'], 'shared object')}{part}. {source} chance "
        f"gives {amount(facts['expected'])} (p = {probability(facts['p_value'])}; q = "
        f"{probability(facts['q_value'])} after correction for all that was tried, {verdict} the "
        f"false-discovery rate of {percent(q)} that was set)."
    )


def _who(facts: Facts) -> str:
    if facts["resolved"]:
        core, n = facts["n_core"], facts["n_accounts"]
        if core == n:
            return f"All {n:,} accounts also pass a test of their own."
        return f"{core:,} of the {count(n, 'account')} also {'passes' if core == 1 else 'pass'} a test of their own."
    return "The pool holds coordinated behaviour; its single members are not resolved, so no account is singled out."


def _verdict(facts: Facts, weighed: Sequence[Weighed]) -> str:
    demoting = [w.name for w in weighed if w.demotes]
    if demoting:
        return f"It is described, not held against anyone, because an innocent explanation fits: {listing(demoting)}."
    if facts["tier"] == "described":
        return "It is described only: it did not pass the test at the rate set for this search."
    if facts["tier"] == "strong":
        return "Two independent channels of evidence confirm it on different posts."
    return ""


def _checked(weighed: Sequence[Weighed]) -> str:
    not_fitting = sum(w.tested and not w.fits for w in weighed)
    partly = [w.name for w in weighed if w.fits and not w.demotes]
    untested = sum(not w.tested for w in weighed)
    others = "other innocent" if any(w.fits for w in weighed) else "innocent"
    parts = []
    if partly:
        parts.append(f"Fits, but leaves enough evidence to confirm it: {listing(partly)}.")
    if not_fitting:
        was, do = ("was", "does") if not_fitting == 1 else ("were", "do")
        parts.append(f"{count(not_fitting, f'{others} explanation')} {was} checked and {do} not account for it.")
    if untested:
        parts.append(f"{count(untested, 'explanation')} could not be tested on this data.")
    return " ".join(parts)


def limits(case: Case, facts: Facts) -> str:
    """What the finding does not show, and what the data cannot tell."""
    out = [NOT_SHOWN, "Acting together is not deceiving: movements, fans and newsrooms do it too."]
    if case.precision in ("min", "day"):
        unit = {"min": "minute", "day": "day"}[case.precision]
        out.append(f"Times are known to the {unit} only, so posts of one {unit} cannot be put in order.")
    out.append(
        "Only the posts in this data were seen: in a sample, groups look smaller and shared objects rarer than they "
        "are."
    )
    if not facts["resolved"]:
        out.append(
            f"{percent(_purity(case))} of the {count(facts['n_accounts'], 'listed account')} are expected to belong "
            f"to the pool. It says nothing about any single account: some in the pool are bystanders."
        )
    if facts["background"] == "reference profile":
        out.append("The chance level comes from other conversations than this one.")
    if "narrative" in facts["kinds"]:
        out.append(
            "That posts say the same in other words is the reading of a model of meaning: it takes some unlike posts for alike, "
            "and may miss irony, denial and who is meant."
        )
    return " ".join(out)


def would_be_wrong_if(case: Case, facts: Facts, weighed: Sequence[Weighed]) -> list[str]:
    """Circumstances under which the finding would mislead although its numbers are right: each ends the sentence
    "it would be wrong if"."""
    out = [
        "something reached these accounts at the same moment and hardly anybody else: a push notification, a mailing "
        "list, a scheduling tool, an event on a screen",
        "the posts were collected by searching for what these accounts share, so that the accounts they are compared "
        "with are unlike them",
        "these accounts keep a routine of their own that does not come back at the same times of the day",
        "they are a community whose own things go round within about a minute, although nobody arranges it",
        "they follow a feed that others reach hours later, and each passes it on by a decision of their own",
        "the accounts openly belong together: list them in a file and scan again with --known",
    ]
    if facts["background"] == "reference profile":
        out.append("people in this conversation react faster than those of the reference profile")
    if "narrative" in facts["kinds"]:
        out.append("something these accounts saw made each of them say the same, and hardly anybody else saw it")
    if not all(w.tested for w in weighed):
        out.append("an explanation holds that this data could not test")
    return out


def _expected_members(case: Case) -> int:
    return max(1, round(_purity(case) * len(case.members)))


def _purity(case: Case) -> float:
    """Mean membership probability of the listed members; 1 where none was computed."""
    known = [m.membership_probability for m in case.group.members if m.role != "source"]
    return sum(known) / len(known) if any(known) else 1.0
