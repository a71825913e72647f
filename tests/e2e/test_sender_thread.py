"""The sender thread of a service: what it delivers while the process runs, when it is there and when it is not."""

import json
import os
import pathlib
import re
import shutil
import signal
import time

import pytest

import support

SERVICE = """bookend: 1
destinations:
  out: {{ format: json, url: "{url}"{more} }}
services:
  app:
    match: {{ exe: {exe} }}
    {sender}
    to: out
    consent: [ allow: always ]
    events:
      began: {{ when: start }}
      ended: {{ when: stop, properties: {{ code: "${{exit.code}}", how: "${{exit.how}}" }} }}
"""


def policy_text(url, exe="sleep", sender="", more=""):
    return SERVICE.format(url=url, exe=exe, sender=sender, more=more)


def threads(pid):
    """The names of a process's threads but its first."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if int(task.name) != pid:
            found.append((task / "comm").read_text().strip())
    return sorted(found)


def loaded(pid, what):
    return what in pathlib.Path(f"/proc/{pid}/maps").read_text()


class Service:
    def __init__(self, state, policy, start):
        self.state, self.policy, self.begin = state, policy, start
        self.env = support.environment(state)

    def start(self, *command, text, **more):
        return self.begin(*command, env=support.preload(self.state, "app", self.policy(text)), **more)

    def status(self):
        return support.status(self.env)


@pytest.fixture
def service(state, policy, start):
    return Service(state, policy, start)


def test_a_start_is_delivered_while_the_process_runs_and_the_thread_leaves(service, receiver):
    process = service.start("sleep", "60", text=policy_text(receiver.url))
    begun = receiver.wait(1)
    assert [(event["event"], event["pid"]) for event in begun] == [("began", process.pid)]
    support.wait_until(lambda: not threads(process.pid), 5, "the end of the thread")
    assert service.status()["counts"]["no_thread"] == 0
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    ended = receiver.wait(2)[1]
    assert (ended["event"], ended["session"]) == ("ended", begun[0]["session"])


@pytest.mark.parametrize("sender", ["helper", "later"])
def test_another_sender_has_no_thread(service, receiver, sender):
    process = service.start("sleep", "1", text=policy_text(receiver.url, sender=f"sender: {sender}"))
    while process.poll() is None:
        assert not threads(process.pid) and not loaded(process.pid, "libbookend-sender")
        time.sleep(0.02)


def doctor(env, *words):
    done = support.run(support.Bookend.tool, "doctor", "--json", *words, env=env)
    return json.loads(done.stdout)


def way(service, pid, *expected, deadline=5):
    """The slot's word, as doctor and status say it, once it is one of those."""

    def there():
        before = doctor(service.env, pid).get("delivery")
        rows = [(row["sender"], row["why"]) for row in service.status()["lifecycles"] if row["pid"] == pid]
        if not rows or not before or before != doctor(service.env, pid).get("delivery") or before["way"] not in expected:
            return None
        assert rows == [(before["by"], before["why"])]
        return before["way"]

    return support.wait_until(there, deadline, f"{expected} as the way of {pid}")


def test_doctor_and_status_say_who_delivers_and_why(service, receiver):
    text = policy_text(receiver.url, exe="[sleep, cat]")
    receiver.hold()
    process = service.start("sleep", "60", text=text)
    assert way(service, process.pid, "at_work") == "at_work"
    receiver.go_on()
    assert way(service, process.pid, "done") == "done"
    env = support.environment(service.state, BOOKEND_SERVICE="app", BOOKEND_POLICY=service.policy(text))
    said = doctor(env, "sleep", "1")
    assert (said["program"]["measured"], said["program"]["service"]) == (True, "app")
    assert said["delivery"]["by"] == "thread"
    said = doctor(env, "true")
    assert (said["program"]["measured"], said["program"]["why"]) == (False, "no service of the policy matches this process")
    assert doctor(service.env, "true")["program"]["why"] == "BOOKEND_SERVICE is not set"


@pytest.mark.parametrize("sender,by", [("helper", "helper"), ("later", "later")])
def test_doctor_knows_what_the_policy_asks_for(service, receiver, sender, by):
    process = service.start("sleep", "60", text=policy_text(receiver.url, sender=f"sender: {sender}"))
    assert way(service, process.pid, f"asked_{by}")


def test_a_short_life_loads_nothing(service, receiver, tmp_path):
    """Within its rest before the work: as most processes that are no services after all."""
    trace = tmp_path / "trace"
    process = service.start("strace", "-f", "-o", trace, "sleep", "0.1", text=policy_text(receiver.url))
    process.wait(20)
    assert "libbookend.so" in trace.read_text() and "CLOSE_RANGE_UNSHARE" not in trace.read_text()
    assert [event["event"] for event in receiver.wait(2)] == ["began", "ended"]


