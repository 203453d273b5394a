"""What is planted is found, member by member, and nobody beside it is named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from houselights.worlds import CampaignSpec, WorldSettings, simulate

RECALL_0_1 = 0.9


def assert_found(run: Any, world: Any) -> None:
    role = {r["account_id"]: r["role"] for r in world.truth.to_pylist()}
    cores = [run.accounts(f, "core") for f in run.observed]
    for group_id, campaign in world.campaigns.items():
        members = set(campaign["members"])
        found = max((len(core & members) for core in cores), default=0)
        assert found >= RECALL_0_1 * len(members), f"{group_id}: {found} of {len(members)} members are core"
    named = set().union(*(run.accounts(f, "core") for f in run.findings))
    assert [a for a in sorted(named) if role[a] == "organic"] == []
    # Two campaigns are two findings: nobody's core mixes them.
    for f in run.observed:
        assert len(run.groups(world, f, "core")) == 1


def test_the_ring_and_the_burst_are_found(planted: Any, from_parquet: Any) -> None:
    assert_found(from_parquet, planted)


@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("tactic", ["ring", "burst"])
def test_one_campaign_alone_is_found(
    laid_out: dict[str, Any], scanned: Callable[..., Any], tactic: str, seed: int
) -> None:
    world = simulate(replace(laid_out["planted"], campaigns=(laid_out[tactic],)), seed)
    assert_found(scanned(world.posts), world)


def test_minute_stamps_leave_out_the_window_they_cannot_see(scanned: Callable[..., Any]) -> None:
    settings = WorldSettings(
        n_accounts=700,
        n_days=4,
        campaigns=(CampaignSpec("burst_amplification", 12, 24, 60.0),),
        camouflage_0_1=0.3,
        precision="min",
    )
    world = simulate(settings, 2)
    run = scanned(world.posts)
    skipped = [c for c in run.manifest["channels_skipped"] if "window_s" in c]
    assert [c["window_s"] for c in skipped] == [10.0]
    assert "minute" in skipped[0]["reason"]
    assert sorted({c["window_s"] for c in run.manifest["channels_run"]}) == [60.0, 600.0]
    assert all(f["window_s"] >= 60 for f in run.findings)
    assert_found(run, world)
