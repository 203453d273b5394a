"""stub"""

from typing import Any

from houselights.watch.batches import Writer
from houselights.watch.log import Log
from houselights.watch.settings import WatchSettings


class Alerts:
    def __init__(self, log: Log, settings: WatchSettings) -> None:
        pass

    def unsent(self) -> list[dict[str, Any]]:
        return []

    def take(self, writer: Writer) -> list[dict[str, Any]]:
        return []
