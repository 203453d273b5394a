"""What a command costs: for benchmarks that run each case in a child process."""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence


def child(command: Sequence[str]) -> tuple[str, dict[str, float]]:
    """Output and cost of a command, with its threads and the children it waited for."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode()
    if process.returncode not in (0, 10):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    cost = {
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "system_s": usage.ru_stime,
        "wall_s": time.monotonic() - begin,
        "mb": usage.ru_maxrss / 1024,
    }
    return text, cost
