"""A round of searches: what is kept of one window is never taken for another, whatever order the searches come in."""

from types import ModuleType

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.evidence.background import View
from houselights.evidence.searches import Round
from houselights.evidence.synchrony import Cells

ORDER = st.lists(st.tuples(st.booleans(), st.sampled_from([10.0, 60.0, 600.0])), max_size=12)


@given(ORDER)
@settings(max_examples=30, deadline=None)
def test_each_search_sees_its_own_window(made: ModuleType, order: list[tuple[bool, float]]) -> None:
    rng = np.random.default_rng(0)
    e = made.events(made.life(rng, 60, range(40)), 40, by_hour=True)
    round_ = Round(e, np.ones(40, np.bool_))
    for by_cells, window_s in order:
        view = View(made.view(e, window_s).selection, round(window_s * 1e6))
        if by_cells:
            seen, cells = round_.cells(window_s)
            alone = Cells.of(view)
            assert np.array_equal(cells.of_event, alone.of_event) and np.array_equal(cells.close, alone.close)
        else:
            seen = round_.view(window_s)
            assert np.array_equal(seen.shares, view.shares)
            assert np.array_equal(seen.halves[True].shares, view.halves[True].shares)
        assert seen.window_us == round(window_s * 1e6)
    round_.let_go()
    assert np.array_equal(round_.view(60.0).shares, View(made.view(e, 60.0).selection, 60_000_000).shares)
