"""The RUN that a server shows, from the moment it is chosen: its index is made in a thread of its own, and pages say how far that is. Where the
RUN changes, as that of a watch does, pages stay as they are until the new index is there, and then follow."""

import threading
import time
from pathlib import Path

from houselights.core.errors import HouselightsError, damage_told
from houselights.outlets.web import index
from houselights.outlets.web.indexed import Indexed
from houselights.results import Results

PATIENCE_S = 0.5
"""How long a request waits for the index before it gets the page that says how far it is: that of a small RUN is there by then."""
LOOK_EVERY_S, AGAIN_AFTER_S = 2.0, 30.0
"""How often the RUN is looked at for changes; how long after an index that could not be made."""


class NotYet(Exception):
    """The index of the RUN is still being made. `n_posts` it holds, `done` of `total` tables are there."""

    def __init__(self, n_posts: int, done: int, total: int) -> None:
        super().__init__(f"{n_posts:,} posts are being prepared, once: {done} of {total} tables are there.")
        self.n_posts, self.done, self.total = n_posts, done, total


class ShownRun:
    """Raises HouselightsError when `run_dir` is no RUN."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        accepted = Results(run_dir).manifest.get("accepted")
        self._n_posts = accepted if isinstance(accepted, int) else 0
        self._results: Indexed | None = None
        self._failed: HouselightsError | None = None
        self._making = index.Making()
        self._thread: threading.Thread | None = None
        self._lock, self._look_at, self._given_up = threading.Lock(), 0.0, False
        if index.exists(run_dir):
            self._open()
        else:
            self._begin()

    @property
    def results(self) -> Indexed:
        """What pages read. Raises NotYet while the first index is made, and HouselightsError for what ended its making."""
        if self._results is not None:
            self._follow(self._results)
            return self._results
        if self._thread is not None:
            self._thread.join(PATIENCE_S)
        if self._failed is not None:
            self._try_again()
        if self._results is not None:
            return self._results
        if self._failed is not None:
            raise self._failed
        raise NotYet(self._n_posts, self._making.done, self._making.total)

    def wait(self) -> Indexed:
        """As `results`, when nothing is being made."""
        if self._thread is not None:
            self._thread.join()
        return self.results

    def give_up(self) -> None:
        """Ends the making of an index."""
        self._given_up = True
        self._making.stop()

    def close(self) -> None:
        self.give_up()
        if self._thread is not None:
            self._thread.join()
        if self._results is not None:
            self._results.close()

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._open, name="index", daemon=True)
        self._thread.start()

    def _follow(self, shown: Indexed) -> None:
        """Has the index made anew where the RUN is another one by now."""
        with self._lock:
            now = time.monotonic()
            if now < self._look_at or (self._thread is not None and self._thread.is_alive()):
                return
            self._look_at = now + LOOK_EVERY_S
            if index.seen(self.run_dir) != shown.seen:
                self._making = index.Making()
                self._begin()

    def _try_again(self) -> None:
        """What hindered the first index may be gone by now."""
        with self._lock:
            if (
                not self._given_up
                and time.monotonic() >= self._look_at
                and self._thread
                and not self._thread.is_alive()
            ):
                self._failed, self._making = None, index.Making()
                self._begin()

    def _open(self) -> None:
        """What was shown before stays where this fails: a RUN that is being replaced says that it is not complete."""
        try:
            with damage_told(self.run_dir):
                made = Indexed(self.run_dir, self._making)
                _ = (
                    made.findings,
                    made.calibration,
                    made.opinion,
                )  # read now: what is shown stays, and damage takes no place of it
            self._results = made
            return
        except index.Stopped:
            self._failed = HouselightsError("This run is not shown any more. Open the overview.")
        except HouselightsError as exc:
            self._failed = exc
        except Exception as exc:  # nobody else sees what ends a thread
            why = str(exc).strip().splitlines() or [type(exc).__name__]
            self._failed = HouselightsError(
                f"The pages of {self.run_dir} cannot be prepared: {why[0][:300]} This is tried again every {AGAIN_AFTER_S:.0f} seconds."
            )
        self._look_at = time.monotonic() + AGAIN_AFTER_S
