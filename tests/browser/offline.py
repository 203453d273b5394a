"""Run alone, in a process without a network: serves a RUN with the installed houselights, fetches pages, prints what it got as JSON.

unshare --net --map-root-user python offline.py RUN
"""

import fcntl
import json
import re
import socket
import struct
import subprocess
import sys
import time
import urllib.request


def loopback_up() -> None:
    """A fresh network has its loopback down; the server needs it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up_and_running = 0x1 | 0x40
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", up_and_running))  # SIOCSIFFLAGS


def reachable() -> bool:
    try:
        with socket.create_connection(("192.0.2.1", 80), timeout=2):
            return True
    except OSError:
        return False


def until_the_index_is_there(base: str) -> None:
    """On a busy machine the first pages only say how far it is."""
    for _ in range(300):
        with urllib.request.urlopen(base + "/") as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise AssertionError("the index never came")


def main(run: str) -> None:
    loopback_up()
    command = [sys.executable, "-m", "houselights.outlets.cli", "serve", run, "--port", "0", "--no-open", "--quiet"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        base = server.stdout.readline().strip().rstrip("/")
        until_the_index_is_there(base)
        got = {}
        for path in ("/", "/feed", "/methods", "/static/style.css"):
            with urllib.request.urlopen(base + path) as answer:
                got[path] = [answer.status, answer.read().decode()]
        scripts = re.findall(r'<script type="module" src="([^"]+)"', got["/"][1])
        for path in scripts:
            with urllib.request.urlopen(base + path) as answer:
                got[path] = [answer.status, answer.read().decode()]
    finally:
        server.terminate()
        server.wait(20)
    import houselights

    print(json.dumps({"from": houselights.__file__, "network": reachable(), "scripts": scripts, "got": got}))


if __name__ == "__main__":
    main(sys.argv[1])
