"""Which engine a user asks for. What Ray needs is imported only then."""

from collections.abc import Iterator
from contextlib import contextmanager

from houselights.core.errors import HouselightsError
from houselights.core.work import HERE, Work


@contextmanager
def chosen(name: str, ray_address: str) -> Iterator[Work]:
    """Where parts of stages run. Raises HouselightsError for an unknown engine, and where Ray is missing or does not answer."""
    if name not in ("local", "ray"):
        raise HouselightsError(f"--engine {name!r}: there are local and ray.")
    if ray_address and name != "ray":
        raise HouselightsError("--ray-address names a Ray cluster: add --engine ray.")
    if name == "local":
        yield HERE
        return
    from houselights.engine.on_ray import started

    with started(ray_address) as work:
        yield work
