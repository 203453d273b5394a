"""Parts of stages on a Ray cluster: the same functions as tasks, what many parts need once per machine in shared memory.

A task whose machine or process is lost is run again elsewhere, and so is what made a lost result (Ray's lineage): a part depends on its arguments
alone. The files of a RUN have to lie where all machines see them under the same path.
"""

import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from houselights.core.errors import HouselightsError

MISSING = "this needs Ray, which is not installed here: pip install 'houselights[ray]'"
RETRIES = 10
"""Of a part whose process or machine was lost."""
AHEAD = 2
"""Parts in flight for each that runs: enough to keep all busy, few enough for results to be taken away before they fill the shared memory."""


class OnRay:
    """Work on the cluster that `started` is connected to."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._run = ray.remote(num_cpus=1, max_retries=RETRIES)(_run)

    @property
    def width(self) -> int:
        """Processors of the cluster as it is now; at least two, so that a stage cuts its work as for others."""
        return max(2, int(self._ray.cluster_resources().get("CPU", 1)))

    def publish(self, value: Any) -> Any:
        return self._ray.put(value)

    def map(self, f: Callable[..., Any], parts: Iterable[Any], *published: Any) -> Iterator[Any]:
        most = AHEAD * self.width
        waiting: deque[Any] = deque()
        try:
            for part in parts:
                waiting.append(self._run.remote(f, part, *published))
                if len(waiting) >= most:
                    yield self._result(waiting.popleft())
            while waiting:
                yield self._result(waiting.popleft())
        finally:  # nothing goes on behind the back of an error or of Ctrl-C
            for task in waiting:
                self._ray.cancel(task, force=False)

    def keep(self, f: Callable[..., Any], parts: Iterable[Any], *published: Any) -> list[Any]:
        return [self._run.remote(f, part, *published) for part in parts]

    def _result(self, task: Any) -> Any:
        try:
            return self._ray.get(task)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, HouselightsError | MemoryError | OSError):
                raise error.cause from None  # what the part itself raised, as if it had run here
            raise
        except self._ray.exceptions.OutOfMemoryError as error:
            raise MemoryError("a machine of the Ray cluster ran out of memory") from error
        except self._ray.exceptions.RayError as error:
            raise HouselightsError(
                f"the Ray cluster lost what this scan needs ({str(error).splitlines()[0][:200]}). Run the same command again: it goes on after "
                "the last stage that was finished."
            ) from error


CONNECT_S = 10.0


def _run(f: Callable[..., Any], part: Any, *published: Any) -> Any:
    return f(part, *published)


@contextmanager
def started(address: str) -> Iterator[OnRay]:
    """A cluster of this machine's processors, which ends with the block, or the one at `address` ('auto': that of this machine).
    Raises HouselightsError where Ray is missing or nothing answers there."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machine
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise HouselightsError(MISSING) from error
    began = not ray.is_initialized()
    if began:
        _connect(ray, address)
    try:
        yield OnRay(ray)
    finally:
        if began:
            ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
    if not address:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        try:
            ray.init(address="local", num_cpus=cores, include_dashboard=False, **quiet)
        except (OSError, ValueError, RuntimeError) as error:
            raise HouselightsError(
                f"Ray cannot be started on this machine ({str(error).splitlines()[0][:200]}). Try again when it is less busy, "
                "or do without: the local engine gives the same tables."
            ) from error
        return
    try:
        if address != "auto":
            _answers(address)  # Ray itself would end this process where nothing does
        ray.init(address=address, **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        raise HouselightsError(
            f"--ray-address {address}: no Ray cluster answers there ({str(error).splitlines()[0][:200]}). Start one with `ray start --head`, "
            "and give HOST:PORT as it prints it; or leave the option out for a cluster of this machine alone."
        ) from error


def _answers(address: str) -> None:
    host, _, port = address.rpartition(":")
    if "/" in address or not host or not port.isdigit():
        raise HouselightsError(
            f"--ray-address {address!r}: write HOST:PORT as `ray start --head` prints it, without ray://."
        )
    socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
