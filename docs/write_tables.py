"""Writes docs/tables.md from the declared tables. A test fails while it is out of date."""

from pathlib import Path

import pyarrow as pa

from houselights.core import tables

HEAD = """# Tables of a RUN directory

Generated from `src/houselights/core/tables.py` by `python docs/write_tables.py`. Ids are strings; times are UTC with
microseconds; every table is sorted by the columns named under it, so that the same input, settings and seed give the
same bytes.

Beside these tables a RUN holds `manifest.json` (inputs with their sha256, settings, seed, counts, what was tested and
what was skipped with the reason), `findings.json` (below) and `report.html`.
"""

FINDING_FIELDS = {
    "finding_id": "hash of the members and objects: the same group has the same id in every run",
    "tier": "described, observed, strong or reviewed",
    "resolved": "false: the group passed its test, its single members could not be told apart; nobody is core",
    "channels": "kinds of evidence that confirmed it",
    "n_accounts": "accounts listed (core and periphery, without sources)",
    "n_core": "accounts that passed a test of their own",
    "n_posts": "posts in its evidence",
    "n_objects": "objects that at least two members shared within the window, in both halves",
    "n_accounts_tested": "accounts of the candidate that was tested; the listed ones are those of it that are likely members",
    "n_hours_tested": "hours of the confirming half in which two of them share something; the test takes hours as independent",
    "n_objects_tested": "objects of the confirming half that at least two of them share, however far apart",
    "kinds": "how many of these are links, texts, hashtag sequences, reposts, quotes, replies",
    "first_at": "first post, UTC",
    "last_at": "last post, UTC",
    "observed": "over the tested objects, the sum of the share of member pairs that are close",
    "expected": "the value of that sum by chance",
    "p_value": "of the confirming test",
    "q_value": "after correction over all candidates, windows, directions and rounds",
    "window_s": "how close two posts are, seconds",
    "background": "where the chance level comes from: this data, or the shipped reference profile",
    "sentence": "what was observed, how unusual it is, what was checked",
    "limits": "what it does not show",
    "would_be_wrong_if": "circumstances under which it would mislead although its numbers are right; each ends 'it would be wrong if'",
    "explanations": "innocent explanations: name, tested, fits, demotes, detail",
    "score": "orders findings and does nothing else",
}

OPINION_FIELDS = {
    "topic, target": "what was asked: all, hashtag:TAG, query:WORDS or narrative:ID; of the stance",
    "n_posts, n_accounts": "posts of the topic, and their accounts",
    "draws, seed, level_0_1": "of the intervals",
    "findings": "of tier observed or better: accounts, expected members, the tactic it looks like, spike-ins of it found and planted, and `listed_0_1`, the share that was listed "
    "`listed_of` found ones: of their accounts, as core, or of their posts",
    "labels_from": "digests of the tables that stances and techniques come from: where these have changed, the answer is out of date",
    "manufactured": "of all posts of the topic, whatever they say: those by accounts of groups, in posts and as a share, and a sentence",
    "recall_from": "calibration, spike-ins or unknown",
    "limits_by_tactic": "posts of the largest single group that is missed with a probability of .05 or more; null where there is no limit",
    "dimensions[]": "narrative, stance, hashtag, link_domain, technique: as far as the run has them",
    "dimensions[].categories[]": "category (null: all smaller ones), posts, accounts; shares from 0 to 1: apparent, apparent by accounts, organic, organic by accounts, one voice per "
    "group, plain removal, as predicted (before labels were corrected by an audited sample); `at` is the estimate, `low` and `high` its 90 % interval, `widest_*` the same with one more group undetected; of a population: with a bootstrap over accounts",
    "dimensions[].categories[].manufactured_posts": "posts by members of groups, estimated: at, low, high; in_evidence_posts: those in the evidence of findings, null where labels are corrected",
    "dimensions[].target, labels_by, labels_corrected": "of stances: toward what, who marked the posts, whether an audited sample corrects them",
    "dimensions[].manufactured": "the same over all categories, in posts and as a share of the posts that have one",
    "dimensions[].undetected_limit": "posts and share that one group may have had and still be missed; null where there is no limit",
    "dimensions[].tipping_point": "leader and runner-up outside the groups, who leads apparently, the undetected volume that would change the leader, in how many draws it leads",
    "dimensions[].if_recall_were": "where recall is unknown: the organic shares for a recall of 1 to .2, in the order of the categories",
    "volume": "posts of the topic per bin, and those by accounts of groups, weighted by membership",
    "trends": "per thing that was among the first ten of an hour or a day: probability that it passes without the groups' posts, hours earlier, best place and place without",
    "spread": "posts of groups, their reposts by others, posts of others attributed to them with interval, the same with the groups moved to other days; or left_out: why",
    "sentences": "what this rests on",
}


def text() -> str:
    parts = [HEAD]
    for table in tables.ALL:
        parts.append(f"\n## {table.name}: `{table.file}`\n\n| column | type | null | meaning |\n|---|---|---|---|\n")
        parts += [
            f"| `{c.name}` | {_type(c.type)} | {'yes' if c.nullable else ''} | {c.meaning} |\n" for c in table.columns
        ]
        parts.append(f"\nSorted by {', '.join(f'`{c}`' for c in table.order)}.\n")
    parts.append("\n## findings: `findings.json`\n\nA list, strongest first.\n\n| field | meaning |\n|---|---|\n")
    parts += [f"| `{name}` | {meaning} |\n" for name, meaning in FINDING_FIELDS.items()]
    parts.append(
        "\n## opinion: `opinion.json`\n\n`topics`: a list, one entry per topic that was asked about.\n\n| field | meaning |\n|---|---|\n"
    )
    parts += [f"| `{name}` | {meaning} |\n" for name, meaning in OPINION_FIELDS.items()]
    return "".join(parts)


def _type(type_: pa.DataType) -> str:
    if pa.types.is_struct(type_):
        return "{" + ", ".join(f"{f.name}: {_type(f.type)}" for f in type_) + "}"
    if pa.types.is_list(type_):
        return f"list of {_type(type_.value_type)}"
    return "UTC time" if pa.types.is_timestamp(type_) else {"double": "float"}.get(str(type_), str(type_))


if __name__ == "__main__":
    Path(__file__).with_name("tables.md").write_text(text(), encoding="utf-8")
