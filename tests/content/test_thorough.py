"""Stage four as it is shipped, with the weights of the embedded model where they are on this machine."""

import pytest

from houselights.content import technique_head
from houselights.llm import weights

pytestmark = pytest.mark.model
SAID = [
    "Freedom now! Power to the people!",
    "Yes to the harbour! Our harbour, our future!",
    "The bridge opens on Monday at nine.",
    "The council will meet again in March, the mayor said.",
]


def test_slogans_are_marked_with_it_and_nothing_else_changes() -> None:
    held = weights.found()
    if held is None:
        pytest.skip("no weights of the embedded model here: houselights models fetch")
    codes = ["en"] * len(SAID)
    without = technique_head.spans(SAID, codes=codes).to_pylist()
    thorough = technique_head.spans(SAID, codes=codes, fourth=held.path).to_pylist()
    added = [r for r in thorough if r not in without]
    assert [r for r in thorough if r not in added] == without
    assert {(r["text_index"], r["technique"]) for r in added} == {(0, "Slogans"), (1, "Slogans")}
