"""Where the accounts of a network stand in its picture: computed here with a seed, so that a RUN has one picture on every screen.

Nothing but who coincided with whom decides where an account stands: neither the order of rows, nor what it is called (the names break ties
among accounts that could change places). Each connected part is laid out by itself, and the parts are set side by side, the largest first.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import igraph
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from houselights.outlets.report.network import own_randomness

MOST_ACCOUNTS, MOST_PAIRS = 2_000, 10_000
PIVOTS = 12  # accounts from which steps are counted for the first rough positions
ROUNDS = 4_000  # of colour refinement for one part, for a bound on the time (2 s); what is still tied then falls to the names
GAP = 1.5  # between parts, in units of the distance of neighbours
ASPECT = 1.6  # width of the picture by its height
DIGITS = 5

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Pair = tuple[str, str, int]


def drawn(pairs: list[Pair]) -> tuple[list[Pair], int]:
    """(the pairs of a picture, how many accounts are left out of it): at most 2,000 accounts, those of most coincidences, and among them at most
    10,000 pairs, the strongest, of which each account keeps at least its strongest one."""
    weight: dict[str, int] = {}
    for a, b, n in pairs:
        weight[a] = weight.get(a, 0) + n
        weight[b] = weight.get(b, 0) + n
    kept = set(sorted(weight, key=lambda a: (-weight[a], a))[:MOST_ACCOUNTS])
    strongest = sorted((p for p in pairs if p[0] in kept and p[1] in kept), key=lambda p: (-p[2], p[0], p[1]))
    first: list[Pair] = []
    rest: list[Pair] = []
    met: set[str] = set()
    for pair in strongest:
        (rest if pair[0] in met and pair[1] in met else first).append(pair)
        met |= set(pair[:2])
    return sorted(first + rest[: MOST_PAIRS - len(first)]), len(weight) - len(kept)


def layout(pairs: pa.Table, accounts: pa.Table, seed: int) -> pa.Table:
    """Positions of a network.

    `pairs`: account_a, account_b (strings, both in `accounts`, no pair twice), weight (a whole number, at least 1). `accounts`: account, role.
    Returns account, x (0 to 1), y (0 to 1/1.6, the same unit), role, sorted by account. The same tables and seed give the same bytes, in
    whatever order their rows come. A renaming gives the same picture under the new names, as far as colour refinement tells accounts apart
    (Weisfeiler and Leman 1968): it fails on some graphs in which every account has the same number of neighbours, and nowhere else we know.
    """
    names = sorted(accounts["account"].to_pylist())
    at = {name: i for i, name in enumerate(names)}
    role_of = dict(zip(accounts["account"].to_pylist(), accounts["role"].to_pylist(), strict=True))
    roles = [role_of[name] for name in names]
    ends = np.array(
        [(at[a], at[b]) for a, b in zip(pairs["account_a"].to_pylist(), pairs["account_b"].to_pylist(), strict=True)],
        dtype=np.int64,
    ).reshape(-1, 2)
    weight = np.asarray(pairs["weight"].to_numpy(), dtype=np.int64)
    whole = igraph.Graph(n=len(names), edges=ends.tolist())
    part_of = np.asarray(whole.connected_components().membership, dtype=np.int64)
    level = np.array([sorted(set(roles)).index(r) for r in roles], dtype=np.int64)
    x, y = np.zeros(len(names)), np.zeros(len(names))
    for members, places in _packed(list(_parts(ends, weight, part_of, level)), seed):
        x[members], y[members] = places[:, 0], places[:, 1]
    return pa.table({"account": pa.array(names, pa.string()), "x": x, "y": y, "role": pa.array(roles, pa.string())})


@dataclass(frozen=True)
class Part:
    """A connected part: its accounts, its pairs as places among them, their weights, and its form, which is equal for equal ones."""

    members: Ints
    pairs: Ints
    weight: Ints
    form: bytes


# -- form: an order of the accounts that does not hang on their names ------------------------------------------------


def _parts(ends: Ints, weight: Ints, part_of: Ints, level: Ints) -> Iterator[Part]:
    """Each connected part, its accounts in the order of their form."""
    sizes = np.bincount(part_of) if len(part_of) else np.zeros(0, dtype=np.int64)
    by_account = np.argsort(part_of, kind="stable")
    by_pair = np.argsort(part_of[ends[:, 0]], kind="stable") if len(ends) else np.zeros(0, dtype=np.int64)
    pair_part = part_of[ends[by_pair, 0]]
    place = np.zeros(len(part_of), dtype=np.int64)
    start = 0
    for part, size in enumerate(sizes.tolist()):
        members = by_account[start : start + size]
        start += size
        low, high = np.searchsorted(pair_part, [part, part + 1])
        own = by_pair[low:high]
        place[members] = np.arange(size)
        inside = place[ends[own]]
        order = _by_form(inside, weight[own], level[members])
        rank = np.empty(size, dtype=np.int64)
        rank[order] = np.arange(size)
        pairs = np.sort(rank[inside], axis=1)
        by_rank = np.lexsort((weight[own], pairs[:, 1], pairs[:, 0]))
        form = level[members[order]].tobytes() + pairs[by_rank].tobytes() + weight[own][by_rank].tobytes()
        yield Part(members[order], pairs[by_rank], weight[own][by_rank], form)


def _by_form(ends: Ints, weight: Ints, level: Ints) -> Ints:
    """Accounts sorted by how they hang together: colour refinement, then one account of a tie set apart and refined again, until no tie is left
    but among accounts with the very same neighbours, which can change places without changing the picture."""
    source, target = np.concatenate([ends, ends[:, ::-1]]).T
    both = np.concatenate([weight, weight])
    colour, left = _refined(level, source, target, both, ROUNDS)
    while left > 0:
        tie = _first_tie(colour, source, target, both)
        if tie is None:
            break
        colour = colour * 2
        colour[tie] -= 1
        colour, left = _refined(colour, source, target, both, left - 1)
    return np.argsort(colour, kind="stable")


def _refined(colour: Ints, source: Ints, target: Ints, weight: Ints, rounds: int) -> tuple[Ints, int]:
    """(colours as ranks, split by the colours and weights around each account until nothing splits, rounds that are left)."""
    n_kinds, colour = _ranked(colour)
    while rounds > 0:
        rounds -= 1
        around = np.zeros(len(colour), dtype=np.uint64)
        np.add.at(around, source, _mixed(colour[target], weight))
        n_finer, finer = _ranked(_mixed(colour, around))
        if n_finer == n_kinds:
            break
        n_kinds, colour = n_finer, finer
    return colour, rounds


def _ranked(colour: Ints | Bits) -> tuple[int, Ints]:
    """(how many different ones, the place of each among them)."""
    kinds, place = np.unique(colour, return_inverse=True)
    return len(kinds), place.astype(np.int64)


def _mixed(a: Ints, b: Ints | Bits) -> Bits:
    """64 bits that look random for each pair of numbers (the finaliser of splitmix64), so that sums of them tell multisets apart."""
    z = a.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + b.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Bits = z ^ (z >> np.uint64(31))
    return mixed


def _first_tie(colour: Ints, source: Ints, target: Ints, weight: Ints) -> int | None:
    """The first account of the first tie whose accounts are not all alike; None where there is none."""
    n = len(colour)
    size = np.bincount(colour, minlength=n)
    inside = colour[source] == colour[target]
    outer = np.zeros(n, dtype=np.uint64)
    np.add.at(outer, source[~inside], _mixed(target[~inside], weight[~inside]))
    degree = np.bincount(source[inside], minlength=n)
    light, heavy = np.full(n, np.iinfo(np.int64).max), np.zeros(n, dtype=np.int64)
    np.minimum.at(light, source[inside], weight[inside])
    np.maximum.at(heavy, source[inside], weight[inside])
    of_tie = np.argsort(colour, kind="stable")
    first = of_tie[np.searchsorted(colour[of_tie], np.arange(n))[colour]]
    alone = degree == 0
    everyone = (degree == size[colour] - 1) & (light == heavy)
    alike = (outer == outer[first]) & (alone | everyone)
    odd = np.flatnonzero(~alike & (size[colour] > 1))
    return None if len(odd) == 0 else int(first[odd[np.argmin(colour[odd])]])


# -- positions -------------------------------------------------------------------------------------------------------


def _packed(parts: list[Part], seed: int) -> Iterator[tuple[Ints, Floats]]:
    """Each part with its positions: in rows, the largest part first, the whole scaled to a width of 1."""
    boxes = []
    for part in sorted(parts, key=lambda p: (-len(p.members), -len(p.pairs), p.form)):
        places = _placed(len(part.members), part.pairs, part.weight, seed)
        boxes.append((part.members, places, places.max(axis=0) + GAP))
    if not boxes:
        return
    wide = max(max(b[2][0] for b in boxes), math.sqrt(ASPECT * sum(float(b[2].prod()) for b in boxes)))
    x = y = tall = right = 0.0
    corners = []
    for _, _, box in boxes:
        if x and x + box[0] > wide:
            x, y, tall = 0.0, y + tall, 0.0
        corners.append((x, y))
        x, tall = x + box[0], max(tall, box[1])
        right = max(right, x)
    scale = max(right - GAP, (y + tall - GAP) * ASPECT, 1e-9)
    for (members, places, _), corner in zip(boxes, corners, strict=True):
        yield members, np.round((places + corner) / scale, DIGITS)


def _placed(n: int, pairs: Ints, weight: Ints, seed: int) -> Floats:
    """Positions of one connected part from (0, 0) on, neighbours about 1 apart."""
    if n == 1:
        return np.zeros((1, 2))
    if n == 2:
        return np.array([[0.0, 0.0], [1.0, 0.0]])
    graph = igraph.Graph(n=n, edges=pairs.tolist())
    ties = np.bincount(pairs.ravel(), minlength=n)
    # an account with few ties is pushed away by all and held by few: without this it would stand far off and leave no room for the others
    pull = (1 + np.log(weight)) * ties.mean() / np.sqrt(ties[pairs[:, 0]] * ties[pairs[:, 1]])
    with own_randomness(seed):
        found = graph.layout_fruchterman_reingold(
            weights=pull.tolist(),
            seed=_rough(graph, seed).tolist(),
            niter=400 if n <= 300 else 120,
            start_temp=math.sqrt(n) / (10 if n <= 300 else 20),
            grid=False,
        )
    places = np.asarray(found.coords, dtype=np.float64)
    places = _upright(places - places.mean(axis=0))
    length = float(np.median(np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1)))
    room = math.sqrt(n) / max(float(np.ptp(places, axis=0).max()), 1e-9)
    places = places * min(1 / max(length, 1e-9), 2 * room)
    moved: Floats = places - places.min(axis=0)
    return moved


def _rough(graph: igraph.Graph, seed: int) -> Floats:
    """First positions: steps to a few accounts far from one another, seen from the two sides that show most of it (high-dimensional embedding,
    Harel and Koren 2002), and a little noise that parts accounts with the same steps."""
    n = graph.vcount()
    steps: list[Floats] = []
    pivot, nearest = 0, np.full(n, np.inf)
    for _ in range(min(PIVOTS, n)):
        steps.append(np.asarray(graph.distances(source=[pivot])[0], dtype=np.float64))
        nearest = np.minimum(nearest, steps[-1])
        pivot = int(np.argmax(nearest))
    seen = np.stack(steps, axis=1)
    seen -= seen.mean(axis=0)
    _, sides = np.linalg.eigh(seen.T @ seen)
    places = seen @ sides[:, ::-1][:, :2]
    if places.shape[1] < 2:
        places = np.concatenate([places, np.zeros((n, 1))], axis=1)
    places *= math.sqrt(n) / max(float(np.ptp(places, axis=0).max()), 1e-9)
    rough: Floats = places + np.random.default_rng(seed).normal(scale=0.3, size=(n, 2))
    return rough


def _upright(places: Floats) -> Floats:
    """Turned so that its longer side lies flat: screens are wide."""
    _, sides = np.linalg.eigh(places.T @ places)
    turned: Floats = places @ sides[:, ::-1]
    return turned
