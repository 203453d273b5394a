"""The RUN that a server shows, from the moment it is chosen: its index is made in a thread of its own, and pages say how far that is."""

import threading
from pathlib import Path

import duckdb

from houselights.core.errors import HouselightsError
from houselights.outlets.web import index
from houselights.outlets.web.indexed import Indexed
from houselights.results import Results

PATIENCE_S = 0.5
"""How long a request waits for the index before it gets the page that says how far it is: that of a small RUN is there by then."""


class NotYet(Exception):
    """The index of the RUN is still being made. `n_posts` it holds, `done` of `total` tables are there."""

    def __init__(self, n_posts: int, done: int, total: int) -> None:
        super().__init__(f"{n_posts:,} posts are being prepared, once: {done} of {total} tables are there.")
        self.n_posts, self.done, self.total = n_posts, done, total


class ShownRun:
    """Raises HouselightsError when `run_dir` is no RUN."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self._n_posts = int(Results(run_dir).manifest.get("accepted") or 0)
        self._making = index.Making()
        self._results: Indexed | None = None
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._open, name="index", daemon=True)
        if index.exists(run_dir):
            self._open()
        else:
            self._thread.start()

    @property
    def results(self) -> Indexed:
        """What pages read. Raises NotYet while the index is made, and whatever ended its making."""
        if self._thread.ident is not None and self._results is None:
            self._thread.join(PATIENCE_S)
        if self._failed is not None:
            raise self._failed
        if self._results is None:
            raise NotYet(self._n_posts, self._making.done, self._making.total)
        return self._results

    def wait(self) -> Indexed:
        """As `results`, when it is there."""
        if self._thread.ident is not None:
            self._thread.join()
        return self.results

    def give_up(self) -> None:
        """Ends the making of the index, where it is not there yet."""
        if self._results is None:
            self._making.stop()

    def close(self) -> None:
        """Ends the making of the index, or closes it."""
        self.give_up()
        if self._thread.ident is not None:
            self._thread.join()
        if self._results is not None:
            self._results.close()

    def _open(self) -> None:
        try:
            self._results = Indexed(self.run_dir, self._making)
        except index.Stopped:
            self._failed = HouselightsError("This run is not shown any more. Open the overview.")
        except HouselightsError as exc:
            self._failed = exc
        except (OSError, duckdb.Error) as exc:
            self._failed = HouselightsError(f"The pages of {self.run_dir} cannot be prepared: {exc}")
