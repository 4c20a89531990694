"""Code is fetched from a presigned address: within a limit, by its hash, and without the address in any message."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from fake_account import sha256

from powertune.aws.download import download
from powertune.errors import AwsError

CONTENT = b"PK" + bytes(1000)


@pytest.fixture
def url():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/gone"):
                self.send_error(403, "Request has expired")
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT) + (50 if self.path.startswith("/short") else 0)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def get(url, *, digest=None, most_bytes=10_000):
    return download(url, what="the code of orders", sha256=digest, most_bytes=most_bytes)


def test_the_content_comes_as_a_file_at_its_beginning(url):
    with get(f"{url}/code", digest=sha256(CONTENT)) as file:
        assert file.read() == CONTENT


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(url, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with get(f"{url}/code") as file:
        assert file.read() == CONTENT


@pytest.mark.parametrize(
    ("path", "arguments", "why"),
    [
        ("/code", {"digest": sha256(b"other")}, "does not have the hash"),
        ("/code", {"most_bytes": 100}, "larger than the 100 bytes"),
        ("/gone?X-Amz-Signature=secret", {}, "403 Request has expired"),
        ("/short", {"digest": sha256(b"whole")}, "orders"),
    ],
)
def test_what_cannot_be_had_whole_is_refused(url, path, arguments, why):
    with pytest.raises(AwsError, match=why) as caught:
        get(url + path, **arguments)
    assert "secret" not in str(caught.value)
    assert url not in str(caught.value)


@pytest.mark.parametrize("address", ["http://example.com/code", "file:///etc/passwd", "ftp://example.com/x"])
def test_only_https_is_followed_away_from_this_machine(address):
    with pytest.raises(AwsError, match="no https address"):
        get(address)
