"""A small HTTP client for the tests of the collector: one connection, kept alive."""

import gzip
import http.client
import json
import pathlib

DATA = pathlib.Path(__file__).resolve().parent / "data"


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    def json(self):
        return json.loads(self.text)


class Client:
    """get() and post(); a path is that of the collector, headers add to or (None) take from the usual ones."""

    def __init__(self, collector, timeout=30):
        self.http = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None):
        wanted = {name: value for name, value in (headers or {}).items() if value is not None}
        self.http.request(method, path, body, wanted)
        return Reply(self.http.getresponse())

    def get(self, path, headers=None):
        return self.ask("GET", path, headers=headers)

    def post(self, path, body, headers=None):
        usual = {"Content-Type": "application/x-ndjson" if path == "/v1/ndjson" else "application/json"}
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        return self.ask("POST", path, body, {**usual, **(headers or {})})

    def post_gzip(self, path, body, headers=None):
        return self.post(path, gzip.compress(body), {"Content-Encoding": "gzip", **(headers or {})})

    def close(self):
        self.http.close()


def native(number, **more):
    """A native event with a number in its id."""
    return {"id": f"event-{number}", "time": "2026-11-21T10:00:00.000001Z", "service": "app", "event": "start",
            "kind": "start", "session": f"session-{number}", "pid": 100 + number, "properties": {"n": number}, **more}


def lines(*events):
    return "".join(json.dumps(event) + "\n" for event in events)


def capture(name):
    return json.loads((DATA / name).read_text())
