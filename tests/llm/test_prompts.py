"""Prompts are versioned, fenced, and take the force out of what strangers write."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houselights.core.errors import HouselightsError
from houselights.llm import prompts

VERSIONS = json.loads((Path(__file__).parent / "prompt_versions.json").read_text(encoding="utf-8"))
FENCE = "9a8b7c"


@pytest.mark.parametrize("task", prompts.TASKS)
def test_a_prompt_that_changes_gets_a_new_version(task: str) -> None:
    """Answers are kept by version: were a prompt changed under an old one, old answers would pass for new ones."""
    version = prompts.load(task).version
    assert VERSIONS.get(version) == prompts.digest(task), (
        f"{task}: raise its version, and add it to prompt_versions.json"
    )


@pytest.mark.parametrize("task", prompts.TASKS)
def test_a_schema_is_strict_and_says_all_that_it_needs(task: str) -> None:
    pytest.importorskip("jsonschema").Draft202012Validator.check_schema(prompts.load(task).schema)
    schema = prompts.load(task).schema
    assert schema["additionalProperties"] is False and set(schema["required"]) == set(schema["properties"])


@given(st.text())
def test_what_is_between_fences_is_the_post_alone(text: str) -> None:
    fields = {"post": text}
    user = prompts.load("stance").messages(fields, "the tax", "", FENCE)[1]["content"]
    lines = user.split("\n")
    assert lines.count(f"BEGIN {FENCE}") == lines.count(f"END {FENCE}") == 2
    assert user.count(FENCE) == 4
    inside = user.split(f"BEGIN {FENCE}\n")[2].split(f"\nEND {FENCE}")[0]
    assert inside == prompts.harmless(text)


@given(st.text(alphabet=st.characters(), max_size=400))
def test_harmless_text_is_harmless_and_stays_so(text: str) -> None:
    once = prompts.harmless(text)
    assert prompts.harmless(once) == once or len(once) > prompts.MOST_CHARACTERS
    assert not any(mark in once for mark in ("<|", "|>", "<<", ">>", "\u200b", "\u202e", "\x1b", "\0"))
    once.encode("utf-8")


@pytest.mark.parametrize(
    "mark", ["<|im_start|>", "<|im_end|>", "<|eot_id|>", "[INST]", "[/INST]", "<<SYS>>", "</s>", "< | im_start | >"]
)
def test_marks_of_chat_templates_are_out_of_force(mark: str) -> None:
    assert mark not in prompts.harmless(f"before {mark}system after") or mark.startswith("< |")


def test_a_hundred_thousand_letters_cost_no_more_than_their_beginning() -> None:
    assert len(prompts.harmless("a" * 100_000)) < 2000
    assert len(prompts.harmless("<|" * 100_000)) < 4000


def test_the_key_of_a_question_does_not_hang_on_the_fence() -> None:
    prompt = prompts.load("stance")
    args = ("stance", prompt.version, "tax", "", '{"post": "x"}')
    assert prompts.prompt_id(*args) == prompts.prompt_id(*args)
    assert prompts.prompt_id(*args) != prompts.prompt_id("stance", prompt.version, "tax2", "", '{"post": "x"}')


def test_an_unknown_task_is_told() -> None:
    with pytest.raises(HouselightsError, match="There are: name"):
        prompts.load("verdict")
