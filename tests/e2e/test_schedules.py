"""`every`, `change`, `file`, `once`, `limit`, `sample`, `remember` and `for_each`, on programs that live and end."""

import json
import signal

import pytest

import support

HEAD = """bookend: 1
destinations:
  out: {{ format: ndjson, url: "{url}" }}
services:
  app:
    match: {{ exe: [sleep, sh, dash] }}
    sender: later
    consent: [ allow: always ]
    to: [out]
    events:
"""


@pytest.fixture
def app(policy, env, receiver, run, start, bookend):
    """app(events): a policy with these events; then .run(*words), .start(*words), .follow()."""

    class App:
        def __init__(self, events):
            lines = "".join(f"      {line}\n" for line in events.strip("\n").splitlines())
            self.file = policy(HEAD.format(url=f"{receiver.url}/events") + lines)

        def environment(self, **more):
            return {**env, "LD_PRELOAD": bookend.shim, "BOOKEND_SERVICE": "app", "BOOKEND_POLICY": str(self.file), **more}

        def run(self, *words, **more):
            return run(*words, env=self.environment(**more))

        def start(self, *words, **more):
            return start(*words, env=self.environment(**more))

        def follow(self):
            return start(bookend.tool, "flush", "--follow")

        def deliver(self):
            support.deliver(env)

        def named(self, name):
            return [e for e in receiver.events() if e["event"] == name]

    return App


def test_a_process_ticks_while_it_lives_and_each_tick_once(app, wait_until, receiver):
    one = app("beat: { when: { every: 300ms } }\nend: { when: stop }")
    process = one.start("sleep", "300")
    drainers = [one.follow(), one.follow()]
    wait_until(lambda: len(one.named("beat")) >= 4, 20, "four beats")
    process.terminate()
    wait_until(lambda: one.named("end"), 20, "its end")
    for drainer in drainers:
        drainer.terminate()
        drainer.wait(20)
    one.deliver()
    beats = one.named("beat")
    assert len({e["id"] for e in beats}) == len(beats)
    assert {e["kind"] for e in beats} == {"interval"}
    times = sorted(e["time"] for e in beats)
    assert len(set(times)) == len(times)
    assert len({e["session"] for e in beats}) == 1


def test_each_moment_knows_how_long_the_process_has_run(app, wait_until):
    one = app("begin: { when: start, properties: { up: \"${process.uptime_ms}\" } }\n"
              "beat: { when: { every: 100ms }, properties: { up: \"${process.uptime_ms}\" } }\n"
              "turn: { when: { every: 100ms, per: installation }, properties: { up: \"${process.uptime_ms}\" } }\n"
              "end: { when: stop, properties: { up: \"${process.uptime_ms}\", lived: \"${exit.duration_ms}\" } }")
    process = one.start("sleep", "300")
    one.follow()
    wait_until(lambda: len(one.named("beat")) >= 3 and len(one.named("turn")) >= 2, 20, "beats and turns")
    ups = {name: [e["properties"]["up"] for e in sorted(one.named(name), key=lambda e: e["time"])] for name in ("beat", "turn")}
    process.terminate()
    wait_until(lambda: one.named("end"), 20, "its end")
    (begin,), (end,) = one.named("begin"), one.named("end")
    assert begin["properties"] == {"up": 0}
    assert end["properties"]["up"] == end["properties"]["lived"]
    for seen in ups.values():
        assert seen == sorted(set(seen)) and 100 <= seen[1] and seen[-1] <= end["properties"]["lived"]


def test_how_long_its_parent_has_run_is_not_known_to_a_child(app):
    one = app("ran: { when: { child: [ls] }, properties: { up: \"${process.uptime_ms}\", code: \"${exit.code}\" } }")
    one.run("sh", "-c", "ls / >/dev/null; true")
    one.deliver()
    assert [e["properties"] for e in one.named("ran")] == [{"code": 0}]


def test_killed_drainers_neither_lose_nor_double_a_tick(app, wait_until):
    one = app("beat: { when: { every: 100ms } }")
    process = one.start("sleep", "300")
    seen = 0
    for _ in range(12):
        drainer = one.follow()
        wait_until(lambda: len(one.named("beat")) > seen, 30, "another beat")
        seen = len(one.named("beat"))
        drainer.kill()
        drainer.wait(10)
    process.kill()
    one.deliver()
    beats = one.named("beat")
    ids = [e["id"] for e in beats]
    # A request that a killed drainer had sent and not seen answered comes again, with the same id.
    assert len(set(ids)) == len({e["time"] for e in beats})