def test_a_dead_network_leaves_a_parked_thread_that_burns_nothing(service):
    process = service.start("sleep", "60", text=policy_text(
        f"http://127.0.0.1:{support.free_port()}", more=", retry: { tries: 2, wait: 1ms }"))

    def spent():
        task = next(t for t in pathlib.Path(f"/proc/{process.pid}/task").iterdir() if int(t.name) != process.pid)
        return sum(map(int, (task / "stat").read_text().rsplit(")", 1)[1].split()[11:13])), (task / "schedstat").read_text().split()[2]

    support.wait_until(lambda: any(row["failures"] for row in service.status()["destinations"]), 10, "a failure")
    support.wait_until(lambda: threads(process.pid) == ["bookend"], 5, "the thread")
    before = support.wait_until(lambda: (lambda a: a if a == (time.sleep(0.3), spent())[1] else None)(spent()), 5, "its sleep")
    time.sleep(1)
    assert spent() == before, "a parked thread is woken for nothing"


LIBRARY = "libbookend-sender.so"


@pytest.fixture
def installed(tmp_path):
    """A copy of the build that may be changed: its folder."""
    folder = tmp_path / "installed"
    folder.mkdir()
    for part in (support.Bookend.tool, support.Bookend.shim, support.Bookend.sender):
        shutil.copy2(part, folder)
    return folder


def damage(folder, how):
    library = folder / LIBRARY
    if how == "missing":
        library.unlink()
    elif how == "writable":
        library.chmod(0o777)
    elif how == "another":
        support.run("cc", "-shared", "-x", "c", "-o", library, "/dev/null", check=True)
        library.chmod(0o755)
    elif how == "torn":
        library.write_bytes(library.read_bytes()[:5000])


@pytest.mark.parametrize("how,expected", [
    ("missing", "no_library"), ("writable", "no_library"), ("another", "other_version"), ("torn", "no_library")])
def test_without_a_sound_library_the_helper_delivers(state, start, installed, receiver, how, expected):
    file = installed / "policy.yaml"
    file.write_text(policy_text(receiver.url))
    support.run(installed / "bookend", "compile", file, check=True, env=support.environment(state))
    keep = (installed / LIBRARY).read_bytes()
    damage(installed, how)
    env = support.environment(state, LD_PRELOAD=installed / "libbookend.so", BOOKEND_SERVICE="app", BOOKEND_POLICY=file)
    process = start("sleep", "60", env=env)

    class One:
        env = support.environment(state)
        status = staticmethod(lambda: support.status(support.environment(state)))

    assert way(One, process.pid, expected)
    assert One.status()["counts"]["no_thread"] == 1 and not threads(process.pid)
    (installed / LIBRARY).unlink(missing_ok=True)
    (installed / LIBRARY).write_bytes(keep)
    process.terminate()
    assert [event["event"] for event in receiver.wait(2)] == ["began", "ended"]


def test_an_exit_waits_for_what_the_policy_gives_it(state, start, installed, https_receiver):
    """Also when nothing is loaded yet: the process lives for a fifth of its thread's rest. No helper can come to its help."""
    file = installed / "policy.yaml"
    file.write_text(policy_text(https_receiver.url, more=f", tls: {{ ca: {https_receiver.authority} }}, send: {{ exit: 10s }}"))
    support.run(installed / "bookend", "compile", file, check=True, env=support.environment(state))
    (installed / "bookend").unlink()
    env = support.environment(state, LD_PRELOAD=installed / "libbookend.so", BOOKEND_SERVICE="app", BOOKEND_POLICY=file)
    process = start("sleep", "0.05", env=env)
    assert process.wait(20) == 0
    assert [event["event"] for event in https_receiver.events()] == ["began"]


def test_an_exit_waits_no_longer_than_that(service, receiver):
    receiver.answer("silent")
    begun = time.monotonic()
    process = service.start("sleep", "0.05", text=policy_text(receiver.url, more=", send: { exit: 600ms }"))
    process.wait(20)
    assert 0.6 <= time.monotonic() - begun < 3


LISTENS = r"""
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(s, (void *)&at, sizeof(at)) || listen(s, 5))
		return 1;
	write(1, "x", 1);
	return 0;
}
"""


@pytest.mark.parametrize("sender", ["thread", "helper"])
def test_what_a_service_had_open_is_closed_when_it_is_gone(service, receiver, compile_c, sender):
    """Its successor finds the port free, and who reads its output finds the end."""
    program, port = compile_c(LISTENS, name="listens"), support.free_port()
    text = policy_text(receiver.url, exe="listens", sender=f"sender: {sender}")
    for _ in range(15):
        process = service.start(program, port, text=text, stdout=-1)
        assert process.wait(10) == 0
        os.set_blocking(process.stdout.fileno(), False)
        assert os.read(process.stdout.fileno(), 10) == b"x" and os.read(process.stdout.fileno(), 10) == b""
        process.stdout.close()


