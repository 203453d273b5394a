"""The annotated sets as one kind of example: a text, the techniques found in it, and where.

Texts stay where they lie; nothing here is written anywhere. Which articles are held back is a hash of the article's id, so English articles that
two sets share are on one side in both.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import pyarrow.parquet as pq

from houselights.content.technique_names import SEVERAL, TECHNIQUES, families_of, families_unknown, name_of

LANGUAGES = {"en": "en", "fr": "fr", "ge": "de", "it": "it", "po": "pl", "ru": "ru"}
HELD_OUT_TENTHS = 3
Span = tuple[str, int, int]


@dataclass(frozen=True)
class Example:
    """One text. `unknown` are techniques that its set does not annotate; `spans` is None where the set says which, not where."""

    corpus: str  # "ptc", "memes", "semeval2023-fr", "unlp-uk"
    group: str  # article, or the text's own id
    text: str
    labels: frozenset[str]
    unknown: frozenset[str]
    spans: tuple[Span, ...] | None
    held_out: bool

    @property
    def all_labels(self) -> frozenset[str]:
        """Techniques and their families."""
        return self.labels | families_of(self.labels)

    @property
    def all_unknown(self) -> frozenset[str]:
        return self.unknown | families_unknown(self.unknown)

    @property
    def all_spans(self) -> tuple[Span, ...]:
        """Spans of techniques, and the same as spans of their families."""
        spans = self.spans or ()
        return spans + tuple((family, a, b) for t, a, b in spans for family in families_of({t}))

    @property
    def language(self) -> str:
        return self.corpus.rpartition("-")[2] if "-" in self.corpus else "en"

    @property
    def fold(self) -> int:
        return _number(f"fold {self.group}") % 5


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")


def _held_out(article: str) -> bool:
    return _number(f"article {article}") % 10 < HELD_OUT_TENTHS


def _unknown(known: set[str]) -> frozenset[str]:
    return frozenset(TECHNIQUES) - known


def ptc(root: Path) -> list[Example]:
    """SemEval-2020 task 11 (Da San Martino et al. 2020): lines of news articles, which are sentences."""
    fine = _paragraphs_of_articles(root)
    out = []
    for path in sorted((root / "ptc/train-articles").glob("*.txt")):
        article = path.stem.removeprefix("article")
        label_file = root / f"ptc/train-labels-task2-technique-classification/article{article}.task2-TC.labels"
        rows = [line.split("\t") for line in label_file.read_text(encoding="utf-8").splitlines()]
        marks = [(label, int(begin), int(end)) for _, label, begin, end in rows]
        out += list(_lines(article, path.read_text(encoding="utf-8"), marks, fine.get(article, [])))
    return out


_PTC_NEVER = _unknown(
    {
        "Appeal_to_Authority", "Appeal_to_Fear-Prejudice", "Causal_Oversimplification", "Conversation_Killer", "Doubt", "Exaggeration-Minimisation",
        "False_Dilemma-No_Choice", "Flag_Waving", "Loaded_Language", "Name_Calling-Labeling", "Repetition", "Slogans",
        "Appeal_to_Popularity", "Guilt_by_Association", "Whataboutism", "Straw_Man", "Red_Herring", "Appeal_to_Hypocrisy",
    }
)  # fmt: skip


def _lines(article: str, text: str, marks: list[Span], fine: list[tuple[str, frozenset[str]]]) -> Iterator[Example]:
    begin = 0
    for line in text.split("\n"):
        end = begin + len(line)
        if line.strip():
            spans: list[Span] = []
            unknown = set(_PTC_NEVER)
            for label, a, b in marks:
                if a < end and b > begin:
                    where = (max(a, begin) - begin, min(b, end) - begin)
                    if label in SEVERAL:
                        named = _named_by(line, SEVERAL[label], fine)
                        unknown |= set(SEVERAL[label]) - named
                        spans += [(t, *where) for t in sorted(named)]
                    elif name := name_of(label):
                        spans.append((name, *where))
            labels = frozenset(t for t, _, _ in spans)
            yield Example("ptc", article, line, labels, frozenset(unknown - labels), tuple(spans), _held_out(article))
        begin = end + 1


def _named_by(line: str, several: tuple[str, ...], fine: list[tuple[str, frozenset[str]]]) -> set[str]:
    """Which of several techniques the later annotation of the same paragraph names."""
    key = line.strip()[:60]
    return {t for text, labels in fine if key in text for t in labels if t in several}


def _paragraphs_of_articles(root: Path) -> dict[str, list[tuple[str, frozenset[str]]]]:
    out: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for article, text, labels in _rows_2023(root, "en"):
        out.setdefault(article, []).append((text, labels))
    return out


def _rows_2023(root: Path, code: str) -> Iterator[tuple[str, str, frozenset[str]]]:
    stem = root / f"semeval2023/{code}/train-labels-subtask-3"
    labels = {}
    for line in stem.with_suffix(".txt").read_text(encoding="utf-8").split("\n"):
        if line:
            article, number, names = line.split("\t")
            labels[article, number] = frozenset(n for n in names.split(",") if n)
    for line in stem.with_suffix(".template").read_text(encoding="utf-8").split("\n"):
        article, number, text = (*line.split("\t", 2), "", "")[:3]
        if text.strip() and (article, number) in labels:
            yield article, text, labels[article, number]


def semeval2023(root: Path) -> list[Example]:
    """SemEval-2023 task 3, subtask 3: paragraphs of news in six languages; says which techniques, not where."""
    out = []
    for code, language in LANGUAGES.items():
        rows = list(_rows_2023(root, code))
        unknown = _unknown({t for _, _, labels in rows for t in labels})
        for article, text, labels in rows:
            group = article if code == "en" else f"{code}{article}"
            out.append(Example(f"semeval2023-{language}", group, text, labels, unknown, None, _held_out(group)))
    return out


def memes(root: Path) -> list[Example]:
    """SemEval-2021 task 6 (Dimitrov et al. 2021): texts of memes; the development set is held out."""
    out = []
    names = (root / "semeval2021/techniques_list_task1-2.txt").read_text(encoding="utf-8").splitlines()
    unknown = _unknown({t for n in names if (t := name_of(n.strip()) or name_of(n.strip().replace(" ", "_")))})
    for part in ("training", "dev"):
        for meme in json.loads((root / f"semeval2021/{part}_set_task2.txt").read_text(encoding="utf-8")):
            named = [(_meme_name(m["technique"]), m["start"], m["end"]) for m in meme["labels"]]
            spans = tuple((t, a, b) for t, a, b in named if t and b > a)
            labels = frozenset(t for t, _, _ in spans)
            out.append(Example("memes", f"meme{meme['id']}", meme["text"], labels, unknown, spans, part == "dev"))
    return out


def _meme_name(label: str) -> str | None:
    return name_of(label.strip()) or name_of(label.strip().replace(" ", "_"))


def unlp(root: Path) -> list[Example]:
    """UNLP 2025 shared task: Telegram posts. For testing alone. Its spans say where, not which technique, so they are not given by technique."""
    rows = pq.read_table(root / "unlp2025/techniques_classification.parquet").to_pylist()
    known = {t for r in rows for n in r["techniques"] or () if (t := name_of(n))}
    out = []
    for row in rows:
        labels = frozenset(t for n in row["techniques"] or () if (t := name_of(n)))
        out.append(Example(f"unlp-{row['lang']}", row["id"], row["content"], labels, _unknown(known), None, True))
    return out


def trigger_spans(root: Path) -> dict[str, tuple[tuple[int, int], ...]]:
    """Where somebody saw manipulation of any kind in each post of UNLP 2025, by id."""
    rows = pq.read_table(root / "unlp2025/techniques_classification.parquet").to_pylist()
    return {r["id"]: tuple((a, b) for a, b in r["trigger_words"] or ()) for r in rows}


def training(root: Path) -> list[Example]:
    """Everything but what is held out, and UNLP."""
    return [e for e in [*ptc(root), *semeval2023(root), *memes(root)] if not e.held_out and e.text.strip()]