def test_an_installation_has_one_turn_for_all_processes_and_catches_up(app, wait_until, state, env):
    one = app("daily: { when: { every: 1s, per: installation } }\nbegan: { when: start }")
    first, second = one.start("sleep", "300"), one.start("sleep", "300")
    follower = one.follow()
    wait_until(lambda: len(one.named("daily")) >= 3, 30, "three turns")
    follower.terminate()
    follower.wait(20)
    ids = [e["id"] for e in one.named("daily")]
    assert len(set(ids)) == len(ids)
    for process in (first, second):
        process.kill()
        process.wait(10)
    # The gap is made up for once, by whichever process comes next.
    one.deliver()
    before = len(one.named("daily"))
    wait_until(lambda: one.run("sleep", "0") and one.deliver() is None and len(one.named("daily")) > before, 30, "the turn after the gap")
    assert len(one.named("daily")) == before + 1
    assert list((state / "schedules").iterdir())


def test_a_value_that_changed_is_reported_once(app):
    one = app('upgraded: { when: { change: { env: APP_VERSION } }, properties: { to: { env: APP_VERSION } } }')
    for version in ("1", "1", "2", "2", "1"):
        one.run("sleep", "0", APP_VERSION=version)
        one.deliver()
    assert [e["properties"]["to"] for e in one.named("upgraded")] == ["1", "2", "1"]
    assert {e["kind"] for e in one.named("upgraded")} == {"change"}


def test_a_file_that_appears_and_goes_is_an_event_each(app, tmp_path):
    mark = tmp_path / "done"
    one = app(f'there: {{ when: {{ file: "{mark}" }} }}\ngone: {{ when: {{ file: "{mark}", how: disappears }} }}')

    def look():
        one.run("sleep", "0")
        one.deliver()

    look()
    mark.write_text("x")
    look()
    look()
    mark.unlink()
    look()
    assert (len(one.named("there")), len(one.named("gone"))) == (1, 1)


def test_once_per_installation_is_once(app):
    one = app("first: { when: { start: any, once: installation } }\nbegan: { when: start }")
    for _ in range(3):
        one.run("sleep", "0")
        one.deliver()
    one.run("sleep", "0")
    one.run("sleep", "0")
    one.deliver()
    assert (len(one.named("first")), len(one.named("began"))) == (1, 5)


def test_a_limit_holds_over_processes(app):
    one = app("began: { when: start, limit: 2 per 1h }\nended: { when: stop }")
    for _ in range(5):
        one.run("sleep", "0")
    one.deliver()
    assert (len(one.named("began")), len(one.named("ended"))) == (2, 5)


def test_a_sample_takes_whole_runs_and_says_its_share(app):
    one = app('began: { when: start, sample: 0.5, properties: { share: "${event.sample}" } }\nended: { when: stop, sample: 0.5 }')
    for _ in range(40):
        one.run("sleep", "0")
    one.deliver()
    began, ended = one.named("began"), one.named("ended")
    assert {e["session"] for e in began} == {e["session"] for e in ended}
    assert 4 <= len(began) <= 36
    assert {e["properties"]["share"] for e in began} == {0.5}


def test_what_is_remembered_decides_later_events_in_the_order_written(app):
    one = app("""
installed:
  when: start
  if: { not: "${remembered.version}" }
  remember: { version: { env: APP_VERSION } }
upgraded:
  when: start
  if: [ "${remembered.version}", { value: "${remembered.version}", is_not: "${now}" } ]
  properties: { from: "${remembered.version}" }
  remember: { version: { env: APP_VERSION } }
""".replace('"${now}"', '"2"'))
    for version in ("1", "1"):
        one.run("sleep", "0", APP_VERSION=version)
    one.deliver()
    one.run("sleep", "0", APP_VERSION="2")
    one.deliver()
    assert len(one.named("installed")) == 1
    assert [e["properties"] for e in one.named("upgraded")] == [{"from": "1"}, {"from": "1"}]


def test_each_element_is_an_event_of_its_own(app, tmp_path, state, receiver):
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps([{"name": "a", "n": {"m": 1}}, {"name": "b", "n": {"m": 2}}, 3]))
    one = app(f"""
row:
  when: start
  for_each: {{ run: [cat, "{rows}"], as: json }}
  name: row.${{item.name}}
  properties: {{ m: "${{item.n.m}}", whole: "${{item}}" }}
""")
    one.run("sleep", "0")
    receiver.answer(503, 200)
    one.deliver()
    events = receiver.events()
    assert [(e["event"], e["properties"].get("m")) for e in events] == [("row.a", 1), ("row.b", 2), ("row", None)]
    assert events[2]["properties"]["whole"] == 3
    assert len({e["id"] for e in events}) == 3


def test_a_service_ticks_from_its_own_thread_or_helper_and_ends_clean(app, wait_until):
    one = app("beat: { when: { every: 200ms } }\nend: { when: stop, properties: { signal: \"${exit.signal}\" } }")
    one.file.write_text(one.file.read_text().replace("sender: later", "sender: thread"))
    support.run(support.Bookend.tool, "compile", one.file, env=one.environment(), check=True)
    process = one.start("sleep", "300")
    wait_until(lambda: len(one.named("beat")) >= 3, 20, "beats by its own thread")
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    wait_until(lambda: one.deliver() is None and one.named("end"), 20, "its end")
    assert one.named("end")[0]["properties"] == {"signal": 15}
