"""The rules of both tools, written out row by row: slow, plain, and independent of the package."""

import math
import re
from collections import Counter
from itertools import combinations

Share = tuple[str, str, str, int]  # object, account, content, second
Pair = tuple[str, str, str, int, str, str]  # object, content, newer content, seconds, account, newer account


def pairs(shares: list[Share], window: int, minimum: int) -> list[Pair]:
    n_rows = Counter(s[1] for s in shares)
    accounts = dict.fromkeys(s[1] for s in shares if n_rows[s[1]] >= minimum)
    kept = [s for a in accounts for s in shares if s[1] == a]
    found = []
    for o in dict.fromkeys(s[0] for s in kept):
        rows = [s for s in kept if s[0] == o]
        for later in range(len(rows)):
            for earlier in range(later):
                one, other = rows[earlier], rows[later]
                loop = o in (one[2], other[2]) or one[2] == other[2] or one[1] == other[1]
                if abs(one[3] - other[3]) <= window and not loop:
                    found.append((one, other))
    if minimum >= 1:
        contents = {s[2] for pair in found for s in pair}
        rows = [s for s in kept if s[2] in contents]
        n_paired = Counter(s[1] for s in rows)
        qualified = {s[2] for s in rows if n_paired[s[1]] >= minimum}
        found = [p for p in found if p[0][2] in qualified or p[1][2] in qualified]
    out = []
    for one, other in found:
        old, new = (other, one) if one[3] > other[3] else (one, other)
        out.append((old[0], old[2], new[2], new[3] - old[3], old[1], new[1]))
    return out


def quantile(weights: list[int], probability: float) -> float:
    index = (len(weights) - 1) * probability
    low, high = math.floor(index), math.ceil(index)
    ordered = sorted(weights)
    return ordered[low] + (index - low) * (ordered[high] - ordered[low])


def edges(rows: list[Pair], probability: float) -> list[dict[str, object]]:
    by_edge: dict[tuple[str, str], list[Pair]] = {}
    for p in rows:
        by_edge.setdefault((min(p[4], p[5]), max(p[4], p[5])), []).append(p)
    vertices = list(dict.fromkeys([a for a, _ in by_edge] + [b for _, b in by_edge]))
    threshold = quantile([len(v) for v in by_edge.values()], probability) if by_edge else 0
    out = []
    for ends, members in by_edge.items():
        n, n_y = len({p[1] for p in members}), len({p[2] for p in members})
        source, target = sorted(ends, key=vertices.index)
        out.append(
            {
                "from": source,
                "to": target,
                "weight": len(members),
                "avg_time_delta": sum(p[3] for p in members) / len(members),
                "n_content_id": n,
                "n_content_id_y": n_y,
                "edge_symmetry_score": min(n, n_y) / max(n, n_y),
                "object_ids": ",".join(dict.fromkeys(p[0] for p in members)),
                "weight_threshold": int(len(members) > threshold),
            }
        )
    return out


def accounts(rows: list[Pair], network: list[dict[str, object]]) -> list[tuple[str, float, float, int]]:
    out = []
    for name in sorted({str(e[k]) for e in network for k in ("from", "to")}):
        tuples = {(e["avg_time_delta"], e["edge_symmetry_score"]) for e in network if name in (e["from"], e["to"])}
        contents = {p[1] for p in rows if p[4] == name} | {p[2] for p in rows if p[5] == name}
        means = [sum(float(str(t[k])) for t in tuples) / len(tuples) for k in (0, 1)]
        out.append((name, means[0], means[1], len(contents)))
    return out


def groups(network: list[dict[str, object]]) -> list[tuple[str, int]]:
    sources: dict[str, set[object]] = {}
    for e in network:
        pieces = str(e["object_ids"]).split(",")
        for o in pieces if pieces[-1] else pieces[:-1]:
            sources.setdefault(o, set()).add(e["from"])
    return sorted(((o, len(s)) for o, s in sources.items()), key=lambda g: -g[1])


Message = tuple[str, str, str, str, str, float, str]  # message, user, repost, reply, text, second, urls
Act = tuple[str, str, str, float]  # message, user, object, second


def acts(messages: list[Message], kind: str) -> list[Act]:
    if kind == "co_link":
        links: dict[tuple[str, str], Act] = {}
        for message, user, repost, _, _, at, urls in messages:
            for url in urls.split(" ") if not repost else ():
                links.setdefault((message, url), (message, user, url, at))
        return list(links.values())
    first: dict[str, Message] = {}
    for m in messages:
        first.setdefault(m[0], m)
    if kind == "co_retweet":
        return [(m[0], m[1], m[2], m[5]) for m in first.values() if m[2]]
    own = [m for m in first.values() if not m[2]]
    if kind == "co_reply":
        return [(m[0], m[1], m[3], m[5]) for m in own if m[3]]
    return [(m[0], m[1], " ".join(re.sub(r"@\S*", "", m[4].lower()).split()), m[5]) for m in own]


def directed_edges(rows: list[Act], window: float, minimum: int) -> list[tuple[str, str, int]]:
    close: dict[tuple[str, str], set[str]] = {}
    for one, other in combinations(rows, 2):
        if one[2] == other[2] and one[1] != other[1]:
            for a, b in ((one, other), (other, one)):
                if a[3] - window <= b[3] <= a[3] + window:
                    close.setdefault((a[1], b[1]), set()).add(a[0])
    return sorted((a, b, len(m)) for (a, b), m in close.items() if len(m) >= minimum)
