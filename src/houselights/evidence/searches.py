"""What is searched in a round: each channel at each window, from either half. The searches know nothing of each other, so they may run anywhere."""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houselights.core.settings import EvidenceSettings
from houselights.core.work import Work
from houselights.evidence import small_objects, synchrony
from houselights.evidence.background import Selection, View
from houselights.evidence.confirmed import Tested
from houselights.evidence.events import MAX_UNIT_ACCOUNTS, Events

CHANNELS = ("small_objects", "synchrony")
Search = tuple[float, str, bool]
"""Window in seconds, channel, whether half A suggests."""


@dataclass
class Round:
    """The accounts that are left, seen at one window at a time: searches at the same window share what they see."""

    events: Events
    alive: NDArray[np.bool_]  # [n_accounts]
    _seen: dict[str, object] = field(default_factory=dict)

    def view(self, window_s: float) -> View:
        view = self._seen.get("view")
        if not isinstance(view, View) or view.window_us != round(window_s * 1e6):
            view = View(self._selection(), round(window_s * 1e6))
            self._see(view=view)
        return view

    def cells(self, window_s: float) -> tuple[View, synchrony.Cells]:
        """Lets go of what the small objects of this window have been seen as: cells are the largest arrays, and ask for little of a view."""
        seen = self._seen.get("cells")
        if not isinstance(seen, tuple) or seen[0].window_us != round(window_s * 1e6):
            view = View(self._selection(), round(window_s * 1e6))
            self._see()
            seen = (view, synchrony.Cells.of(view))
            self._see(cells=seen)
        return seen

    def let_go(self) -> None:
        self._selection().let_go()
        self._see()
        self._seen = {}

    def _selection(self) -> Selection:
        """What is the same at every window."""
        found = self._seen.get("selection")
        if not isinstance(found, Selection):
            found = self._seen["selection"] = Selection(self.events, self.alive[self.events.account], MAX_UNIT_ACCOUNTS)
        return found

    def _see(self, **now: object) -> None:
        """This and no more, of one window."""
        if isinstance(view := self._seen.get("view"), View):
            view.let_go()
        self._seen = {"selection": self._selection(), **now}


def candidates(
    e: Events, alive: NDArray[np.bool_], windows_s: list[float], settings: EvidenceSettings, work: Work
) -> list[Tested]:
    """Every candidate of every search, tested on the half that did not suggest it. alive: [n_accounts]."""
    searches = [(w, channel, in_a) for w in windows_s for channel in CHANNELS for in_a in (True, False)]
    round_ = Round(e if work.width == 1 else _for_elsewhere(e), alive)
    parts = work.map(partial(_found, settings=settings, n_windows=len(windows_s)), searches, work.publish(round_))
    found = [t for part in parts for t in part]
    round_.let_go()
    return found


def _for_elsewhere(e: Events) -> Events:
    """Without the ids, which no search asks for, and with the order by account, which all do."""
    none = pa.array([], pa.string())
    lean = replace(e, object_ids=none, object_kinds=none)
    _ = lean.unit, lean.size, lean.by_account
    return lean


def _found(search: Search, round_: Round, settings: EvidenceSettings, n_windows: int) -> list[Tested]:
    window_s, channel, in_a = search
    if channel == "small_objects":
        return small_objects.tested_from(round_.view(window_s), window_s, in_a, settings.seed)
    return synchrony.tested_from(*round_.cells(window_s), in_a, settings.q, n_windows, settings.seed)
