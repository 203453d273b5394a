"""No text of a stranger steers a terminal, a page, a graph file or a spreadsheet."""

import csv
import io
import unicodedata
from html.parser import HTMLParser
from xml.dom import minidom

from hypothesis import given
from hypothesis import strategies as st

from houselights.outlets.hostile import csv_cell, html_marked, html_text, terminal, xml_text
from houselights.outlets.report.evidence import MOST_CHARACTERS, marked

ANY = st.text(st.characters(exclude_categories=()), max_size=60)
DANGEROUS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def dangerous(text: str) -> set[str]:
    return {c for c in text if unicodedata.category(c) in DANGEROUS and c not in "\u200c\u200d"}


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags = "", []

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@given(ANY)
def test_a_terminal_line_holds_no_control_or_direction_character(text: str) -> None:
    assert not dangerous(terminal(text))


@given(ANY)
def test_html_adds_no_element_but_code_points(text: str) -> None:
    reader = Reader()
    reader.feed(html_marked(text))
    reader.close()
    assert all(tag == "span" and attrs == {"class": "code-point"} for tag, attrs in reader.tags)
    assert not dangerous(reader.text.replace("\n", ""))


@given(ANY)
def test_html_attributes_cannot_be_left(text: str) -> None:
    reader = Reader()
    reader.feed(f'<i title="{html_text(text)}">')
    assert [tag for tag, _ in reader.tags] == ["i"]
    assert list(reader.tags[0][1]) == ["title"]


@given(ANY)
def test_xml_is_well_formed(text: str) -> None:
    minidom.parseString(f'<a b="{xml_text(text)}">{xml_text(text)}</a>'.encode())


@given(ANY | st.sampled_from(["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"]))
def test_no_csv_cell_is_a_formula_and_the_text_is_kept(text: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([csv_cell(text), "end"])
    row = next(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert row[1] == "end"
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    clean = text.encode("utf-8", "replace").decode()
    assert row[0] in (clean, "'" + clean)


def test_numbers_stay_numbers() -> None:
    assert csv_cell(-0.5) == "-0.5"
    assert csv_cell(None) == ""


def test_emoji_and_persian_stay_whole() -> None:
    for text in ("👨‍👩‍👧‍👦", "می‌خواهم", "日本語", "🏳️‍🌈"):
        assert terminal(text) == text


def test_what_hides_is_shown() -> None:
    assert terminal("a\u202eb\u200bc\x1b[31m") == "a<U+202E>b<U+200B>c<U+001B>[31m"
    assert terminal("a\u200db") == "a<U+200D>b"


@given(st.text(max_size=80), st.lists(st.tuples(st.integers(-5, 90), st.integers(-5, 90)), max_size=4))
def test_marks_keep_the_text_and_cover_the_spans(text: str, spans: list[tuple[int, int]]) -> None:
    class Marks(HTMLParser):
        inside, chars = False, ""

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.inside = self.inside or tag == "mark"

        def handle_endtag(self, tag: str) -> None:
            self.inside = self.inside and tag != "mark"

        def handle_data(self, data: str) -> None:
            self.chars += data if self.inside else ""

    plain = "".join(c if c.isalnum() or c in "<&>\"' " else "x" for c in text)
    reader, whole = Marks(), Reader()
    for r in (reader, whole):
        r.feed(marked(plain, spans))
        r.close()
    covered = {i for s, e in spans for i in range(max(0, s), min(len(plain), e))}
    assert reader.chars == "".join(plain[i] for i in sorted(covered))
    assert whole.text == plain


def test_a_long_text_is_cut_around_its_first_mark() -> None:
    text = "a" * 5000 + "HERE" + "b" * 5000
    shown = marked(text, [(5000, 5004)])
    assert "<mark>HERE</mark>" in shown
    assert len(shown) < MOST_CHARACTERS + 300
    assert "characters before" in shown and "more characters" in shown
