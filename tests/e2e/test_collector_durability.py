"""What was acknowledged is there: after kill -9 at any instant, after SIGTERM, on a full disk, with many clients at once."""

import contextlib
import http.client
import random
import signal
import socket
import sqlite3
import subprocess
import threading

import pytest

import posting
import support
from posting import native


HEAD = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


class Poster(threading.Thread):
    """Posts small batches, alternately in both formats, until told to stop; tries each until it is acknowledged, as a sender
    does. `acknowledged` are the ids that got a 200; `repeats` counts those the collector said it had already."""

    def __init__(self, collector, name, batch=5, goal=None):
        super().__init__(daemon=True)
        self.collector, self.label, self.batch, self.goal = collector, name, batch, goal
        self.acknowledged, self.repeats, self.answers = [], 0, []
        self.ending = threading.Event()

    def run(self):
        number, client = 0, None
        while not self.ending.is_set() and (self.goal is None or number < self.goal):
            ids = [f"{self.label}-{number}-{i}" for i in range(self.batch)]
            try:
                client = client or posting.Client(self.collector, timeout=10)
                reply = self.post(client, ids, number)
            except (OSError, http.client.HTTPException):
                client = None
                self.ending.wait(0.01)
                continue
            self.answers.append(reply.status)
            if reply.status == 200:
                self.acknowledged += ids
                self.repeats += reply.json()["repeats"]
                number += 1

    def post(self, client, ids, number):
        if number % 2:
            return client.post("/v1/batch", {"batch": [{"type": "track", "event": "e", "messageId": i} for i in ids]})
        return client.post("/v1/events", [native(0, id=i) for i in ids])

    def finish(self):
        self.ending.set()
        self.join(20)
        assert not self.is_alive()


def ids_of(collector):
    return [row[0] for row in collector.rows("SELECT id FROM events")]


def test_what_was_acknowledged_survives_kill_9_at_any_instant_and_nothing_is_twice(collector):
    dice = random.Random(1)
    posters = [Poster(collector, f"client{i}") for i in range(4)]
    for poster in posters:
        poster.start()
    for _ in range(8):
        # The instant of the kill is what varies: a few commits on, and then a moment within the next one.
        goal = sum(len(p.acknowledged) for p in posters) + dice.randrange(5, 120)
        support.wait_until(lambda: sum(len(p.acknowledged) for p in posters) >= goal, 20, "more acknowledged events")
        threading.Event().wait(dice.random() * 0.004)
        collector.stop(signal.SIGKILL)
        before = {i for p in posters for i in p.acknowledged}
        collector.start()
        assert before <= set(ids_of(collector))
    for poster in posters:
        poster.finish()
    stored = ids_of(collector)
    acknowledged = [i for p in posters for i in p.acknowledged]
    assert len(acknowledged) > 100
    assert len(set(stored)) == len(stored)
    assert set(acknowledged) <= set(stored)


def test_four_clients_at_once_lose_and_double_nothing(collector):
    posters = [Poster(collector, f"client{i}", batch=20, goal=50) for i in range(4)]
    for poster in posters:
        poster.start()
    for poster in posters:
        poster.join(60)
    assert [set(p.answers) for p in posters] == [{200}] * 4
    assert sorted(ids_of(collector)) == sorted(i for p in posters for i in p.acknowledged)
    assert collector.rows("SELECT count(*), max(number) FROM events") == [(4000, 4000)]
    assert collector.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_while_clients_post(collector, number):
    posters = [Poster(collector, f"client{i}") for i in range(4)]
    for poster in posters:
        poster.start()
    support.wait_until(lambda: all(p.acknowledged for p in posters), 10, "acknowledged events")
    assert collector.stop(number) == 0
    for poster in posters:
        poster.finish()
    # All of it is in the one file: the write-ahead log was moved there and removed (a reader makes one again).
    assert not list(collector.folder.glob("events.db-*"))
    assert {i for p in posters for i in p.acknowledged} <= set(ids_of(collector))


def test_it_ends_although_clients_are_connected_and_idle_or_have_sent_half_a_request(collector):
    idle = posting.Client(collector)
    assert idle.get("/healthz").status == 200
    half = socket.create_connection(("127.0.0.1", collector.port))
    half.sendall(HEAD.format(9).encode() + b"{")
    assert idle.get("/healthz").status == 200
    assert collector.stop() == 0


