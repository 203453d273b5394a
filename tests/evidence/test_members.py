"""Who belongs to a confirmed group: its members pass, those who only share its objects do not."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from houselights.evidence import members
from houselights.worlds import CampaignSpec, WorldSettings

GROUP = np.arange(10, dtype=np.int64)


def assessed(made: ModuleType, e: Any, group: np.ndarray, window_s: float = 60.0) -> members.Membership:
    return members.assess(made.view(e, window_s), group, made.view(e, window_s, without=group.tolist()))


@pytest.fixture(scope="module")
def popular(made: ModuleType) -> Any:
    """Ten in step on 40 objects that others share too, at their own times."""
    rng = np.random.default_rng(1)
    shared = []
    for unit in made.in_step(rng, 40, GROUP.tolist(), 30.0):
        others = rng.choice(np.arange(10, 60), 8, replace=False).tolist()
        shared.append([*unit, *((a, unit[0][1] + float(rng.uniform(-20_000, 20_000))) for a in others)])
    return made.events([*made.life(rng, 1000, range(10, 400), sizes=(2, 25)), *shared], 400)


def test_members_pass_and_ordinary_sharers_do_not(made: ModuleType, popular: Any) -> None:
    found = assessed(made, popular, GROUP)
    mine = np.isin(found.account, GROUP)
    assert found.account[mine].tolist() == GROUP.tolist() and (~mine).sum() == 50
    assert found.testable[mine].all()
    assert found.p_value[mine].max() < 1e-4
    assert found.probability[mine].min() > 0.95
    assert (found.n_events[mine] == 40).all()
    p = found.p_value[~mine & found.testable]
    assert len(p) > 30
    assert np.mean(p <= 0.05) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / len(p))
    assert found.probability[~mine].max() < 0.5


def test_one_shared_object_says_nothing_about_a_person(made: ModuleType) -> None:
    rng = np.random.default_rng(2)
    shared = made.in_step(rng, 30, GROUP.tolist(), 30.0)
    shared[0].append((10, shared[0][0][1] + 1.0))  # close to all ten, once
    e = made.events([*made.life(rng, 600, range(11, 300), sizes=(2, 25)), *shared], 300)
    found = assessed(made, e, GROUP, 600.0)
    guest = np.flatnonzero(found.account == 10)
    assert len(guest) == 1
    assert not found.testable[guest[0]] or found.p_value[guest[0]] > 0.001


def test_a_member_who_only_keeps_the_name_does_not_pass(made: ModuleType) -> None:
    """An account that the group was confirmed with, but that was never in step with it, gets no small p-value."""
    rng = np.random.default_rng(3)
    shared = []
    for unit in made.in_step(rng, 40, GROUP.tolist()[:9], 30.0):
        shared.append([*unit, (9, unit[0][1] + float(rng.uniform(3_000, 40_000)))])
    e = made.events([*made.life(rng, 600, range(10, 300), sizes=(2, 25)), *shared], 300)
    found = assessed(made, e, GROUP)
    p = dict(zip(found.account.tolist(), found.p_value.tolist(), strict=True))
    assert p[9] > 0.5 and max(p[a] for a in range(9)) < 1e-4


def test_the_order_of_the_group_is_irrelevant(made: ModuleType, popular: Any) -> None:
    one = assessed(made, popular, GROUP)
    other = assessed(made, popular, GROUP[::-1].copy())
    for name in ("account", "n_events", "p_value", "testable", "probability"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


@pytest.mark.parametrize("window_s", [60.0, 600.0])
def test_ordinary_sharers_of_simulated_campaigns_get_honest_p_values(
    made: ModuleType, tmp_path_factory: pytest.TempPathFactory, window_s: float
) -> None:
    settings = WorldSettings(
        n_accounts=800, n_days=4, campaigns=(CampaignSpec("burst_amplification", 12, 24, 30.0),), camouflage_0_1=0.3
    )
    p, members_p = [], []
    for seed in (1, 2, 3, 4, 5):
        e, group = campaign(made, settings, seed, tmp_path_factory)
        found = assessed(made, e, group, window_s)
        mine = np.isin(found.account, group)
        p += found.p_value[~mine & found.testable].tolist()
        members_p += found.p_value[mine].tolist()
    assert len(p) > 50
    for alpha in (0.01, 0.05, 0.2):
        allowed = alpha + 2.5 * np.sqrt(alpha * (1 - alpha) / len(p))
        assert np.mean(np.array(p) <= alpha) <= allowed, f"{np.mean(np.array(p) <= alpha):.3f} at {alpha}, {len(p)}"
    assert np.mean(np.array(members_p) <= 0.001) >= 0.9


def campaign(made: ModuleType, settings: WorldSettings, seed: int, rooms: pytest.TempPathFactory) -> Any:
    from houselights.worlds import simulate

    e, names = made.of_world(settings, seed, rooms.mktemp("world"))
    code = {name: k for k, name in enumerate(names)}
    (told,) = simulate(settings, seed).campaigns.values()
    return e, np.array(sorted(code[a] for a in told["members"]), np.int64)
