"""What is estimated, from what, under which assumption, and what would flip it: in words. Nobody's opinion is judged here."""

from collections.abc import Sequence
from typing import Any

NOT_OPINION = (
    "These are shares of posts and of accounts in the data, not of people: who does not post is in none of them. That posts are by a group that acts "
    "together does not show what its members think, who runs them, or that anything they say is untrue."
)
ASSUMPTION_UNMEASURED = (
    "What was found is taken out, each account with the probability that the scan gives it; that nothing was missed is not supposed, "
    "only not known."
)
ASSUMPTION = (
    "The estimate supposes that of a group that was found as many members were missed as of planted ones like it, and that each account counted is a "
    "member with the probability that the scan gives it. Groups that nobody found are in the intervals alone, as often as planted ones are missed."
)
RECALL_UNKNOWN = (
    "How much of such groups a scan of this data finds was not measured, so the shares take out what was found and "
    "nothing more, and the intervals reach to "
    "where half of the groups' posts were missed. "
    "`houselights calibrate RUN`, or --spike-ins 10, measures it."
)


AMONG = {
    "narrative": "the posts that tell one of the narratives",
    "stance": "the posts that a stance was looked for in",
    "hashtag": "the posts with a hashtag",
    "link_domain": "the posts with a link",
    "technique": "the posts in which a technique was marked",
}
AUDITED = (
    "Labels were predicted and are corrected by an audited sample of {n:,} posts: every column counts what people would have "
    "labelled, and the errors of the sample are in the intervals."
)
NOT_AUDITED = (
    "Stances are as they were predicted; their errors are in no interval. `houselights sample RUN` writes a sheet to label, and "
    "--audit reads it."
)
TECHNIQUES = (
    "A technique is marked only where that is likely to be right, in the languages where it could be checked: most uses are not "
    "marked. Compare the groups' posts with all others, not one technique or language with another. A family of techniques, such as "
    "attack on reputation, is counted only where none of its techniques is marked."
)


ALONE = (
    "There is one category alone: its share, 100 % of itself, and the interval around it say nothing; what tells is how many of its "
    "posts are by groups."
)


def topic(told: dict[str, Any], n_posts: int) -> str:
    """Of all posts of the topic, whatever they say."""
    made = told["share_0_1"]
    if not told["has_groups"]:
        return f"None of the {n_posts:,} posts of this topic is by an account of a finding that counts."
    how = "90 % interval" if told["recall_known"] else "if nothing was missed, and if half was"
    least = "An estimated" if told["recall_known"] else "At least about"
    return (
        f"{least} {percent(made['at'])} of all {n_posts:,} posts of this topic ({percent(made['low'])} to {percent(made['high'])}, "
        f"{how}) are by accounts of groups that act together beyond chance."
    )


def labels(dimension: str, n_audited: int, note: str) -> list[str]:
    """How far the labels of posts can be trusted."""
    if dimension == "technique":
        return [TECHNIQUES]
    if dimension != "stance":
        return []
    return [AUDITED.format(n=n_audited) if n_audited else NOT_AUDITED, *([note] if note else [])]


def alone(names: Sequence[str | None]) -> list[str]:
    """Of a dimension with one category."""
    return [ALONE] if len(names) == 1 else []


def dimension(told: dict[str, Any], *, has_groups: bool) -> list[str]:
    out = []
    made, limit = told["manufactured"]["share_0_1"], told["undetected_limit"]
    if not has_groups:
        out.append(
            "No account of a finding posts among these, so nothing is taken out: the organic shares are the apparent ones."
        )
        if limit["posts"] is None:
            out.append(
                "How large a group could be here and not be seen is not known, so the intervals reach from none to all."
            )
        else:
            out.append(
                f"A group of up to {limit['posts']:,.0f} posts ({percent(limit['share_0_1'])} of these) may still be here: one "
                "of the planted tactics "
                "that large is missed with a probability of 5 % or more. The intervals allow for it."
            )
    else:
        what = "90 % interval" if told["recall_known"] else "if nothing was missed, and if half was"
        least = "An estimated" if told["recall_known"] else "At least about"
        out.append(
            f"{least} {percent(made['at'])} of {AMONG[told['dimension']]} ({percent(made['low'])} to {percent(made['high'])}, {what}) are by "
            "accounts of groups that act together beyond chance."
        )
        if limit["posts"] is not None:
            out.append(
                f"One more group of up to {limit['posts']:,.0f} posts ({percent(limit['share_0_1'])}) may have been missed; it "
                "is not in that interval, and "
                "stands in the widest one."
            )
    return out + tipping(told)


def tipping(told: dict[str, Any]) -> list[str]:
    tip = told["tipping_point"]
    if tip is None:
        return []
    out = []
    if tip["leader"] != tip["apparent_leader"]:
        out.append("The category with most posts is not the one with most posts outside the groups.")
    limit = told["undetected_limit"]["share_0_1"]
    reach = ""
    if limit is not None:
        reach = (
            " More than one group could have had and still be missed."
            if tip["share_0_1"] > limit
            else " One group could have had as much and still be missed."
        )
    out.append(
        f"What leads outside the groups would no longer do so if another {percent(tip['share_0_1'])} of the volume, all "
        f"of it on its side, were a group's.{reach}"
    )
    return out


def recall(counted: Sequence[dict[str, Any]], source: str) -> list[str]:
    if source == "unknown":
        return [RECALL_UNKNOWN] if counted else []
    out = []
    for row in counted:
        how = (
            f"a group that {row['words']}"
            if row["words"]
            else "no tactic that was planted, so all of them together were used"
        )
        out.append(
            f"{row['finding_id']} looks like {how}: at its size {row['found']:.0f} of {row['implants']:.0f} planted groups were found, with "
            f"{percent(row['listed_0_1'])} of their {row['listed_of']}."
        )
    return out


def limits(rows: Sequence[dict[str, Any]]) -> list[str]:
    open_ = [r["words"] for r in rows if r["posts"] is None]
    out = []
    if open_:
        out.append(
            "No limit can be given for a group that "
            + "; or ".join(open_)
            + ": planted ones of every size were missed too often, or too few were planted."
        )
    if rows:
        out.append("Every limit is for one group. Several small ones that each escape can add up to more.")
    return out


def percent(share_0_1: float) -> str:
    x = 100 * share_0_1
    return f"{x:.0f} %" if x >= 9.95 or x == 0 else f"{x:.2g} %"