def test_many_connections_without_a_word_do_not_keep_others_out(collector):
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(socket.create_connection(("127.0.0.1", collector.port)))
        assert posting.Client(collector).post("/v1/events", native(1)).status == 200


def test_a_body_that_comes_slowly_is_waited_for_and_a_client_that_goes_away_harms_nobody(collector):
    head = HEAD.format(25).encode()
    slow = socket.create_connection(("127.0.0.1", collector.port), timeout=10)
    slow.sendall(head + b'{"id":"slow",')
    with socket.create_connection(("127.0.0.1", collector.port)) as gone:
        gone.sendall(head + b'{"id":')
    with socket.create_connection(("127.0.0.1", collector.port)) as gone:
        gone.sendall(head + b'{"id":"gone","event":"a"}')
    assert posting.Client(collector).post("/v1/events", native(1)).status == 200
    slow.sendall(b'"event":"a"}')
    assert slow.recv(100).startswith(b"HTTP/1.1 200")
    assert "slow" in ids_of(collector)


def test_when_too_much_waits_for_the_disk_clients_are_told_to_come_back_and_the_rest_is_kept(collector):
    padding = "x" * 3_900_000
    answers = []

    def post(number):
        event = native(number, properties={"text": padding})
        answers.append(posting.Client(collector).post("/v1/events", event))

    with contextlib.closing(sqlite3.connect(collector.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # the writer cannot write now, and waits for a while
        threads = [threading.Thread(target=post, args=(number,), daemon=True) for number in range(10)]
        for thread in threads:
            thread.start()
        support.wait_until(lambda: answers, 4, "an answer while nothing can be written")
        early = list(answers)
        other.execute("ROLLBACK")
    for thread in threads:
        thread.join(20)
    assert {answer.status for answer in early} == {503} and early[0].headers["Retry-After"] == "1"
    kept = [answer for answer in answers if answer.status == 200]
    assert len(answers) == 10 and len(kept) >= 4
    assert collector.rows("SELECT count(*) FROM events") == [(len(kept),)]


def test_a_database_that_stays_locked_is_answered_with_503(collector):
    with contextlib.closing(sqlite3.connect(collector.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reply = posting.Client(collector).post("/v1/events", native(1))
        assert reply.status == 503 and "log says why" in reply.json()["error"]
        assert "locked" in collector.log.read_text()
        other.execute("ROLLBACK")
    assert posting.Client(collector).post("/v1/events", native(1)).status == 200


def test_large_bodies_under_way_are_bounded_and_those_of_clients_gone_are_forgotten(collector):
    size = (4 << 20) - 1

    def post(body):
        return posting.Client(collector).post("/v1/events", body).status

    with contextlib.ExitStack() as stack:
        for _ in range(16):
            half = stack.enter_context(socket.create_connection(("127.0.0.1", collector.port)))
            half.sendall(HEAD.format(size).encode() + b" " * (size - 1))
        # 32 bytes are left when all of it was read.
        support.wait_until(lambda: post(b"[]".ljust(33)) == 503, 10, "a refusal for now")
        assert post(b"[]".ljust(32)) == 200
    support.wait_until(lambda: post(b"[]".ljust(size)) == 200, 10, "room again")


@pytest.fixture
def small_disk(root, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a tmpfs: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_answered_with_503_and_goes_on_when_there_is_room(small_disk, env):
    collector = support.Collector(small_disk, env)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 200_000)
    collector.start()
    try:
        client = posting.Client(collector)
        acknowledged, reply = [], None
        for number in range(1000):
            reply = client.post("/v1/events", native(number, properties={"text": "x" * 2000}))
            if reply.status != 200:
                break
            acknowledged.append(f"event-{number}")
        assert reply.status == 503, f"{len(acknowledged)} events, and no end"
        assert reply.headers["Retry-After"] == "30" and "full" in reply.json()["error"]
        assert set(ids_of(collector)) == set(acknowledged)
        assert client.get("/v1/events?limit=1").status == 200
        ballast.unlink()
        assert client.post("/v1/events", native(5000)).status == 200
        collector.stop(signal.SIGKILL)
        collector.start()
        assert set(ids_of(collector)) == {*acknowledged, "event-5000"}
        assert "full" in collector.log.read_text()
    finally:
        collector.stop()
