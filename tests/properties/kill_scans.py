"""Started as a child process: scans in forks of itself, and kills each without warning where its plan says.

argv: input, plans as JSON: [[directory, kind, value]...] with kind
`rename` (kill before the value-th file gets its name), `stage` (value = [stage, seconds after its begin]), `whole` (let it end).
Prints one JSON line per plan: [directory, how it ended]; 0 and above is an exit code, below a signal.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from houselights import pipeline
from houselights.outlets import cli, commands, report  # noqa: F401  imported once, before the forks


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_before_rename(number: int) -> None:
    renames = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal renames
        if event == "os.rename":
            renames += 1
            if renames == number:
                kill()

    sys.addaudithook(hook)


def kill_in_stage(stage: str, after_s: float) -> None:
    whole = pipeline.scan

    def scan(inputs: list[Path], out: Path, settings: Any, progress: Any, *, work: Any) -> Any:
        def watch(name: str, share: float) -> None:
            if name == stage and share == 0.0:
                threading.Timer(after_s, kill).start()

        return whole(inputs, out, settings, watch, work=work)

    pipeline.scan = scan


def main() -> None:
    source = sys.argv[1]
    for directory, kind, value in json.loads(sys.argv[2]):
        pid = os.fork()
        if pid == 0:
            if kind == "rename":
                kill_before_rename(value)
            elif kind == "stage":
                kill_in_stage(*value)
            os._exit(cli.main(["scan", source, "--out", directory, "--quiet"]))
        _, status = os.waitpid(pid, 0)
        print(json.dumps([directory, os.waitstatus_to_exitcode(status)]), flush=True)


main()
