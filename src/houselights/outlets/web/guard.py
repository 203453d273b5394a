"""What stands between a browser and this server: it serves this machine alone, its own pages alone, and writes for who has the token alone.

A page of another site can make a browser call 127.0.0.1. It cannot choose the Host header (a foreign one means that a foreign name was made
to point here), a browser tells its Origin when it writes, and the token is known to our own pages alone.
"""

import hmac
import re
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost", "[::1]")
TOKEN_HEADER = "x-houselights-token"  # noqa: S105 (the name of a header)
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "cache-control": "no-cache",  # asked again each time: another version, or another RUN, may be behind the same address
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with no-referrer a browser sends `Origin: null` with our own forms, and they would be refused
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
READS = ("GET", "HEAD")


class Guard:
    """ASGI middleware. `port` None lets any port of this machine pass (tests)."""

    def __init__(self, app: ASGIApp, token: str, port: int | None = None) -> None:
        self.app, self.token = app, token
        tail = "(:[0-9]+)?" if port is None else f":{port}"
        self.host = re.compile(f"({'|'.join(re.escape(h) for h in HOSTS)}){tail}", re.IGNORECASE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no websocket is served
        refused = self.refused(scope)
        if refused:
            await PlainTextResponse(refused, 403, headers=HEADERS)(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, with_headers)

    def refused(self, scope: Scope) -> str | None:
        """Why the request is refused; None when it may pass."""
        headers = Headers(scope=scope)
        if not self.host.fullmatch(headers.get("host", "")):
            return "This server answers to 127.0.0.1 and localhost only."
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{headers['host']}":
            return "This request comes from another site."
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and scope["method"] not in READS:
            return "This request comes from another site."
        if scope["method"] in READS:
            return None
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        given = headers.get(TOKEN_HEADER) or (query.get("token") or [""])[0]
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            return "This request lacks the token of this server. Open its page again."
        return None
