"""A process that changes its credentials: nobody can tell, and what it records from then on is untrusted."""

import os
import subprocess

import pytest

import support
from lifecycle import same_behaviour

POLICY = """
bookend: 1
destinations:
  out: {{ format: ndjson, url: "file:{out}" }}
defaults:
  to: out
  consent: [ {{ allow: always }} ]
  properties:
    probe: {{ run: [echo, asked] }}
    file: {{ file: "{file}", as: text }}
    code: ${{exit.code}}
services:
  alpha:
    match: {{ exe: changer }}
    sender: {sender}
    events:
      began: {{ when: start }}
      ended: {{ when: stop }}
      worker: {{ when: worker }}
"""

CHANGER = r"""
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int capset(cap_user_header_t header, cap_user_data_t data);
int capget(cap_user_header_t header, cap_user_data_t data);

static int caps(int through)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	capget(&header, data);
	return through ? syscall(SYS_capset, &header, data) : capset(&header, data);
}

static int change(const char *how)
{
	uid_t user = geteuid();
	gid_t group = getegid(), groups[64];
	int count = getgroups(64, groups);
	struct passwd *name = getpwuid(user);

#define IS(x) (!strcmp(how, x))
	if (IS("setuid")) return setuid(user);
	if (IS("seteuid")) return seteuid(user);
	if (IS("setreuid")) return setreuid(-1, user);
	if (IS("setresuid")) return setresuid(-1, -1, -1);
	if (IS("setgid")) return setgid(group);
	if (IS("setegid")) return setegid(group);
	if (IS("setregid")) return setregid(-1, group);
	if (IS("setresgid")) return setresgid(-1, -1, -1);
	if (IS("setgroups")) return setgroups(count, groups);
	if (IS("initgroups")) return initgroups(name ? name->pw_name : "root", group);
	if (IS("capset")) return caps(0);
	if (IS("syscall setresuid")) return syscall(SYS_setresuid, -1, -1, -1);
	if (IS("syscall capset")) return caps(1);
	if (IS("refused")) return setgroups(1 << 20, groups);
	return 0;
}

static void *changes(void *how)
{
	return (void *)(long)change(how);
}

int main(int argc, char **argv)
{
	const char *where = argc > 2 ? argv[2] : "";
	pthread_t thread;
	void *result;
	long rc;
	char c;

	if (!strcmp(where, "in a thread")) {
		pthread_create(&thread, NULL, changes, argv[1]);
		pthread_join(thread, &result);
		printf("%ld\n", (long)result);
	} else if (!strcmp(where, "in a vfork")) {
		if (!vfork())
			_exit(change(argv[1]) != 0);
		wait(NULL);
	} else if (!strcmp(where, "in a worker")) {
		if (!fork()) {
			change(argv[1]);
			_exit(3);
		}
		wait(NULL);
	} else if (!strcmp(where, "in a daemon")) {
		pid_t parent = getpid();
		if (fork())
			_exit(0);
		change(argv[1]);
		setsid();
		while (getppid() == parent) /* over before, it would have been a worker */
			usleep(1000);
		exit(4);
	} else {
		errno = 0;
		rc = change(argv[1]);
		printf("%ld %d\n", rc, errno);
	}
	fflush(stdout);
	if (!strcmp(where, "and wait"))
		read(0, &c, 1);
	return 4;
}
"""

CHANGES = ["setuid", "seteuid", "setreuid", "setresuid", "setgid", "setegid", "setregid", "setresgid", "capset", "syscall setresuid",
           "syscall capset"]
FOR_ROOT = ["setgroups", "initgroups"]


class Changed:
    def __init__(self, folder, state, sender="later"):
        self.state, self.out, self.policy = state, folder / "changed.ndjson", folder / "changed.yaml"
        file = folder / "file.txt"
        file.write_text("read")
        self.policy.write_text(POLICY.format(out=self.out, file=file, sender=sender))
        self.tool_env = support.environment(state)
        support.run(support.Bookend.tool, "compile", self.policy, env=self.tool_env, check=True)

    def env(self):
        return support.preload(self.state, "alpha", self.policy)

    def status(self):
        return support.json_lines(support.run(support.Bookend.tool, "status", "--json", env=self.tool_env).stdout)[0]

    def probed(self, count=2):
        """Event → whether its probe and its file were looked at."""

        def all_there():
            support.run(support.Bookend.tool, "flush", "--once", env=self.tool_env)
            found = support.json_lines(self.out.read_text()) if self.out.exists() else []
            return found if len(found) == count else None

        events = support.wait_until(all_there, 20, f"{count} events")
        for event in events:
            own = event["properties"]
            assert ("probe" in own) == ("file" in own), event
        return {event["event"]: "probe" in event["properties"] for event in events}


@pytest.fixture
def changer(compile_c):
    return compile_c(CHANGER, name="changer", flags=["-pthread"])


@pytest.mark.parametrize("how", CHANGES + FOR_ROOT)
def test_behind_a_change_nothing_is_probed(how, changer, tmp_path, state):
    changed = Changed(tmp_path, state)
    done = same_behaviour([changer, how], changed.env(), tmp_path)
    worked = done.stdout == "0 0\n"
    assert worked or how in FOR_ROOT
    assert changed.probed() == {"began": True, "ended": not worked}


def test_a_change_that_is_refused_is_none(changer, tmp_path, state):
    changed = Changed(tmp_path, state)
    done = same_behaviour([changer, "refused"], changed.env(), tmp_path)
    assert done.stdout.startswith("-1 ")
    assert changed.probed() == {"began": True, "ended": True}


@pytest.mark.parametrize("where, ended", [("in a thread", False), ("in a vfork", True), ("in a daemon", False)])
def test_it_counts_for_the_process_that_changes(where, ended, changer, tmp_path, state):
    changed = Changed(tmp_path, state)
    same_behaviour([changer, "setuid", where], changed.env(), tmp_path)
    assert changed.probed() == {"began": True, "ended": ended}


def test_a_worker_that_changes_leaves_its_service_as_it_was(changer, tmp_path, state):
    changed = Changed(tmp_path, state)
    same_behaviour([changer, "setuid", "in a worker"], changed.env(), tmp_path)
    assert changed.probed(3) == {"began": True, "ended": True, "worker": False}


@pytest.mark.parametrize("how", ["setuid", "nothing"])
def test_behind_a_change_to_the_same_user_a_helper_is_spawned(how, changer, tmp_path, state):
    changed = Changed(tmp_path, state, sender="helper")
    same_behaviour([changer, how], changed.env(), tmp_path)
    changed.probed()
    assert changed.status()["counts"]["helpers"] == 1


def test_the_sender_s_thread_is_gone_before_a_change(changer, start, tmp_path, state):
    changed = Changed(tmp_path, state, sender="thread")
    process = start(changer, "setuid", "and wait", env=changed.env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"0 0\n"
    (one,) = changed.status()["lifecycles"]
    assert "user, groups" in one["why"]
    assert len(os.listdir(f"/proc/{process.pid}/task")) == 1
    process.communicate(b"x")
    assert changed.probed()["ended"] is False
