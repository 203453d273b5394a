"""Who may read and who may write: this machine, our own pages, whoever has the token."""

import pytest
from starlette.testclient import TestClient

TOKEN = "a-token-of-this-server"
HERE = {"host": "127.0.0.1:8765"}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8765",
        "",
        "[::2]",
        "0.0.0.0",
        "127.0.0.1:80:80",
        "10.0.0.1",
    ],
)
def test_a_foreign_name_that_points_here_gets_nothing(bare: TestClient, host: str) -> None:
    answer = bare.get("/feed.json", headers={"host": host})
    assert answer.status_code == 403 and "posts" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST", "[::1]:8765"])
def test_this_machine_is_answered(bare: TestClient, host: str) -> None:
    assert bare.get("/feed.json", headers={"host": host}).status_code == 200


def test_only_its_own_port_where_it_is_known(bare_run) -> None:  # type: ignore[no-untyped-def]
    from houselights.outlets.web.app import app

    client = TestClient(app(bare_run, TOKEN, 8765), base_url="http://127.0.0.1:8765")
    assert client.get("/").status_code == 200
    assert client.get("/", headers={"host": "127.0.0.1:9999"}).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1234", "http://localhost:8765"])
def test_another_origin_is_refused(bare: TestClient, origin: str) -> None:
    headers = HERE | {"origin": origin}
    assert bare.get("/feed", headers=headers).status_code == 403
    assert bare.post("/import/cancel", headers=headers | {"x-houselights-token": TOKEN}).status_code == 403


@pytest.mark.parametrize("path", ["/import", "/import/cancel", "/run", "/feed", "/anything"])
@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1]])
def test_nothing_is_written_without_the_token(bare: TestClient, path: str, token: str | None) -> None:
    headers = {} if token is None else {"x-houselights-token": token}
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert bare.request(method, path, headers=headers).status_code == 403
    assert bare.post(path, params={} if token is None else {"token": token}).status_code == 403


def test_with_the_token_one_may(bare: TestClient) -> None:
    assert bare.post("/import/cancel", headers={"x-houselights-token": TOKEN}).status_code == 303
    assert bare.post(f"/import/cancel?token={TOKEN}", headers={"origin": "http://127.0.0.1:8765"}).status_code == 303
    crossing = {"x-houselights-token": TOKEN, "sec-fetch-site": "cross-site"}
    assert bare.post("/import/cancel", headers=crossing).status_code == 403


@pytest.mark.parametrize("path", ["/", "/feed.json", "/nope", "/static/style.css", "/feed?since=x"])
def test_every_answer_carries_the_policy(bare: TestClient, path: str) -> None:
    headers = bare.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'" and policy["script-src"] == "'self'" and policy["style-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"] and "http" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_static_files_lead_nowhere_else(bare: TestClient) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        assert bare.get(path).status_code in (404, 403)


def test_a_token_is_in_every_page_and_in_no_address_that_reads(rich: TestClient) -> None:
    html = rich.get("/feed").text
    assert f'data-token="{TOKEN}"' in html
    assert TOKEN not in rich.get("/feed.json").text
