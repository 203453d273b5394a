"""A server over real sockets that does what it is told: answers, or fails in the ways servers fail."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], str]
FAULTS = (
    "429",
    "500",
    "503",
    "slow",
    "cut_body",
    "broken_http_json",
    "html",
    "reset",
    "broken_json",
    "wrong_schema",
    "length",
    "empty",
)


@dataclass
class Script:
    """`faults[i]` befalls the i-th request of each question (by its user message); afterwards it is answered."""

    answer: Answer
    faults: dict[str, list[str]] = field(default_factory=dict)
    every: list[str] = field(default_factory=list)  # for questions that `faults` does not name
    delay_s: float = 0.0
    slow_s: float = 3.0
    refuses_schema: bool = False
    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    most_at_once: int = 0
    at_once: int = 0

    def fault(self, question: str) -> str:
        with self.lock:
            nth = self.asked[question]
            self.asked[question] += 1
        faults = self.faults.get(question, self.every)
        return faults[nth] if nth < len(faults) else ""


def question_of(body: dict[str, Any]) -> str:
    """The first user message, which a re-ask keeps: a fence that is new every time is left out."""
    user = next(m["content"] for m in body["messages"] if m["role"] == "user")
    lines = [line for line in user.splitlines() if not line.startswith(("BEGIN ", "END "))]
    return "\n".join(lines)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._send(200, json.dumps({"object": "list", "data": [{"id": "scripted", "object": "model"}]}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        script = self.script
        with script.lock:
            script.bodies.append(body)
            script.headers.append({k.title(): v for k, v in self.headers.items()})
            script.at_once += 1
            script.most_at_once = max(script.most_at_once, script.at_once)
        try:
            self._answer(script, body)
        finally:
            with script.lock:
                script.at_once -= 1

    def _answer(self, script: Script, body: dict[str, Any]) -> None:
        question = question_of(body)
        if script.refuses_schema and body.get("response_format", {}).get("type") == "json_schema":
            return self._send(400, json.dumps({"error": {"message": "response_format json_schema is not supported"}}))
        fault = script.fault(question)
        time.sleep(script.delay_s)
        if fault == "429":
            return self._send(429, json.dumps({"error": {"message": "slow down"}}), {"Retry-After": "0.05"})
        if fault in ("500", "503", "400"):
            return self._send(int(fault), json.dumps({"error": {"message": f"fault {fault}"}}))
        if fault == "slow":
            time.sleep(script.slow_s)
        if fault == "reset":
            self.close_connection = True
            self.connection.close()
            return None
        if fault == "html":
            return self._send(200, "<html>a proxy says hello</html>", {"Content-Type": "text/html"})
        if fault == "broken_http_json":
            return self._send(200, '{"choices": [{"mess')
        text = self.text(script, fault, body)
        whole = json.dumps(self.completion(text, "length" if fault == "length" else "stop"))
        if fault == "cut_body":
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole[: len(whole) // 2].encode())
            return None
        self._send(200, whole)
        if not fault:
            with script.lock:
                script.answered[question] += 1
        return None

    @staticmethod
    def text(script: Script, fault: str, body: dict[str, Any]) -> str:
        return (
            {
                "broken_json": '{"stance": "fav',
                "wrong_schema": '{"stance": "maybe", "quote": ""}',
                "length": '{"stance": "favour", "quo',
                "empty": "",
            }.get(fault)
            if fault in ("broken_json", "wrong_schema", "length", "empty")
            else script.answer(body)
        )  # type: ignore[return-value]

    @staticmethod
    def completion(text: str, finish: str) -> dict[str, Any]:
        return {
            "id": "c",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted-1",
            "system_fingerprint": "f",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        }

    def _send(self, status: int, text: str, more: dict[str, str] | None = None) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (more or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        pass  # a client that was killed


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """The address of a server that follows `script`."""
    handler = type("Handler", (_Handler,), {"script": script})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