def test_nothing_of_the_sender_is_ever_unmapped(service, https_receiver, tmp_path):
    """What the host's exit could run into: every library of the namespace stays mapped until the process is gone."""
    trace = tmp_path / "trace"
    text = policy_text(https_receiver.url, more=f", tls: {{ ca: {https_receiver.authority} }}")
    process = service.start("strace", "-f", "-e", "trace=mmap,munmap,openat,exit_group", "-o", trace, "sleep", "1.2", text=text)
    https_receiver.wait(1)
    process.wait(20)
    mapped, files = [], {}
    for line in trace.read_text().splitlines():
        pid, call = line.split(None, 1)
        if found := re.match(r'openat\(.*"([^"]+)".*= (\d+)$', call):
            files[pid, found[2]] = found[1]
        elif found := re.match(r"mmap\((?:NULL|0x\w+), (\d+), .*, (\d+), 0x?\w*\) = (0x\w+)$", call):
            if re.search(r"libcurl|libcrypto|libssl|libbookend-sender", files.get((pid, found[2]), "")):
                mapped.append((int(found[3], 16), int(found[1])))
        elif found := re.match(r"munmap\((0x\w+), (\d+)\)", call):
            at, length = int(found[1], 16), int(found[2])
            assert not [one for one in mapped if one[0] < at + length and at < one[0] + one[1]], line
        elif "exit_group" in call:
            break  # what comes behind it is the helper's
    assert len(mapped) >= 4


def test_what_only_loading_read_of_the_libraries_is_not_kept(service):
    """Of TLS, which is loaded and not used, next to nothing is in the process's memory."""
    process = service.start("sleep", "60", text=policy_text(
        f"http://127.0.0.1:{support.free_port()}", more=", retry: { tries: 2, wait: 1ms }"))
    support.wait_until(lambda: any(row["failures"] for row in service.status()["destinations"]), 10, "a failure")
    size = kept = 0
    for mapping in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", pathlib.Path(f"/proc/{process.pid}/smaps").read_text()):
        if re.match(r"\S+ r-.p .*libcrypto", mapping):
            size += int(re.search(r"Size: +(\d+)", mapping)[1])
            kept += int(re.search(r"Rss: +(\d+)", mapping)[1])
    assert size > 2000 and kept < size / 10, (kept, size)


STAYS = """bookend: 1
destinations:
  out: {{ format: json, url: "{url}", send: {{ wait: 50ms }} }}
services:
  app:
    match: {{ exe: {exe} }}
    to: out
    consent: [ allow: always ]
    events:
      began: {{ when: start }}
      beat: {{ when: {{ every: 200ms }} }}
"""


def test_a_thread_that_has_more_to_come_stays_and_delivers_it(service, receiver):
    process = service.start("sleep", "60", text=STAYS.format(url=receiver.url, exe="sleep"))
    events = receiver.wait(5)
    assert [event["event"] for event in events[:2]] == ["began", "beat"]
    assert threads(process.pid) == ["bookend"] and way(service, process.pid, "at_work")
    assert len({event["id"] for event in receiver.events()}) == len(receiver.events())
    process.terminate()
    process.wait(10)


def test_switched_off_it_sends_no_more(service, receiver):
    process = service.start("sleep", "60", text=STAYS.format(url=receiver.url, exe="sleep"))
    receiver.wait(3)
    support.run(support.Bookend.tool, "off", env=service.env, check=True)
    before = len(receiver.events())
    time.sleep(1.2)
    assert len(receiver.events()) <= before + 1
    support.run(support.Bookend.tool, "on", env=service.env, check=True)
    process.terminate()
    process.wait(10)


def test_without_libcurl_the_thread_leaves_it_to_the_helper(service, receiver, tmp_path):
    """The helper has an environment of its own, and so its own way to libcurl."""
    support.run("cc", "-shared", "-x", "c", "-o", tmp_path / "libcurl.so.4", "/dev/null", check=True)
    env = {**support.preload(service.state, "app", service.policy(policy_text(receiver.url))), "LD_LIBRARY_PATH": str(tmp_path)}
    process = service.begin("sleep", "60", env=env)
    assert way(service, process.pid, "no_curl")
    support.wait_until(lambda: not threads(process.pid), 5, "the end of the thread")
    assert service.status()["counts"]["no_thread"] == 1
    process.terminate()
    assert [event["event"] for event in receiver.wait(2)] == ["began", "ended"]
