"""Shuffles keep what they say they keep, and nobody acts together in them."""

from collections import Counter
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from houselights.calibrate import shuffles, uniformity
from houselights.core.settings import EvidenceSettings
from houselights.kernels import cells as kernel
from houselights.worlds import CampaignSpec, WorldSettings

WINDOWS_S = [60.0, 600.0]


@pytest.fixture(scope="module")
def world(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    ring = CampaignSpec("own_content_ring", 20, 20, 60.0)
    settings = WorldSettings(n_accounts=700, n_days=6, campaigns=(ring,))
    return made.of_world(settings, 1, tmp_path_factory.mktemp("world"))[0]


def test_an_exchange_within_cells_keeps_objects_times_and_who_is_in_which_cell(world: Any) -> None:
    e = world
    shuffled = shuffles.within_cells(e, 60.0, np.random.default_rng(1))
    assert np.array_equal(shuffled.at_us, e.at_us) and np.array_equal(shuffled.start, e.start)
    cell, *_ = kernel.assign_cells(
        e.start, e.at_us, e.source_us, np.ones(len(e.account), np.bool_), e.sitting, 60_000_000
    )
    before, after = (Counter(zip(cell.tolist(), a.tolist(), strict=True)) for a in (e.account, shuffled.account))
    assert before == after
    assert (shuffled.account != e.account).any()


def test_an_exchange_across_objects_keeps_how_much_everybody_does_in_every_hour(world: Any) -> None:
    e = world
    shuffled = shuffles.across_objects(e, np.random.default_rng(2))
    for unit in range(len(shuffled.size)):
        accounts = shuffled.account[shuffled.start[unit] : shuffled.start[unit + 1]]
        assert len(set(accounts.tolist())) == len(accounts) >= 2
    before = Counter(zip(e.account.tolist(), e.sitting.tolist(), strict=True))
    after = Counter(zip(shuffled.account.tolist(), shuffled.sitting.tolist(), strict=True))
    assert all(n <= before[key] for key, n in after.items())  # who came to hold an object twice keeps one
    assert sum(after.values()) > 0.8 * sum(before.values())
    at = dict(zip(e.post.tolist(), e.at_us.tolist(), strict=True))
    assert all(at[p] == t for p, t in zip(shuffled.post.tolist(), shuffled.at_us.tolist(), strict=True))


def test_the_ring_is_found_before_and_nothing_after(world: Any) -> None:
    e, settings = world, EvidenceSettings(windows_s=tuple(WINDOWS_S))
    nobody = np.zeros(e.n_accounts, np.bool_)
    assert len(shuffles.rounds(e, WINDOWS_S, settings)[0]) >= 1
    assert sum(shuffles.draw(e, nobody, "across_objects", WINDOWS_S, settings, 0, k) for k in range(4)) == 0


def test_a_shuffle_is_a_function_of_its_seed_and_number(world: Any) -> None:
    one, same, other = (shuffles.across_objects(world, np.random.default_rng(k)).account for k in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_p_values_of_pairs_are_uniform_where_accounts_are_exchangeable(world: Any) -> None:
    shuffled = shuffles.within_cells(world, 60.0, np.random.default_rng(3))
    found = uniformity.pairs(shuffled, 60.0, 0)
    assert found["pairs"] > 200 and sum(found["histogram"]) == found["pairs"]
    assert found["ks_distance"] < 0.1
    [at_5] = [x for x in found["levels"] if x["level"] == 0.05]
    assert at_5["interval_95"][0] <= 0.05


def test_reported_p_values_of_random_groups_are_no_smaller_than_they_say(world: Any) -> None:
    shuffled = shuffles.across_objects(world, np.random.default_rng(4))
    for found in uniformity.groups(shuffled, WINDOWS_S, 0).values():
        for level in found["levels"]:
            assert level["interval_95"][0] <= level["level"]
