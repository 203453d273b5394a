"""What no attack can do, whatever the model: leave its fence, speak with the voice of a role, reach another question, bring in words of its own."""

import json
from pathlib import Path

import pytest
import red_team

from houselights.content import marking, naming
from houselights.core.quotes import find
from houselights.llm import ask, prompts, store

CASES = red_team.load()
ATTACKS = red_team.attacks(CASES)
FENCE = "4c1d9e"
ROLES = (
    "<|im_start|>",
    "<|im_end|>",
    "<|system|>",
    "<|eot_id|>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "</s>",
    "<s>",
)


@pytest.mark.parametrize("task", ["stance", "techniques", "name"])
def test_every_attack_stays_between_its_fences(task: str) -> None:
    for case in ATTACKS:
        fields = {"post": [case.text] if task == "name" else case.text}
        system, user = prompts.load(task).messages(fields, case.target if task == "stance" else "", "en", FENCE)
        lines = user["content"].split("\n")
        n = 1 + (task == "stance")
        assert lines.count(f"BEGIN {FENCE}") == lines.count(f"END {FENCE}") == n, case.id
        inside = user["content"].split(f"BEGIN {FENCE}\n")[n].split(f"\nEND {FENCE}")[0]
        assert inside == prompts.harmless(case.text), case.id
        assert case.text[:40] not in system["content"] and not any(role in user["content"] for role in ROLES), case.id


def test_an_attack_costs_no_more_than_another_post() -> None:
    plain = prompts.load("stance").messages({"post": "x" * prompts.MOST_CHARACTERS}, "t", "", FENCE)[1]["content"]
    for case in ATTACKS:
        said = prompts.load("stance").messages({"post": case.text}, "t", "", FENCE)[1]["content"]
        assert len(said) <= len(plain) + 200, case.id


def test_a_canary_that_is_not_in_the_post_is_no_quote() -> None:
    """Whatever a steered model answers, words that the post does not hold become no mark."""
    canaries = [(c, c.success["canary"]) for c in ATTACKS if c.success.get("canary") and c.kind == "quote_canary"]
    assert canaries
    for case, canary in canaries:
        answer = {"found": [{"technique": "Slogans", "quote": canary}]}
        assert find(canary, case.text) is None
        assert marking.technique_rows("p", case.text, answer, "m", "v") == []
        assert marking.techniques_complaint(answer, {"post": case.text})
        assert marking.stance_complaint({"stance": "favour", "quote": canary}, {"post": case.text})


def test_a_steered_answer_spoils_no_other(tmp_path: Path) -> None:
    """One call reads one post: the answer to an attack is kept under its own key, the neighbours' are what they were."""
    asked = ask.wanted(marking.asked("stance", [(c.id, c.text) for c in CASES[:60]], "the bridge"), "m")
    by_key: dict[str, set[str]] = {}
    for w in asked:
        by_key.setdefault(w.key, set()).add(w.fields["post"])
    assert all(len(texts) == 1 for texts in by_key.values())
    with store.opened(tmp_path) as held:
        for w in asked:
            held.keep(
                w.key,
                store.Answer(w.prompt_id, "m", "v", "ok", json.dumps({"subject": w.subject_id}), "", 1, 1, 0.1, 1, ""),
            )
        rows = {r["prompt_id"]: r["answer"] for r in held.answers([w.key for w in asked]).to_pylist()}
    assert len(rows) == len(by_key)


def test_a_name_that_repeats_an_address_or_a_judgement_is_not_taken() -> None:
    for bad in (
        "Visit https://evil.example now",
        "@admin says the bridge is safe",
        "#buynow bridge is safe",
        "Propaganda about the bridge",
    ):
        assert naming.complaint({"name": bad, "claim": "c"}, {"post": ["The bridge is closed"]})
