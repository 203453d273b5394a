"""Real research data, where a copy lies beside the checkout."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the research data are not here")

CASES = [  # path, format, rows read, accepted, precision
    ("format_samples/x_api_v2/noflat.jsonl", "x_api_v2", 101, 100, "s"),
    ("format_samples/x_api_v2/withheld.jsonl", "x_api_v2", 220, 215, "s"),
    ("format_samples/x_api_v2/streaming_output_with_error.jsonl", "x_api_v2", 8, 7, "s"),
    ("coortweet/russian_coord_tweets.csv", "coortweet", 35125, 35085, "s"),
    ("gop_debate_2015/GOP_REL_ONLY.csv", "generic", 13871, 13871, "min"),
    ("airline_2015/Tweets.csv", "generic", 14640, 14640, "min"),
    ("state_trolls/real_test4.csv", "generic", 1000, 999, "s"),
]


@pytest.mark.parametrize("name, format_, n_read, n_accepted, precision", CASES)
def test_sample(read, name: str, format_: str, n_read: int, n_accepted: int, precision: str) -> None:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    report = read(path).report
    source = report.sources[0]
    assert (source.format, report.rows_read, report.rows_accepted, source.precision) == (
        format_,
        n_read,
        n_accepted,
        precision,
    )


def test_edited_posts_meet(read) -> None:
    folder = DATA / "format_samples" / "x_api_v2"
    if not folder.is_dir():
        pytest.skip("the samples are not here")
    before, after = folder / "edited_before.jsonl", folder / "edited_after.jsonl"
    for order in ((before, after), (after, before)):
        reading = read(*order)
        assert len(reading.posts) == 1 and reading.report.rejected_by_rule == {"duplicate_post": 1}
        assert reading.posts[0]["raw_ref"]["file"] == "edited_after.jsonl"
