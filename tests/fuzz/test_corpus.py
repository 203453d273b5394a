"""Everything the fuzzer ever found, and a few fresh changes of each reader's files, end in a sound table or in one sentence."""

import random
from pathlib import Path

import law
import mutations
import pytest
import seeds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CORPUS = Path(__file__).with_name("corpus")
NUMBERS = st.integers(0, 2**32 - 1)
FIXTURE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture(scope="module")
def con():
    return law.connect()


@pytest.mark.parametrize("reader", seeds.READERS)
def test_what_was_found_stays_found(reader: str, con, tmp_path: Path) -> None:
    for path in sorted((CORPUS / reader).glob("*")):
        try:
            con = law.alive(con)
            law.check(con, reader, law.mode_of(path.name), path.read_bytes(), tmp_path / "read")
        except Exception as error:
            raise AssertionError(f"{reader}/{path.name}: {error!r:.300}") from error


def _changed(reader: str, which: int, mode: str, con, folder: Path) -> None:
    rng = random.Random(which)
    data = mutations.mutate(rng.choice(seeds.SEEDS[reader]), reader, rng)
    law.check(law.alive(con), reader, mode, data, folder)


@pytest.mark.parametrize("reader", seeds.READERS)
@settings(max_examples=2, deadline=None, derandomize=True, database=None, suppress_health_check=FIXTURE)
@given(which=NUMBERS, mode=st.sampled_from(law.MODES))
def test_a_changed_file_breaks_nothing(reader: str, which: int, mode: str, con, tmp_path: Path) -> None:
    _changed(reader, which, mode, con, tmp_path / "read")


@pytest.mark.slow
@pytest.mark.parametrize("reader", seeds.READERS)
@settings(max_examples=150, deadline=None, suppress_health_check=FIXTURE)
@given(which=NUMBERS, mode=st.sampled_from(law.MODES))
def test_many_changed_files_break_nothing(reader: str, which: int, mode: str, con, tmp_path: Path) -> None:
    _changed(reader, which, mode, con, tmp_path / "read")


def test_the_seeds_are_sound(con, tmp_path: Path) -> None:
    """A seed that is refused would start the mutations from nowhere."""
    for reader, files in seeds.SEEDS.items():
        con = law.alive(con)
        assert any(law.check(con, reader, "auto", data, tmp_path / "read").accepted for data in files[:1]), reader
