"""Figures of a watch for Prometheus, on loopback alone."""

import resource
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from houselights.core.errors import HouselightsError

if TYPE_CHECKING:
    from houselights.watch.run import Status

_HELP = {
    "frames_total": ("counter", "frames read and committed"),
    "posts_total": ("counter", "posts that count"),
    "late_total": ("counter", "posts that came too late to count; they lie in late.parquet"),
    "rejects_total": ("counter", "frames that are no post"),
    "alerts_total": ("counter", "alerts"),
    "frames_per_second": ("gauge", "frames committed a second, over the last ten seconds"),
    "lag_seconds": ("gauge", "wall clock less the clock of the stream"),
    "queued_chunks": ("gauge", "chunks of frames that wait to be taken up; the queue is bounded"),
    "tables_age_seconds": ("gauge", "since the tables of the RUN were written"),
    "resident_memory_bytes": ("gauge", "memory of the process"),
    "peak_memory_bytes": ("gauge", "the most it had"),
}


class Figures:
    """Serves until closed."""

    def __init__(self, port: int) -> None:
        self._values: dict[str, float] = {}
        self._lock = threading.Lock()
        figures = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.path.split("?")[0] == "/metrics"
                body = figures.text().encode() if known else b""
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except (OSError, OverflowError) as error:
            raise HouselightsError(f"--metrics-port {port}: {error}. Give another port.") from error
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()

    def tell(self, status: "Status", now: float | None = None) -> None:
        values: dict[str, float] = {
            "frames_total": status.frames,
            "posts_total": status.accepted,
            "late_total": status.late,
            "rejects_total": status.rejected,
            "alerts_total": status.alerts,
            "frames_per_second": status.rate_per_s,
            "queued_chunks": status.queued_chunks,
            "resident_memory_bytes": _resident(),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        if now is not None and status.clock_us is not None:
            values["lag_seconds"] = now - status.clock_us / 1e6
        if now is not None and status.tables_written_at is not None:
            values["tables_age_seconds"] = now - status.tables_written_at
        with self._lock:
            self._values = values

    def text(self) -> str:
        with self._lock:
            values = dict(self._values)
        lines = []
        for name, (kind, what) in _HELP.items():
            if name in values:
                lines += [
                    f"# HELP houselights_{name} {what}",
                    f"# TYPE houselights_{name} {kind}",
                    f"houselights_{name} {values[name]:.17g}",
                ]
        return "".join(f"{line}\n" for line in lines)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def serve(port: int) -> Figures:
    return Figures(port)


def _resident() -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0.0
