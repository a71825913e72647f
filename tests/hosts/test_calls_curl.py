"""curl: what curl_easy_perform returned, and twenty hot symbols without a difference."""

import pytest

from host import ended
from hot import policy, stopped
from test_curl import url  # noqa: F401  a fixture

EVENTS = """
      performed:
        when: { call: "int curl_easy_perform(CURL *handle)", in: curl }
        properties: { result: "${call.result}", took_ms: "${call.duration_ms}" }
"""


@pytest.mark.parametrize("words, status", [
    (["URL/file"], 0), (["-f", "URL/none"], 22), (["http://127.0.0.1:1/"], 7), (["-O", "URL/file", "-o", "again", "URL/file"], 0),
])
def test_the_result_of_a_transfer(words, status, url, host):  # noqa: F811
    h = host(policy=policy(["curl"], events=EVENTS))
    assert h.compare(["curl", "-sS", *(word.replace("URL", url) for word in words)])[0] == status
    h.tool("flush", "--once")
    (stop,) = stopped(h)
    performed = [event["properties"] for event in h.events() if event["event"] == "performed"]
    assert [one["result"] for one in performed] == [status] * (2 if "again" in words else 1)
    assert all(one["took_ms"] > 0 for one in performed)
    assert min(stop[name] for name in ("malloc", "memcpy", "strlen", "wait", "close", "signals")) > 0, stop
    assert stop["freed"] <= stop["free"] and stop["malloc"] == stop["malloced"]


def test_in_parallel(url, host):  # noqa: F811
    h = host(policy=policy(["curl"]))
    assert h.compare(["curl", "--parallel", "--no-progress-meter", *(f"{url}/file" for _ in range(6))])[0] == 0
    assert stopped(h)[0]["malloc"] > 100
