"""A server of Mastodon's shape on loopback: streams statuses as server-sent events, cuts connections, and has a timeline."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

FIRST_MS = 1_781_684_500_000


def status(i: int) -> dict[str, Any]:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(FIRST_MS / 1000 + i)) + ".000Z"
    who = f"https://social.example/@user{i % 7}"
    return {
        "id": str((FIRST_MS + i * 1000) << 16),
        "uri": f"https://social.example/statuses/{i}",
        "url": f"https://social.example/@user{i % 7}/{i}",
        "created_at": at,
        "edited_at": None,
        "content": f"<p>words of number {i}</p>",
        "spoiler_text": "",
        "language": "en",
        "account": {
            "id": str(i % 7),
            "acct": f"user{i % 7}",
            "url": who,
            "display_name": "",
            "created_at": at,
            "followers_count": 1,
        },
        "reblog": None,
        "mentions": [],
        "tags": [],
        "media_attachments": [],
        "in_reply_to_id": None,
        "reblogs_count": 0,
        "replies_count": 0,
        "favourites_count": 0,
    }


class Server:
    """Statuses appear at `every_s`; each connection of the stream is cut after `cut_after` of them (0: never), and the server forgets."""

    def __init__(self, n: int, every_s: float, cut_after: int = 0, token: str = "") -> None:
        self._n, self._every_s, self._begun, self.connections = n, every_s, time.monotonic(), 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                if token and self.headers.get("Authorization") != f"Bearer {token}":
                    self._plain(401, b"{}")
                elif asked.path == "/api/v1/streaming/public":
                    self._stream()
                elif asked.path == "/api/v1/timelines/public":
                    query = parse_qs(asked.query)
                    after, limit = int(query["min_id"][0]), int(query["limit"][0])
                    listed = [status(i) for i in range(outer.now()) if int(status(i)["id"]) > after][:limit]
                    self._plain(200, json.dumps(listed[::-1]).encode())
                else:
                    self._plain(404, b"")

            def _plain(self, code: int, body: bytes) -> None:
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _stream(self) -> None:
                outer.connections += 1
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.wfile.write(b":)\n")
                sent, i = 0, outer.now()
                while i < outer._n and (not cut_after or sent < cut_after):
                    if i < outer.now():
                        self.wfile.write(f"event: update\ndata: {json.dumps(status(i))}\n\n".encode())
                        self.wfile.flush()
                        sent, i = sent + 1, i + 1
                    else:
                        time.sleep(0.005)
                if i >= outer._n:
                    self.wfile.write(f"event: delete\ndata: {status(3)['id']}\n\n".encode())
                    self.wfile.flush()
                    time.sleep(3)
                time.sleep(0.2)  # what appears meanwhile this connection never tells

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.name = f"mastodon+http://127.0.0.1:{self._server.server_address[1]}/public"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def now(self) -> int:
        """Statuses so far; the first ten are older than the server."""
        return min(self._n, 10 + int((time.monotonic() - self._begun) / self._every_s))

    def close(self) -> None:
        self._server.shutdown()
