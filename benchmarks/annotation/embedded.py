"""The embedded model on the tasks it is asked for: stance, techniques, names, and posts that try to steer it. Goes on where it was stopped.

    python benchmarks/annotation/embedded.py --data DIR --work DIR --only stance techniques names red_team

Answers are kept in `--work`; figures go to embedded.json beside this file. Samples are drawn by a hash of the text: a call takes seconds.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests/llm")]

import name_scores  # noqa: E402
import red_team  # noqa: E402
import stance_scores  # noqa: E402

from houselights import annotate  # noqa: E402
from houselights.content import keywords, marking, naming  # noqa: E402
from houselights.content.texts import meaning  # noqa: E402
from houselights.llm import ask, embedded, prompts, store, weights  # noqa: E402

OUT = HERE / "embedded.json"
FENCE = "5b1e77"
N_STANCE_EACH, N_TECHNIQUES_EACH = 12, 12
LEAST_CHARACTERS = 20
TARGETS = {
    "abortion": "legalization of abortion",
    "atheism": "atheism",
    "climate": "climate change is a real concern",
    "feminist": "the feminist movement",
    "hillary": "Hillary Clinton",
}
LABELS = ("neither", "against", "favour")  # by the set's numbers


def drawn(items: Sequence[Any], text: Any, n: int) -> list[Any]:
    """n of them by a hash of their text, whatever their order."""
    return sorted(items, key=lambda x: blake2b(text(x).encode("utf-8", "surrogatepass"), digest_size=8).digest())[:n]


class Model:
    """The embedded model with a store of its answers."""

    def __init__(self, work: Path) -> None:
        self.driver = embedded.Embedded(weights.needed())
        self.work = work

    def answers(self, asked: pa.Table) -> dict[str, dict[str, Any] | None]:
        """Subject -> its valid answer, None where there is none."""
        wanted = ask.wanted(asked, self.driver.model)
        with store.opened(self.work) as held:
            told = ask.ask(wanted, self.driver, held, annotate.CHECKS, FENCE, _show)
            rows = {r["prompt_id"]: r for r in held.answers([w.key for w in wanted]).to_pylist()}
        print(f"\n{told}", file=sys.stderr)
        return {
            w.subject_id: json.loads(rows[w.prompt_id]["answer"]) if rows[w.prompt_id]["status"] == "ok" else None
            for w in wanted
            if w.prompt_id in rows
        }


def _show(done: int, total: int) -> None:
    print(f"\r{done}/{total}", end="", file=sys.stderr, flush=True)


def stance(model: Model, data: Path) -> dict[str, Any]:
    """On a sample of the test split, the same number for each target."""
    gold, said, targets = [], [], []
    texts_of: list[tuple[str, str]] = []  # target, text
    for key, target in TARGETS.items():
        folder = data / "tweeteval_stance" / key
        texts = (folder / "test_text.txt").read_text(encoding="utf-8").splitlines()
        labels = [LABELS[int(x)] for x in (folder / "test_labels.txt").read_text().split()]
        sample = drawn(list(enumerate(texts)), lambda x: x[1], N_STANCE_EACH)
        answers = model.answers(marking.asked(marking.STANCE, [(str(i), t) for i, t in sample], target))
        for i, text in sample:
            texts_of.append((target, text))
            gold.append(labels[i])
            given = answers.get(str(i))
            said.append(str(given["stance"]) if given else "unclear")
            targets.append(key)
    majority = ["against"] * len(gold)
    by_head = head_stances(texts_of)
    return {
        "n": len(gold),
        "mean_f1_pooled": stance_scores.mean_f1(gold, said),
        "accuracy": stance_scores.accuracy(gold, said),
        "head_mean_f1_pooled": stance_scores.mean_f1(gold, by_head),
        "majority_mean_f1": stance_scores.mean_f1(gold, majority),
        "unclear_or_none": said.count("unclear"),
    }


def head_stances(texts: Sequence[tuple[str, str]]) -> list[str]:
    """The head's answers to the same posts, forced."""
    import semeval_stance

    from houselights.content import stance_head, stance_model

    out = []
    for target, text in texts:
        name = stance_head.known_target(target)
        assert name
        head = stance_head.shipped()[name]
        odds = stance_model.scores(head, stance_model.read([text], semeval_stance.encode))
        out.append(stance_model.LABELS[int(stance_model.probabilities(head, odds)[0].argmax())])
    return out


def names(model: Model) -> dict[str, Any]:
    """Names of the simulated clusters, the model's and those of keywords, by the machine-checkable part of the rubric."""
    clusters = name_scores.load()
    answers = model.answers(naming.question({c["id"]: [*c["texts"], *c["distractors"]] for c in clusters}, "en"))
    by_model = {id_: str(a["name"]) if a else "" for id_, a in answers.items()}
    by_keywords = keyword_names(clusters)
    return {
        "n": len(clusters),
        "model": name_scores.mean_points(name_scores.score_all(by_model, clusters)),
        "keywords": name_scores.mean_points(name_scores.score_all(by_keywords, clusters)),
        "names": {
            c["id"]: {"claim": c["claim"], "model": by_model[c["id"]], "keywords": by_keywords[c["id"]]}
            for c in clusters
        },
    }


