"""What a model's answer must hold to be believed, task by task."""

from houselights.content import agreement, marking, naming
from houselights.findings import reading

POSTS = ["The toll ruins small shops in Marlund", "shops die from the new toll!!", "These are fake news about the toll"]


def _name(name: str, claim: str = "The toll ruins shops.") -> str:
    return naming.complaint({"name": name, "claim": claim}, {"post": POSTS})


def test_a_name_is_short_and_adds_nothing() -> None:
    assert _name("Toll ruins small shops") == ""
    assert "9 words" in _name("The toll ruins all small shops in old Marlund")
    assert "link" in _name("Toll ruins shops https://x.example")
    assert "link" in _name("Toll ruins shops says @someone")
    assert "'Troll'" in _name("Troll campaign against the toll")
    assert _name("Fake news about the toll") == ""  # the posts say the word themselves
    assert "no words" in _name("...")


def test_a_stance_is_shown_by_words_of_the_post() -> None:
    fields = {"post": POSTS[0]}
    assert marking.stance_complaint({"stance": "against", "quote": "ruins small"}, fields) == ""
    assert "occur" in marking.stance_complaint({"stance": "against", "quote": "destroys"}, fields)
    assert "needs the words" in marking.stance_complaint({"stance": "favour", "quote": " "}, fields)
    assert marking.stance_complaint({"stance": "unclear", "quote": ""}, fields) == ""
    [row] = marking.stance_rows("p", POSTS[0], "toll", {"stance": "against", "quote": "RUINS"}, "m", "v")
    assert (row["quote"], row["label"]) == ("ruins", "against")


def test_quotes_that_are_none_are_dropped() -> None:
    answer = {"found": [{"technique": "Slogans", "quote": "shops die"}, {"technique": "Doubt", "quote": "never said"}]}
    assert marking.techniques_complaint(answer, {"post": POSTS[1]}) == ""
    [row] = marking.technique_rows("p", POSTS[1], answer, "m", "v")
    assert (row["label"], POSTS[1][row["start"] : row["end"]]) == ("Slogans", "shops die")
    assert "None of the quotes" in marking.techniques_complaint(answer, {"post": POSTS[0]})
    assert marking.techniques_complaint({"found": []}, {"post": POSTS[0]}) == ""


def test_a_summary_makes_up_no_number() -> None:
    fields = {
        "finding": "118 accounts shared 606 links, chance gives 46.9 (p = 4.7×10⁻²⁰).",
        "message": ["toll"],
        "post": POSTS,
    }
    good = {
        "did": "118 accounts shared 606 links",
        "says": "that the toll ruins shops",
        "not_shown": "who is behind it",
    }
    assert reading.summary_complaint(good, fields) == ""
    assert "119" in reading.summary_complaint(good | {"did": "119 accounts shared 606 links"}, fields)
    assert "'bots'" in reading.summary_complaint(good | {"did": "118 bots shared 606 links"}, fields)
    text = reading.summarised("F1", good, "m", "v")["text"]
    assert text == "118 accounts shared 606 links. that the toll ruins shops. who is behind it."


def test_yes_to_an_explanation_needs_words() -> None:
    fields = {"post": ["Please sign the petition for the park"]}
    assert reading.explanation_complaint({"fits": "yes", "quote": "sign the petition", "reason": "r"}, fields) == ""
    assert "quoted" in reading.explanation_complaint({"fits": "yes", "quote": "copy this", "reason": "r"}, fields)
    assert reading.explanation_complaint({"fits": "no", "quote": "", "reason": "r"}, fields) == ""


def test_agreement_counts_posts_that_both_read() -> None:
    rows = []
    for i, (head, model) in enumerate(
        [("favour", "favour"), ("against", "favour"), ("against", "against"), ("unclear", "favour")]
    ):
        for label, who in ((head, "head:stance"), (model, "big")):
            rows.append(marking.row(f"p{i}", "stance", "t", label, (0, 0), "x", None, who, "1"))
    rows.append(marking.row("p0", "techniques", "", "Doubt", (0, 1), "x", 0.8, "head:techniques", "1"))
    table = marking.table(rows)
    read = {"stance\0t": {f"p{i}" for i in range(4)}, "techniques\0": {"p0", "p1"}}
    stance, doubt = agreement.between(table, read, ["Doubt"])
    assert (stance["n_posts"], stance["agreement_0_1"]) == (3, 0.6667)
    assert 0 < stance["kappa"] < 1
    assert (doubt["n_posts"], doubt["agreement_0_1"], doubt["label"]) == (2, 0.5, "Doubt")
