"""What a watch is told once. It is written to the RUN: a watch goes on with what it began with."""

from dataclasses import dataclass, field

from houselights.core.settings import ScanSettings


@dataclass(frozen=True)
class WatchSettings:
    source: str
    scan: ScanSettings = field(default_factory=ScanSettings)
    lateness_s: float = 300.0  # how far behind the clock a post may come and still count
    horizon_s: float = 14 * 86400.0
    horizon_posts: int = 20_000_000
    block_s: float = 60.0  # event time that alerts are decided for at once

    @property
    def bucket_us(self) -> int:
        """Posts are counted per bucket of event time, so that the horizon by number ends at the edge of one."""
        return max(1, int(self.horizon_s / 2016)) * 1_000_000


@dataclass(frozen=True)
class Pace:
    """How the work is cut up in time. Nothing of it shows in any table."""

    batch_frames: int = 20_000
    batch_s: float = 3.0
    tables_every_s: float = 600.0
    stop_when_idle_s: float | None = None
