"""Public evaluation sets -> JSON lines for `houselights train`. The sets are not ours to publish: lines are written outside this repository only.

python benchmarks/annotation/as_training_lines.py SET_DIR --out DIR     a second

SET_DIR is a directory of one set, recognised by its files:
  SemEval-2020 task 11 (PTC)      one line a paragraph, group = article: its paragraphs share author and topic
  SemEval-2021 task 6             one line a meme, group = meme; the development part in a file of its own
  SemEval-2016 task 6 (TweetEval) one line a post, group = post, as the set does not say who wrote it (--by-target: group = target, which asks
                                  how well a stance is read towards what was never trained on); the test part in a file of its own
UNLP-2025 is refused: its licence (CC BY-NC-SA) forbids commercial use, so that no model may be trained on it that others may use freely.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
TARGETS = {
    "abortion": "legalisation of abortion",
    "atheism": "atheism",
    "climate": "climate change is a real concern",
    "feminist": "the feminist movement",
    "hillary": "Hillary Clinton",
}
STANCES = ("none", "against", "favour")
Line = dict[str, Any]


def lines_of(folder: Path, by_target: bool = False) -> dict[str, list[Line]]:
    """Name of a part -> its lines. Raises SystemExit with what is wrong."""
    if any(folder.glob("span_detection.parquet")) or _non_commercial(folder):
        raise SystemExit(
            f"{folder}: the licence of this set forbids commercial use. No model for everybody can be trained on it."
        )
    if (folder / "train-articles").is_dir():
        return {"ptc": list(_ptc(folder))}
    if (folder / "training_set_task2.txt").is_file():
        return {f"semeval2021.{name}": list(_memes(folder / f"{name}_set_task2.txt")) for name in ("training", "dev")}
    if (folder / "abortion" / "train_text.txt").is_file():
        parts = {"train": ("train", "val"), "test": ("test",)}
        return {f"stance.{part}": list(_stances(folder, files, by_target)) for part, files in parts.items()}
    raise SystemExit(f"{folder} is none of the sets that this script knows (see --help).")


def _non_commercial(folder: Path) -> bool:
    return any(
        "NonCommercial" in p.read_text("utf-8", "replace") or "BY-NC" in p.read_text("utf-8", "replace")
        for p in folder.glob("LICENSE*")
    )


def _ptc(folder: Path) -> Iterator[Line]:
    for path in sorted((folder / "train-articles").glob("article*.txt")):
        article = path.stem.removeprefix("article")
        text = path.read_bytes().decode("utf-8")  # as it lies there: a changed line end would move every place
        spans = []
        labels = folder / "train-labels-task2-technique-classification" / f"{path.stem}.task2-TC.labels"
        for row in labels.read_text(encoding="utf-8").splitlines() if labels.is_file() else []:
            _, technique, start, end = row.split("\t")
            spans.append((technique, int(start), int(end)))
        for paragraph in re.finditer(r"[^\n]+", text):
            yield from _line(paragraph.group(), spans, article, paragraph.start())


def _memes(path: Path) -> Iterator[Line]:
    for meme in json.loads(path.read_text(encoding="utf-8")):
        spans = [(label["technique"], label["start"], label["end"]) for label in meme["labels"]]
        yield from _line(meme["text"], spans, meme["id"], 0)


def _line(text: str, spans: list[tuple[str, int, int]], group: str, begin: int) -> Iterator[Line]:
    """One line, with the part of each span that lies in it."""
    if not text.strip():
        return
    inside = [(t, max(start - begin, 0), min(end - begin, len(text))) for t, start, end in spans]
    found = [{"technique": t, "start": start, "end": end} for t, start, end in inside if start < end]
    yield {"text": text, "spans": found, "group": group}


def _stances(folder: Path, parts: tuple[str, ...], by_target: bool) -> Iterator[Line]:
    for name, target in TARGETS.items():
        for part in parts:
            texts = (folder / name / f"{part}_text.txt").read_text(encoding="utf-8").strip("\n").split("\n")
            labels = (folder / name / f"{part}_labels.txt").read_text(encoding="utf-8").split()
            for i, (text, label) in enumerate(zip(texts, labels, strict=True)):
                group = target if by_target else f"{name} {part} {i}"
                yield {
                    "text": text.replace("#SemST", "").strip(),
                    "target": target,
                    "label": STANCES[int(label)],
                    "group": group,
                }


def write(folder: Path, out: Path, by_target: bool = False) -> dict[Path, int]:
    """file -> lines. The mark `#SemST`, which the makers of the stance set appended, is taken off."""
    if out.resolve().is_relative_to(REPOSITORY):
        raise SystemExit(f"{out} lies in this repository, which holds nobody's posts. Give --out elsewhere.")
    written = {}
    for name, lines in lines_of(folder, by_target).items():
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{name}.jsonl"
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        written[path] = len(lines)
    return written


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="SET_DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--by-target", action="store_true")
    args = parser.parse_args(argv)
    for path, n in write(args.folder, args.out, args.by_target).items():
        print(f"{path}: {n:,} lines")


if __name__ == "__main__":
    main(sys.argv[1:])
