"""How far labels of a head or a model can be trusted on this data: a blind sample for a person to label, and what the labels say about the rest.

The sample is stratified by predicted label, language and whether the post is a finding's. Shares are then corrected by design, whatever
the errors of the labels are: the estimate of every share rests on the hand-labelled posts, weighted by their inclusion probabilities
(Horvitz and Thompson 1952; Egami et al. 2023, arXiv 2306.04746), and predictions only make it sharper.
"""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import stats

from houselights.content.write import write_table
from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.tables import ANNOTATIONS, CONFUSION, EVIDENCE, LANGUAGES, POSTS, SAMPLE

STANCE, TECHNIQUES = "stance", "techniques"
LABELS = {STANCE: ("favour", "against", "neither", "unclear"), TECHNIQUES: ("yes", "no")}
LEAST_IN_STRATUM = 4
"""Smaller strata have no spread that could be told; they are joined with others of the same predicted label, then with all."""
COLUMNS = ("row", "text", "label")


@dataclass(frozen=True)
class Share:
    """Of all posts in own words: predicted, and as the hand labels say, with its interval."""

    label: str
    predicted_0_1: float
    corrected_0_1: float
    low_0_1: float
    high_0_1: float


@dataclass(frozen=True)
class Audit:
    task: str
    target: str
    n_sheet: int
    n_labelled: int
    agreement_0_1: float  # weighted: of all posts, not of the sheet
    shares: list[Share]
    by_language: list[dict[str, Any]]


def draw(con: duckdb.DuckDBPyConnection, run_dir: Path, task: str, target: str, n: int, seed: int) -> pa.Table:
    """The `sample` table, written into the RUN: n posts, their strata and inclusion probabilities.

    Raises HouselightsError where nothing is marked."""
    posts = _predicted(con, run_dir, task, target)
    if not posts:
        raise HouselightsError(f"{run_dir} has no post in own words.")
    strata = _strata(posts)
    take = _allocated({s: len(p) for s, p in strata.items()}, min(n, len(posts)))
    rows = []
    for name, members in strata.items():
        members.sort(key=lambda p: blake2b(f"{seed} {p['post_id']}".encode("utf-8", "surrogatepass")).digest())
        for post in members[: take[name]]:
            rows.append(
                {
                    "row": _row_id(seed, str(post["post_id"])),
                    "post_id": post["post_id"],
                    "task": task,
                    "target": target,
                    "model": post["model"],
                    "predicted": post["predicted"],
                    "lang": post["lang"],
                    "found": post["found"],
                    "stratum": name,
                    "n_stratum": len(members),
                    "inclusion_probability": take[name] / len(members),
                }
            )
    table = pa.Table.from_pylist(sorted(rows, key=lambda r: r["row"]), schema=SAMPLE.schema)
    write_table(run_dir, SAMPLE, table)
    return table


