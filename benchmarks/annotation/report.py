"""Writes docs/annotation-quality.md from the figures beside this file: stance.json, techniques.json, embedded.json, name_ratings.json, speed.json."""

import json
from pathlib import Path
from typing import Any

from houselights.content.technique_names import FAMILIES

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/annotation-quality.md"
SETS = {
    "ptc": "SemEval-2020 task 11: held-out English news, by line",
    "semeval2023-fr": "SemEval-2023 task 3: held-out French paragraphs",
    "semeval2023-it": "Italian",
    "semeval2023-ru": "Russian",
    "semeval2023-de": "German",
    "semeval2023-pl": "Polish",
    "memes": "SemEval-2021 task 6: memes, development set",
    "unlp-ru": "UNLP 2025: Telegram posts, Russian (test alone)",
    "unlp-uk": "UNLP 2025: Telegram posts, Ukrainian (test alone)",
    "pooled": "news and memes together",
}


def told(name: str) -> dict[str, Any]:
    path = HERE / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def interval(pair: list[float]) -> str:
    return f"{pair[0]:.2f} to {pair[1]:.2f}"


def table(columns: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(r) + " |" for r in rows)]) + "\n"


def stance(figures: dict[str, Any], small: dict[str, Any]) -> str:
    test = figures["test"]
    rows = []
    for name, key in (
        ("head", "head"),
        ("TF-IDF and logistic regression", "tf-idf and logistic regression"),
        ("most frequent label", "majority"),
    ):
        r = test[key]
        rows.append(
            [
                name,
                "1,249",
                f"{r['pooled']:.3f} ({interval(r['pooled_95'])})",
                f"{r['mean_over_targets']:.3f} ({interval(r['mean_over_targets_95'])})",
                f"{r['accuracy']:.3f}",
            ]
        )
    if small:
        s = small["stance"]
        rows.append(
            [
                f"{small['model']}, on a sample",
                str(s["n"]),
                f"{s['mean_f1_pooled']:.3f}; the head on the same {s['head_mean_f1_pooled']:.3f}, always against {s['majority_mean_f1']:.3f}",
                "",
                f"{s['accuracy']:.3f}",
            ]
        )
    sure = test["head"]["with_abstention"]
    return (
        "## Stance\n\nSemEval-2016 task 6 A (test split of TweetEval), five targets. Mean F1 of favour and against, an answer forced for each post.\n\n"
        + table(["", "posts", "all targets pooled", "mean over targets", "accuracy"], rows)
        + f"\nWhere the head may abstain, as it does when it serves: it answers {sure['coverage']:.0%} of the posts, and {sure['accuracy']:.1%} of these answers are right "
        f"({interval(sure['accuracy_95'])}). For any target but the five it says nothing; one of your own is learned from a labelled sheet ([learning curve](heads-stance.md)).\n"
    )


def _named(label: str) -> str:
    return f"{label} (family)" if label in FAMILIES else label


def techniques(figures: dict[str, Any], small: dict[str, Any]) -> str:
    if not figures:
        return ""
    shown = figures["shown"]
    rows = []
    for t, langs in shown.items():
        r = figures["parts"]["where shown"]["shown"][t]
        rows.append(
            [
                _named(t),
                ", ".join(langs),
                f"{r['support']:,}",
                f"{r['predicted']:,}",
                f"**{r['precision']:.2f}** ({interval(r['precision_95'])})",
                f"{r['recall']:.3f} ({interval(r['recall_95'])})",
            ]
        )
    out = (
        "## Techniques of persuasion\n\nHeld-out articles (30 % by a hash of the article's id), memes of the development set; thresholds from left-out training articles. "
        "Shown is a technique in the languages in which these said that at least three in four marks are right.\n\n"
        + table(["shown", "in", "texts with it", "marked", "precision (95 %)", "recall (95 %)"], rows)
        + "\nA family is marked where one of its techniques is likely, which one cannot be said, and none of them is marked in the text; its recall is of the texts with "
        "any of its techniques.\n"
        + "\nNot shown, anywhere: "
        + ", ".join(t for t in figures["not_shown"] if t not in FAMILIES)
        + "; of families, "
        + ", ".join(t for t in figures["not_shown"] if t in FAMILIES)
        + ".\n"
        + "\nThe same by set:\n\n"
    )
    rows = []
    for t in shown:
        for part, name in SETS.items():
            r = figures["parts"].get(part, {}).get("shown", {}).get(t)
            if r and r["predicted"] and part != "pooled":
                rows.append(
                    [
                        _named(t),
                        name,
                        f"{r['support']:,}",
                        f"{r['predicted']:,}",
                        f"{r['precision']:.2f} ({interval(r['precision_95'])})",
                        f"{r['recall']:.3f}",
                    ]
                )
    out += table(["shown", "set", "texts with it", "marked", "precision (95 %)", "recall"], rows)
    out += "\nLabels and places of all techniques, at the thresholds of their best F1 (`every`). Span F1 by overlap of characters, as SemEval-2020 task 11 scores it.\n\n"
    rows = []
    for part, name in SETS.items():
        p = figures["parts"].get(part)
        if not p:
            continue
        rows.append(
            [
                name,
                f"{p['texts']:,}",
                *(_labels(p[who]) for who in ("head, every", "tfidf", "majority")),
                *(_spans(p[who]) for who in ("head, every", "tfidf", "majority")),
            ]
        )
    out += table(
        [
            "set",
            "texts",
            "micro, macro F1: head",
            "TF-IDF",
            "majority",
            "span F1 (any technique): head",
            "TF-IDF",
            "majority",
        ],
        rows,
    )
    if small:
        out += f"\nOn samples, {small['model']} beside the head on the same texts:\n\n"
        rows = []
        for part, p in small["techniques"].items():
            rows.append(
                [
                    SETS[part],
                    str(p["n"]),
                    _labels(p["model"]),
                    _labels(p["head"]),
                    _spans(p["model"]),
                    _spans(p["head"]),
                    str(p["no_valid_answer"]),
                ]
            )
        out += table(
            [
                "set",
                "texts",
                "micro, macro F1: model",
                "head",
                "span F1 (any technique): model",
                "head",
                "no valid answer",
            ],
            rows,
        )
    return out


