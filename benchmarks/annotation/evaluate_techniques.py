"""Scores the shipped model of techniques on texts held back from its training, beside baselines. Writes techniques.json beside this file.

python benchmarks/annotation/evaluate_techniques.py --data DIR     twenty minutes on two cores

Units: `ptc` one line (sentence) of a news article; `semeval2023-*` one paragraph; `memes` the text of a meme; `unlp-*` a whole Telegram post. The
English paragraphs of SemEval-2023 are the lines of `ptc` once more, so `pooled` leaves them out; it leaves out `unlp-*`, too, whose techniques are
defined apart and which nothing was trained or tuned on.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import corpora
import numpy as np
import scores
import technique_baselines as baselines
from technique_baselines import Said

from houselights.content import technique_head
from houselights.content.technique_names import FAMILIES, LABELS, TECHNIQUES

HERE = Path(__file__).parent
UNIT = {"ptc": "line (sentence) of a news article", "memes": "text of a meme"}
ROUNDS = 200


def said_by_head(examples: list[corpora.Example], every: bool) -> Said:
    codes = [e.language for e in examples]
    table = technique_head.spans([e.text for e in examples], None, codes, every, jobs=os.cpu_count() or 1)
    found: list[list[corpora.Span]] = [[] for _ in examples]
    for row in table.to_pylist():
        found[row["text_index"]].append((row["technique"], row["start"], row["end"]))
    return Said([frozenset(t for t, _, _ in spans) for spans in found], found)


class Part:
    """Some of the tested texts, and what is asked about predictions for them."""

    def __init__(self, examples: list[corpora.Example], rows: list[int]):
        self.rows, self.examples = rows, [examples[i] for i in rows]
        self.truth, self.unknown = [e.all_labels for e in self.examples], [e.all_unknown for e in self.examples]
        self.groups = [e.group for e in self.examples]
        self.known = [t for t in LABELS if any(t not in u for u in self.unknown)]

    def by_technique(self, said: Said, names: list[str]) -> dict[str, Any]:
        labels = [said.labels[i] for i in self.rows]
        counts = scores.label_counts(self.truth, labels, self.unknown, [n for n in names if n in self.known])
        return {name: self._row(c, name, labels) for name, c in counts.items()}

    def _row(self, c: scores.Counts, name: str, labels: list[frozenset[str]]) -> dict[str, Any]:
        def f1(rows: np.ndarray) -> float:
            columns = ([values[i] for i in rows.tolist()] for values in (self.truth, labels, self.unknown))
            return scores.label_counts(*columns, [name])[name].f1

        rng = np.random.default_rng(7)
        return {
            "support": c.support, "predicted": c.predicted,
            "precision": _r(c.precision), "precision_95": _r(*c.precision_interval),
            "recall": _r(c.recall), "recall_95": _r(*c.recall_interval),
            "f1": _r(c.f1), "f1_95": _r(*scores.bootstrap(self.groups, f1, rng, ROUNDS)),
        }  # fmt: skip

    def labels(self, said: Said) -> dict[str, Any]:
        """F1 of all techniques of the set together and on average; families are not counted."""
        labels = [said.labels[i] for i in self.rows]
        names = [n for n in self.known if n in TECHNIQUES]
        counts = scores.label_counts(self.truth, labels, self.unknown, names)
        each = [
            scores.label_counts([t], [p], [u], names).values()
            for t, p, u in zip(self.truth, labels, self.unknown, strict=True)
        ]
        table = np.array(
            [
                [sum(c.true_positive for c in row), sum(c.predicted for c in row), sum(c.support for c in row)]
                for row in each
            ]
        )

        def micro(rows: np.ndarray) -> float:
            tp, predicted, support = table[rows].sum(0)
            return float(2 * tp / max(predicted + support, 1))

        interval = scores.bootstrap(self.groups, micro, np.random.default_rng(7), ROUNDS)
        return {
            "micro_f1": _r(scores.micro_f1(counts.values())),
            "micro_f1_95": _r(*interval),
            "macro_f1": _r(scores.macro_f1(counts.values())),
        }

    def places(self, said: Said, only: set[str]) -> dict[str, Any] | None:
        """Overlap of spans, by technique and whatever the technique; None where the set does not say where."""
        if any(e.spans is None for e in self.examples):
            return None
        truth = [[s for s in e.all_spans if s[0] in only] for e in self.examples]
        found = [
            [s for s in said.spans[i] if s[0] in only and s[0] not in u]
            for i, u in zip(self.rows, self.unknown, strict=True)
        ]
        named = scores.span_score(truth, found)
        any_name = scores.span_score([scores.unnamed(t) for t in truth], [scores.unnamed(f) for f in found])
        return {"by_technique": _span_row(named), "any_technique": _span_row(any_name)}


def _span_row(s: scores.SpanScore) -> dict[str, Any]:
    return {
        "precision": _r(s.precision),
        "recall": _r(s.recall),
        "f1": _r(s.f1),
        "predicted": s.n_predicted,
        "true": s.n_true,
    }


def _r(*values: float) -> Any:
    rounded = [round(v, 3) for v in values]
    return rounded[0] if len(rounded) == 1 else rounded


def parts_of(examples: list[corpora.Example]) -> dict[str, Part]:
    names = sorted({e.corpus for e in examples})
    rows = {name: [i for i, e in enumerate(examples) if e.corpus == name] for name in names}
    rows["pooled"] = [i for i, e in enumerate(examples) if not e.corpus.startswith(("unlp", "semeval2023-en"))]
    return {name: Part(examples, r) for name, r in rows.items()}


def trigger_places(said: Said, part: Part, root: Path) -> dict[str, Any]:
    """On Telegram posts: places of any technique against places where annotators saw any manipulation."""
    where = corpora.trigger_spans(root)
    truth = [[("", a, b) for a, b in where[e.group]] for e in part.examples]
    return _span_row(scores.span_score(truth, [scores.unnamed(said.spans[i]) for i in part.rows]))


def where_shown(examples: list[corpora.Example], said: Said) -> dict[str, Any]:
    """Each shown technique over the texts of the languages in which it is shown. English paragraphs are the news lines once more, and Telegram
    posts stand apart."""
    out = {}
    for technique, langs in technique_head.shown().items():
        rows = [
            i
            for i, e in enumerate(examples)
            if e.language in langs and not e.corpus.startswith(("unlp", "semeval2023-en"))
        ]
        out |= Part(examples, rows).by_technique(said, [technique])
    return out


def report(examples: list[corpora.Example], said: dict[str, Said], root: Path) -> dict[str, Any]:
    shown = sorted(technique_head.shown())
    out: dict[str, Any] = {
        "shown": technique_head.shown(),
        "not_shown": [t for t in LABELS if t not in shown],
        "parts": {"where shown": {"shown": where_shown(examples, said["head, shown"])}},
    }
    for name, part in parts_of(examples).items():
        row: dict[str, Any] = {
            "unit": UNIT.get(
                name, "post" if name.startswith("unlp") else "paragraph" if name != "pooled" else "as in each set"
            ),
            "texts": len(part.rows),
            "shown": part.by_technique(said["head, shown"], shown),
            "shown, by TF-IDF at the same rule": part.by_technique(
                said["tfidf, sure"], [t for t in shown if t in TECHNIQUES]
            ),
            "every": part.by_technique(said["head, every"], list(LABELS)),
        }
        if places := part.places(said["head, shown"], set(shown) - set(FAMILIES)):
            row["spans of shown techniques"] = places
        for who in ("head, every", "majority", "tfidf"):
            row[who] = {**part.labels(said[who]), "spans": part.places(said[who], set(TECHNIQUES))}
        if name.startswith("unlp"):
            row["spans of any manipulation"] = {who: trigger_places(s, part, root) for who, s in said.items()}
        out["parts"][name] = row
    return out


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    root = given.data
    tested = [
        e for e in [*corpora.ptc(root), *corpora.semeval2023(root), *corpora.memes(root)] if e.held_out
    ] + corpora.unlp(root)
    training = corpora.training(root)
    wide, sure = baselines.tfidf(training, tested)
    said = {
        "head, shown": said_by_head(tested, False),
        "head, every": said_by_head(tested, True),
        "majority": baselines.majority(training, tested),
        "tfidf": wide,
        "tfidf, sure": sure,
    }
    (HERE / "techniques.json").write_text(json.dumps(report(tested, said, root), indent=1) + "\n")


if __name__ == "__main__":
    main()