def _row_id(seed: int, post_id: str) -> str:
    return blake2b(f"row {seed} {post_id}".encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


_PREDICTED = """
WITH own AS (SELECT DISTINCT post_id FROM read_parquet({posts}) WHERE kind <> 'repost' AND trim("text") <> ''),
marked AS (
    SELECT post_id, model, label FROM read_parquet({marks}) WHERE task = $task AND (
        ($task = 'stance' AND target = $target) OR ($task = 'techniques' AND label = $target))
    QUALIFY row_number() OVER (PARTITION BY post_id ORDER BY starts_with(model, 'head:'), model) = 1
)
SELECT o.post_id, coalesce(m.model, '') AS model, m.label, coalesce(l.lang, p.lang, 'und') AS lang, e.post_id IS NOT NULL AS found
FROM own o JOIN (SELECT post_id, any_value(lang) AS lang FROM read_parquet({posts}) GROUP BY 1) p USING (post_id)
LEFT JOIN marked m USING (post_id) LEFT JOIN read_parquet({languages}) l USING (post_id)
LEFT JOIN (SELECT post_id_a AS post_id FROM read_parquet({evidence}) UNION SELECT post_id_b FROM read_parquet({evidence})) e USING (post_id)
ORDER BY o.post_id
"""


def _predicted(con: duckdb.DuckDBPyConnection, run_dir: Path, task: str, target: str) -> list[dict[str, Any]]:
    """Posts in own words with the label that a model, else a head, gave them; one that nobody marked counts as 'unclear', or as 'no'."""
    if not (run_dir / ANNOTATIONS.file).is_file():
        raise HouselightsError(f"{run_dir} has no annotations to check: run houselights annotate {run_dir} first.")
    files = {
        "posts": in_sql(run_dir / POSTS.file),
        "marks": in_sql(run_dir / ANNOTATIONS.file),
        "languages": in_sql(run_dir / LANGUAGES.file),
        "evidence": in_sql(run_dir / EVIDENCE.file),
    }
    found = con.sql(_PREDICTED.format(**files), params={"task": task, "target": target}).to_arrow_table()
    rows: list[dict[str, Any]] = found.to_pylist()
    if not any(r["label"] for r in rows):
        what = f"--target {target!r} of the annotations" if task == STANCE else f"the technique {target!r}"
        raise HouselightsError(f"no post is marked for {task} and {what}: run houselights annotate with it first.")
    for r in rows:
        r["predicted"] = (r["label"] or "unclear") if task == STANCE else ("yes" if r["label"] else "no")
    return rows


def _strata(posts: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """By predicted label, language and finding; small ones joined, first over languages and findings, then with all."""
    fine: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for p in posts:
        fine[p["predicted"], p["lang"], "found" if p["found"] else "other"].append(p)
    out: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for key in sorted(fine):
        name = " ".join(key) if len(fine[key]) >= LEAST_IN_STRATUM else key[0]
        out[name] += fine[key]
    small = [k for k in out if len(out[k]) < LEAST_IN_STRATUM]
    if small and len(out) > 1:
        big = max(out, key=lambda k: len(out[k]))
        for k in small:
            if k != big:
                out[big] += out.pop(k)
    return dict(out)


def _allocated(sizes: dict[str, int], n: int) -> dict[str, int]:
    """Posts to draw from each stratum: the same number from each as far as they reach, at least two."""
    take = {s: min(2, size) for s, size in sizes.items()}
    left = n - sum(take.values())
    while left > 0 and any(take[s] < sizes[s] for s in sizes):
        for s in sorted(sizes, key=lambda s: (take[s], s)):
            if left > 0 and take[s] < sizes[s]:
                take[s] += 1
                left -= 1
    return take


def write_sheet(con: duckdb.DuckDBPyConnection, run_dir: Path, sample: pa.Table, path: Path) -> None:
    """A CSV to fill in: no account, no finding, no predicted label, in an order that tells nothing."""
    texts = dict(
        con.execute(
            f'SELECT post_id, any_value("text") FROM read_parquet({in_sql(run_dir / POSTS.file)}) WHERE list_contains($ids, post_id) GROUP BY 1',
            {"ids": sample["post_id"].to_pylist()},
        ).fetchall()
    )
    beside = path.with_name(path.name + ".part")
    with beside.open("w", encoding="utf-8-sig", newline="", errors="replace") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for row, post_id in zip(sample["row"].to_pylist(), sample["post_id"].to_pylist(), strict=True):
            text = str(texts[post_id]).replace("\0", "")
            writer.writerow((row, "'" + text if text[:1] in "=+-@\t\r" else text, ""))  # no formula for a spreadsheet
    beside.replace(path)


def read_back(run_dir: Path, path: Path) -> Audit:
    """What the filled-in sheet says, `confusion` written into the RUN. Raises HouselightsError naming the line of a label that is none."""
    if not (run_dir / SAMPLE.file).is_file():
        raise HouselightsError(f"{run_dir} has no sample: draw one with houselights sample {run_dir}.")
    sample = pq.read_table(run_dir / SAMPLE.file).to_pylist()
    task, target = str(sample[0]["task"]), str(sample[0]["target"])
    given = _labels(path, task)
    unknown = set(given) - {r["row"] for r in sample}
    if unknown:
        raise HouselightsError(
            f"{path}: row {min(unknown)} is none of the sample of {run_dir}. Is it the sheet of another RUN or draw?"
        )
    labelled = [r | {"labelled": given[r["row"]]} for r in sample if r["row"] in given]
    if len(labelled) < 2 * LEAST_IN_STRATUM:
        raise HouselightsError(
            f"{path}: {len(labelled)} rows have a label; at least {2 * LEAST_IN_STRATUM} are needed."
        )
    weights = _weights(sample, labelled)
    write_table(run_dir, CONFUSION, _confusion(labelled, weights))
    right = np.array([r["labelled"] == r["predicted"] for r in labelled])
    return Audit(
        task,
        target,
        len(sample),
        len(labelled),
        float(weights @ right / weights.sum()),
        [_share(label, sample, labelled, weights) for label in LABELS[task]],
        _languages(labelled, weights),
    )


def labels_of_posts(run_dir: Path, path: Path) -> tuple[str, str, dict[str, str]]:
    """(task, target, post id -> label) of a filled-in sheet."""
    sample = pq.read_table(run_dir / SAMPLE.file).to_pylist()
    given = _labels(path, str(sample[0]["task"]))
    return (
        str(sample[0]["task"]),
        str(sample[0]["target"]),
        {str(r["post_id"]): given[r["row"]] for r in sample if r["row"] in given},
    )


def _labels(path: Path, task: str) -> dict[str, str]:
    out: dict[str, str] = {}
    allowed = LABELS[task]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [c for c in ("row", "label") if c not in (reader.fieldnames or ())]
            if missing:
                raise HouselightsError(
                    f"{path}: column {missing[0]!r} is missing. Fill in the sheet that `sample` wrote, and keep its columns."
                )
            for line in reader:
                label = (line["label"] or "").strip().lower()
                if label and label not in allowed:
                    raise HouselightsError(
                        f"{path}, line {reader.line_num:,}: the label {label[:40]!r} is none. Allowed: {', '.join(allowed)}."
                    )
                if label:
                    out[str(line["row"]).strip()] = label
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise HouselightsError(f"{path} cannot be read ({error}). Save it as CSV, UTF-8.") from error
    return out


def _weights(sample: Sequence[dict[str, Any]], labelled: Sequence[dict[str, Any]]) -> np.ndarray[Any, Any]:
    """Posts that each labelled one stands for: its stratum's posts over its labelled ones, so that rows left empty are taken as left by chance."""
    n_labelled: dict[str, int] = defaultdict(int)
    for r in labelled:
        n_labelled[r["stratum"]] += 1
    return np.array([r["n_stratum"] / n_labelled[r["stratum"]] for r in labelled], float)


def _share(
    label: str, sample: Sequence[dict[str, Any]], labelled: Sequence[dict[str, Any]], weights: np.ndarray[Any, Any]
) -> Share:
    """Stratified mean and its 90 % interval, with the finite-population factor (Cochran 1977, 5.3); strata of one labelled post borrow the spread
    of all."""
    strata: dict[str, list[int]] = defaultdict(list)
    for i, r in enumerate(labelled):
        strata[r["stratum"]].append(i)
    hit = np.array([r["labelled"] == label for r in labelled], float)
    total = sum(labelled[rows[0]]["n_stratum"] for rows in strata.values())
    share = float(weights @ hit / weights.sum())
    overall = max(share * (1 - share), 0.25 / len(labelled))
    variance = 0.0
    for rows in strata.values():
        size, n = labelled[rows[0]]["n_stratum"], len(rows)
        mean = (hit[rows].sum() + share) / (n + 1)  # an even stratum is not thought to be without spread
        spread = mean * (1 - mean) * n / (n - 1) if n > 1 else overall
        variance += (size / total) ** 2 * (1 - n / size) * spread / n
    predicted = _predicted_share(label, sample)
    low, high = _interval(share, variance, len(labelled))
    return Share(label, predicted, share, low, high)


def _interval(share: float, variance: float, n: int) -> tuple[float, float]:
    """90 %, Wilson's form (1927) with the effective number of labels."""
    if variance <= 0:
        return share, share
    p = min(max(share, 0.5 / n), 1 - 0.5 / n)
    effective = p * (1 - p) / variance
    z = float(stats.norm.ppf(0.95))
    centre = (share + z * z / (2 * effective)) / (1 + z * z / effective)
    half = z * np.sqrt(share * (1 - share) / effective + z * z / (4 * effective**2)) / (1 + z * z / effective)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def _predicted_share(label: str, sample: Sequence[dict[str, Any]]) -> float:
    """Of all posts: every row stands for 1 / its inclusion probability."""
    weight = np.array([1 / r["inclusion_probability"] for r in sample])
    return float(weight @ np.array([r["predicted"] == label for r in sample]) / weight.sum())


def _confusion(labelled: Sequence[dict[str, Any]], weights: np.ndarray[Any, Any]) -> pa.Table:
    """Effective numbers are those of Kish (1965): the square of the summed weights over the sum of their squares, of all rows with the same
    prediction, so that those of its labels add up to it."""
    n: dict[tuple[Any, ...], int] = defaultdict(int)
    mass: dict[tuple[Any, ...], float] = defaultdict(float)
    of_prediction: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for r, w in zip(labelled, weights.tolist(), strict=True):
        for lang in ("all", r["lang"]):
            key = (r["task"], r["target"], r["model"], lang, r["predicted"], r["found"])
            n[*key, r["labelled"]] += 1
            mass[*key, r["labelled"]] += w
            of_prediction[key].append(w)
    names = ("task", "target", "model", "lang", "predicted", "found", "labelled")
    rows = []
    for key in sorted(n):
        whole = np.array(of_prediction[key[:-1]])
        part = mass[key] / whole.sum() * effective_number(whole)
        rows.append(dict(zip(names, key, strict=True)) | {"n": n[key], "weight": mass[key], "n_effective": part})
    return pa.Table.from_pylist(rows, schema=CONFUSION.schema)


def effective_number(weights: np.ndarray[Any, Any]) -> float:
    """Kish (1965): as many observations of equal weight tell as much."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def _languages(labelled: Sequence[dict[str, Any]], weights: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for i, r in enumerate(labelled):
        rows[r["lang"]].append(i)
    out = []
    for lang, at in sorted(rows.items(), key=lambda item: (-len(item[1]), item[0])):
        right = np.array([labelled[i]["labelled"] == labelled[i]["predicted"] for i in at], float)
        out.append(
            {"lang": lang, "n": len(at), "agreement_0_1": round(float(weights[at] @ right / weights[at].sum()), 4)}
        )
    return out