def _labels(p: dict[str, Any]) -> str:
    return f"{p['micro_f1']:.3f}, {p['macro_f1']:.3f}"


def _spans(p: dict[str, Any]) -> str:
    s = p["spans"]
    return f"{s['by_technique']['f1']:.3f} ({s['any_technique']['f1']:.3f})" if s else "no places marked"


def names(small: dict[str, Any], ratings: dict[str, Any]) -> str:
    if not small:
        return ""
    n = small["names"]
    out = f"## Names\n\n{n['n']} simulated clusters that no prompt was written on (`benchmarks/annotation/clusters.jsonl`), each with one or two posts of another claim in it.\n\n"
    rows = [["machine-checkable part (0 to 8)", f"{n['model']:.2f}", f"{n['keywords']:.2f}"]]
    for criterion, pair in ratings.get("mean", {}).items():
        rows.append([f"{criterion} (0 to 2)", f"{pair['model']:.2f}", f"{pair['keywords']:.2f}"])
    if ratings:
        rows.append(
            ["**sum (0 to 10)**", f"**{ratings['total']['model']:.2f}**", f"**{ratings['total']['keywords']:.2f}**"]
        )
    out += table(["[rubric](../benchmarks/annotation/rubric.md)", small["model"], "keywords"], rows)
    return out + ("\n" + ratings["how"] + "\n" if ratings else "")


def red_team(small: dict[str, Any]) -> str:
    if not small:
        return ""
    r = small["red_team"]
    out = (
        f"## Posts that try to steer the model\n\n{r['n']} attacks in {len(r['by_kind'])} kinds and {len(r['by_language'])} languages (`tests/llm/red_team.jsonl`), {small['model']}. "
        f"**{r['succeeded']} succeeded: {r['rate']:.1%}** ({r['interval_95'][0]:.1%} to {r['interval_95'][1]:.1%}). The same message without the attack gave the answer that the attacker wanted in "
        f"{r['both'] + r['control_only']} cases, so the attack itself moved {r['attack_only']} and undid {r['control_only']}. {r['no_valid_answer']} got no valid answer.\n\n"
    )
    rows = [
        [kind.replace("_", " "), f"{k} of {n}"]
        for kind, (k, n) in sorted(r["by_kind"].items(), key=lambda i: (-i[1][0] / i[1][1], i[0]))
    ]
    out += table(["kind", "succeeded"], rows)
    goals = ", ".join(f"{g} {k} of {n}" for g, (k, n) in r["by_goal"].items())
    langs = ", ".join(f"{g} {k} of {n}" for g, (k, n) in r["by_language"].items())
    return (
        out
        + f"\nBy goal: {goals}. By language: {langs}. Attacks on other posts of a batch have nothing to attack: a call reads one post.\n"
    )


def speed(figures: dict[str, Any]) -> str:
    rows = []
    if h := figures.get("heads"):
        rows.append(
            [
                f"{h['n_posts']:,} simulated posts through both heads ({h['n_distinct_texts']:,} different texts)",
                f"{h['wall_s']:.0f} s on two cores, {h['cpu_s']:.0f} CPU s",
            ]
        )
    if h := figures.get("heads_of_run"):
        rows.append(
            [
                f"{h['n_posts']:,} {h['about']}, {h['mean_characters']:.0f} characters each",
                f"{h['wall_s']:.0f} s, {h['cpu_s']:.0f} CPU s; 100,000 of such: {h['wall_s'] / h['n_posts'] * 1e5 / 60:.1f} minutes, "
                "as more of them go through the dear stages",
            ]
        )
    if c := figures.get("cached"):
        rows.append([f"{c['n']:,} kept answers joined with their questions", f"{c['wall_s']:.2f} s"])
    if c := figures.get("client"):
        rows.append(
            [
                f"a call at {c['parallel']} parallel ones, in the client",
                f"{c['cpu_ms_per_call']:.1f} CPU ms; {c['wall_ms_per_call_over_ideal']:.1f} ms of wall time over the server's own",
            ]
        )
    return "## Cost\n\n" + table(["", ""], rows)


def main() -> None:
    small = told("embedded")
    parts = [
        "# How good annotation is\n\nWritten by `python benchmarks/annotation/report.py` from the figures in `benchmarks/annotation`; `make bench-annotation` measures them anew. What each part is for and "
        "must not be used for: [annotation](annotation.md), [stance head](heads-stance.md), [technique head](heads-techniques.md).\n",
        stance(told("stance"), small if "stance" in small else {}),
        techniques(told("techniques"), small if "techniques" in small else {}),
        names(small if "names" in small else {}, told("name_ratings")),
        red_team(small if "red_team" in small else {}),
        speed(told("speed")),
    ]
    PAGE.write_text("\n".join(p for p in parts if p), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
