"""The receiver and the proxy do what the other tests believe of them, seen with curl."""

import support


def curl(run, *words):
    return run("curl", "-sS", "--max-time", "3", "-d", '{"batch":[{"id":1},{"id":2}]}', "-o", "-", "-w", "%{http_code}", *words)


def test_answers_come_in_order_and_the_last_one_stays(run, receiver):
    receiver.answer(503, {"status": 429, "headers": {"Retry-After": 1}}, 200)
    assert [curl(run, receiver.url).stdout for _ in range(4)] == ["{}503", "{}429", "{}200", "{}200"]
    assert [event["id"] for event in receiver.wait(4)] == [1, 2, 1, 2]


def test_a_silent_receiver_never_answers_and_a_garbling_one_speaks_no_http(run, receiver):
    receiver.answer("garbage", "reset", "close", "silent")
    assert curl(run, receiver.url).returncode in (1, 56)
    assert curl(run, receiver.url).returncode in (52, 56)
    assert curl(run, receiver.url).returncode == 52
    assert curl(run, "--max-time", "0.5", receiver.url).returncode == 28
    assert len(receiver.requests) == 4 and receiver.events() == []


def test_https_is_trusted_only_with_its_own_authority(run, https_receiver):
    assert curl(run, https_receiver.url).returncode == 60
    assert curl(run, "--cacert", https_receiver.authority, https_receiver.url).stdout == "{}200"


def test_the_proxy_remembers_who_was_asked_for(run, receiver, https_receiver, proxy):
    assert curl(run, "--proxy", proxy.url, "--noproxy", "", f"{receiver.url}/v1/batch").stdout == "{}200"
    assert curl(run, "--proxy", proxy.url, "--noproxy", "", "-k", https_receiver.url).stdout == "{}200"
    assert proxy.targets == [f"{receiver.url}/v1/batch", f"127.0.0.1:{https_receiver.port}"]
    assert receiver.requests[0].path == "/v1/batch"
