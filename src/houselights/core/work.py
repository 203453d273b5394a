"""Where the parts of a stage run. A stage says what its parts are; whether they run here or on other machines is not its business."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol


class Work(Protocol):
    """`f(part, *published)` for each part, f a function of a module (or a `partial` of one) that changes nothing outside. What f gives for a part
    must depend on its arguments alone: it may be called again, elsewhere, when a machine is lost."""

    @property
    def width(self) -> int:
        """How many parts run at a time: what a stage may cut its work into."""
        ...

    def publish(self, value: Any) -> Any:
        """A handle to what many parts need. It is brought to each machine once, its arrays are shared there and cannot be written to."""
        ...

    def map(self, f: Callable[..., Any], parts: Iterable[Any], *published: Any) -> Iterator[Any]:
        """Results in the order of the parts."""
        ...

    def keep(self, f: Callable[..., Any], parts: Iterable[Any], *published: Any) -> list[Any]:
        """Handles to the results, which stay where they were made."""
        ...


class Here:
    """This process, one part after the other: a part's memory is free before the next begins."""

    width = 1

    def publish(self, value: Any) -> Any:
        return value

    def map(self, f: Callable[..., Any], parts: Iterable[Any], *published: Any) -> Iterator[Any]:
        return (f(part, *published) for part in parts)

    def keep(self, f: Callable[..., Any], parts: Iterable[Any], *published: Any) -> list[Any]:
        return list(self.map(f, parts, *published))


HERE = Here()
