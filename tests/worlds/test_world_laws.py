"""Laws of every simulated world, whatever its settings."""

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houselights.core.errors import HouselightsError
from houselights.core.tables import POSTS, TRUTH
from houselights.worlds import CampaignSpec, World, WorldSettings, preset, simulate
from houselights.worlds.settings import LOOKALIKES, PRECISION_S, TACTICS, TALK

specs = st.builds(
    CampaignSpec,
    tactic=st.sampled_from(TACTICS),
    n_accounts=st.integers(3, 20),
    n_objects=st.integers(1, 12),
    window_s=st.sampled_from([5.0, 60.0, 480.0]),
    accounts_per_object=st.sampled_from([None, (2, 3)]),
)
worlds = st.builds(
    WorldSettings,
    n_accounts=st.integers(680, 800),
    n_days=st.sampled_from([1.0, 2.5, 10.0]),
    mean_posts_per_account=st.floats(2, 9),
    n_communities=st.integers(1, 14),
    reaction_speed_sd=st.sampled_from([0.5, 1.0, 1.5]),
    objects_per_post=st.integers(1, 3),
    campaigns=st.lists(specs, max_size=3).map(tuple),
    lookalikes=st.lists(st.sampled_from((*LOOKALIKES, *TALK)), unique=True).map(tuple),
    camouflage_0_1=st.sampled_from([0.0, 0.5, 0.95]),
    precision=st.sampled_from(sorted(PRECISION_S)),
    retention_0_1=st.sampled_from([1.0, 0.3]),
)
law = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def bytes_of(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    return sink.getvalue().to_pybytes()


@settings(law, max_examples=8)
@given(worlds, st.integers(0, 2**31))
def test_same_settings_and_seed_give_the_same_bytes(s: WorldSettings, seed: int) -> None:
    one, two = simulate(s, seed), simulate(s, seed)
    assert bytes_of(one.posts) == bytes_of(two.posts)
    assert bytes_of(one.truth) == bytes_of(two.truth)
    assert one.campaigns == two.campaigns
    assert bytes_of(simulate(s, seed + 1).posts) != bytes_of(one.posts)


@law
@given(worlds, st.integers(0, 2**31))
def test_posts_hold_together(s: WorldSettings, seed: int) -> None:
    world = simulate(s, seed)
    POSTS.check(world.posts)
    rows = world.posts.to_pylist()
    by_id = {r["post_id"]: r for r in rows}
    assert len(by_id) == len(rows)
    assert [(r["created_at"], r["post_id"]) for r in rows] == sorted((r["created_at"], r["post_id"]) for r in rows)
    days = (rows[-1]["created_at"] - rows[0]["created_at"]).total_seconds() / 86_400
    assert days <= s.n_days
    reposted = [(r["author_id"], r["repost_of"]) for r in rows if r["kind"] == "repost"]
    assert len(set(reposted)) == len(reposted)
    for r in rows:
        assert (r["kind"] == "repost") == (r["repost_of"] is not None) == (r["text"] == "")
        for column in ("repost_of", "reply_to", "quote_of"):
            if r[column]:
                source = by_id[r[column]]
                assert (
                    source["author_id"]
                    == r[f"{column.removesuffix('_of')}_of_author" if column != "reply_to" else "reply_to_author"]
                )
                assert source["created_at"] <= r["created_at"]
        if r["repost_of"]:
            assert r["repost_of_author"] != r["author_id"]
        assert all(u in r["text"] for u in r["urls"])
        assert all("#" + t in r["text"] for t in r["hashtags"])


@law
@given(worlds, st.integers(0, 2**31))
def test_truth_fits_posts_and_campaigns(s: WorldSettings, seed: int) -> None:
    world = simulate(s, seed)
    truth = {r["account_id"]: r for r in TRUTH.check(world.truth).to_pylist()}
    assert len(truth) == s.n_accounts
    assert set(world.posts["author_id"].to_pylist()) <= set(truth)
    assert len(world.campaigns) == len(s.campaigns)
    author = dict(zip(world.posts["post_id"].to_pylist(), world.posts["author_id"].to_pylist(), strict=True))
    for (group, found), spec in zip(world.campaigns.items(), s.campaigns, strict=True):
        assert {a for a, r in truth.items() if r["group_id"] == group} == set(found["members"])
        assert len(found["members"]) == spec.n_accounts
        assert (found["tactic"], found["n_objects"], found["window_s"]) == (spec.tactic, spec.n_objects, spec.window_s)
        assert {author[p] for posts in found["posts"] for p in posts} <= set(found["members"])
    planted = {a for a, r in truth.items() if r["role"] == "campaign"}
    assert planted == {m for c in world.campaigns.values() for m in c["members"]}
    kinds = {r["tactic"] for r in truth.values() if r["role"] == "lookalike"}
    assert kinds == set(s.lookalikes)
    assert all(r["group_id"] is None and r["tactic"] is None for r in truth.values() if r["role"] == "organic")


@law
@given(worlds, st.integers(0, 2**31))
def test_members_act_on_each_object_within_the_window(s: WorldSettings, seed: int) -> None:
    world = simulate(s, seed)
    at = dict(zip(world.posts["post_id"].to_pylist(), world.posts["created_at"].to_pylist(), strict=True))
    slack_s = PRECISION_S[s.precision]
    for c in world.campaigns.values():
        assert len(c["posts"]) == c["n_objects"]
        for posts in c["posts"]:
            if posts:
                times = [at[p] for p in posts]
                assert (max(times) - min(times)).total_seconds() <= c["window_s"] + slack_s
            if s.retention_0_1 == 1 and c["tactic"] in ("own_content_ring", "shared_pool", "hashtag_flood"):
                assert len(posts) >= 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_accounts": 10},
        {"camouflage_0_1": 1.0},
        {"retention_0_1": 0.0},
        {"precision": "hour"},
        {"objects_per_post": 4},
        {"lookalikes": ("robots",)},
        {"campaigns": (CampaignSpec("nonsense", 5, 5, 60.0),)},
    ],
)
def test_wrong_settings_are_refused_in_words(wrong: dict[str, object]) -> None:
    with pytest.raises(HouselightsError, match="World settings"):
        WorldSettings(**wrong)  # type: ignore[arg-type]
    with pytest.raises(HouselightsError, match="demo, planted"):
        preset("unheard-of")


def test_an_account_that_only_keeps_company_is_not_planted() -> None:
    world: World = simulate(preset("campaign_free"), 5)
    assert not world.campaigns
    assert set(world.truth["role"].to_pylist()) == {"organic", "lookalike"}