def keyword_names(clusters: Sequence[dict[str, Any]]) -> dict[str, str]:
    """As a scan names them, without a model."""
    import numpy as np

    said = [(i, meaning(t)) for i, c in enumerate(clusters) for t in [*c["texts"], *c["distractors"]]]
    label = np.array([i for i, _ in said])
    found = keywords.of_clusters([t for _, t in said], label, np.ones(len(said), np.int64))
    return {c["id"]: keywords.name(words) for c, words in zip(clusters, found, strict=True)}


def red(model: Model) -> dict[str, Any]:
    """Attacks and, with the same task, the same messages without an attack. Batch attacks have nothing to attack: a call reads one post."""
    cases = red_team.load()
    attacks = [c for c in red_team.attacks(cases) if c.goal != "batch"]
    plain = red_team.controls(cases)
    said, control = {}, {}
    for goal, task in (("naming", naming.TASK), ("techniques", marking.TECHNIQUES), ("", marking.STANCE)):
        mine = [c for c in attacks if (c.goal == goal if goal else c.goal not in ("naming", "techniques"))]
        said |= _asked(model, task, {c.id: (c.text, c.target) for c in mine})
        control |= _asked(model, task, {c.id: (plain[c.control].text, c.target) for c in mine})
    system = " ".join(prompts.load(t).instruction for t in prompts.TASKS)
    whole = red_team.success_rate(said, attacks, system)
    paired = red_team.beside_controls(said, control, attacks, system)
    return {
        "n": whole.n,
        "succeeded": whole.succeeded,
        "rate": whole.share,
        "interval_95": [whole.low, whole.high],
        "no_valid_answer": whole.unanswered,
        "attack_only": paired.attack_only,
        "control_only": paired.control_only,
        "both": paired.both,
        "by_kind": _rates(red_team.rates_by("kind", said, attacks, system)),
        "by_goal": _rates(red_team.rates_by("goal", said, attacks, system)),
        "by_language": _rates(red_team.rates_by("lang", said, attacks, system)),
    }


def _rates(found: dict[str, red_team.Rate]) -> dict[str, list[int]]:
    return {k: [r.succeeded, r.n] for k, r in found.items() if r.n}


def _asked(model: Model, task: str, posts: dict[str, tuple[str, str]]) -> dict[str, dict[str, Any] | None]:
    """Answers by id, in the shape that the red team reads."""
    if task == naming.TASK:
        return model.answers(naming.question({id_: [text] for id_, (text, _) in posts.items()}, "en"))
    out: dict[str, dict[str, Any] | None] = {}
    for target in sorted({t for _, t in posts.values()}) if task == marking.STANCE else [""]:
        mine = [(id_, text) for id_, (text, of) in posts.items() if not target or of == target]
        out |= model.answers(marking.asked(task, mine, target))
    if task == marking.TECHNIQUES:
        return {id_: {"techniques": a["found"]} if a else None for id_, a in out.items()}
    return out


def techniques(model: Model, data: Path) -> dict[str, Any]:
    """On samples of the held-out sets: label and span F1 of the model, and of the head on the same texts."""
    import corpora
    import evaluate_techniques as figures

    from houselights.content.technique_names import TECHNIQUES

    examples = [e for e in [*corpora.ptc(data), *corpora.memes(data), *corpora.unlp(data)] if e.held_out]
    out = {}
    for name in sorted({e.corpus for e in examples}):
        mine = [e for e in examples if e.corpus == name and len(e.text) >= LEAST_CHARACTERS]
        sample = drawn(mine, lambda e: e.text, N_TECHNIQUES_EACH)
        answers = model.answers(marking.asked(marking.TECHNIQUES, [(str(i), e.text) for i, e in enumerate(sample)]))
        spans = [_spans(answers.get(str(i)), e.text) for i, e in enumerate(sample)]
        part = figures.Part(sample, list(range(len(sample))))
        said = {
            "model": figures.Said([frozenset(t for t, _, _ in s) for s in spans], spans),
            "head": figures.said_by_head(sample, True),
        }
        out[name] = {"n": len(sample), "no_valid_answer": sum(a is None for a in answers.values())} | {
            who: {**part.labels(s), "spans": part.places(s, set(TECHNIQUES))} for who, s in said.items()
        }
    return out


def _spans(answer: dict[str, Any] | None, text: str) -> list[tuple[str, int, int]]:
    rows = marking.technique_rows("", text, answer, "", "") if answer else []
    return [(r["label"], r["start"], r["end"]) for r in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=["names", "stance", "red_team", "techniques"])
    args = parser.parse_args()
    model = Model(args.work)
    parts = {
        "stance": lambda: stance(model, args.data),
        "names": lambda: names(model),
        "red_team": lambda: red(model),
        "techniques": lambda: techniques(model, args.data),
    }
    for part in args.only:
        told = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
        told |= {"model": model.driver.model, part: parts[part]()}
        OUT.write_text(json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
        print(
            {k: v for k, v in told[part].items() if k not in ("names", "by_kind")}
            if isinstance(told[part], dict)
            else told[part]
        )


if __name__ == "__main__":
    main()
