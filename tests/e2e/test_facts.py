"""Facts of the machine, the executable and the surroundings, against what the machine's own tools say."""

import hashlib
import json
import os
import pathlib
import pty
import re
import subprocess

import pytest

import support

POLICY = """bookend: 1
destinations:
  out: {{ format: ndjson, url: "file:{file}" }}
services:
  app:
    match: {{ exe: {exe} }}
    sender: later
    consent: [{consent}]
    to: out
    properties:
      ci: {{ value: "${{ci.name}}", else: null }}
      terminal: ${{process.terminal}}
      build_id: {{ value: "${{process.build_id}}", else: null }}
      package: {{ value: "${{process.package}}", else: null }}
      version: {{ value: "${{process.package.version}}", else: null }}
      machine: {{ value: "${{host.machine_id}}", hash: sha256, else: null }}
      cpu: {{ value: "${{os.cpu}}", else: null }}
    events:
      begun: {{ when: start }}
"""


class Facts:
    def __init__(self, state, policy, tmp_path):
        self.state, self.policy, self.file, self.env = state, policy, tmp_path / "out.ndjson", support.environment(state)

    def of(self, program="/bin/true", consent="{ allow: always }", run=support.run, **more):
        exe = os.path.basename(program)
        yaml = self.policy(POLICY.format(file=self.file, exe=f"'{exe}'", consent=consent))
        before = len(support.json_lines(self.file.read_text())) if self.file.exists() else 0
        run(program, env=support.preload(self.state, "app", yaml, **more))
        support.deliver(self.env)
        lines = support.json_lines(self.file.read_text()) if self.file.exists() else []
        return lines[-1]["properties"] if len(lines) > before else None


@pytest.fixture
def facts(state, policy, tmp_path, bookend):
    return Facts(state, policy, tmp_path)


def vendors():
    """The rows of the table, from the conformance payload that it must agree with, and today's."""
    table = json.loads((pathlib.Path(__file__).parent / "data" / "ci_vendors.json").read_text())
    for row in table["vendors"]:
        form = row["env"]
        names = {form: "1"} if isinstance(form, str) else dict.fromkeys(form, "1") if isinstance(form, list) else form
        yield row["constant"], names
    for name in table["fallback"]["any"]:
        yield table["fallback"]["constant"], {name: "true"}


def test_each_service_is_known(facts):
    wrong = {}
    for constant, names in vendors():
        found = facts.of(CI="true" if "CI" not in names else names["CI"], **names)["ci"] if constant != "UNKNOWN_VENDOR" else facts.of(**names)["ci"]
        if found != constant:
            wrong[constant] = found
    assert not wrong
    assert facts.of()["ci"] is None
    assert facts.of(JENKINS_URL="x")["ci"] is None, "only with BUILD_ID"
    assert facts.of(CI_NAME="other", CI="")["ci"] is None
    assert facts.of(GITHUB_ACTIONS="true", CI="true")["ci"] == "GITHUB_ACTIONS"


def test_consent_can_ask_for_it(facts):
    assert facts.of(consent='{ deny: "${ci.name}" }, { allow: always }', CI="1") is None
    assert facts.of(consent='{ deny: "${ci.name}" }, { allow: always }') is not None
    assert facts.of(consent='{ allow: "${process.terminal}" }') is None


def test_a_terminal(facts):
    def in_terminal(program, env):
        ours, theirs = pty.openpty()
        subprocess.run([program], env=env, stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        os.close(ours)
        os.close(theirs)

    assert facts.of()["terminal"] is False
    assert facts.of(run=in_terminal)["terminal"] is True


NOTE = r"""
__asm__(".section .note.package,\"a\"\n.balign 4\n.long 4, 2f-1f, 0xcafe1a7e\n.asciz \"FDO\"\n"
	"1: .asciz \"{\\\"type\\\":\\\"deb\\\",\\\"name\\\":\\\"app\\\",\\\"version\\\":\\\"1.2-3\\\"%s}\"\n2: .balign 4\n.previous");
int main(void) { return 0; }
"""


def build_id(program):
    out = support.run("readelf", "-n", program, check=True).stdout
    found = re.search("Build ID: ([0-9a-f]+)", out)
    return found[1] if found else None


def test_notes_of_the_executable(facts, compile_c):
    assert facts.of()["build_id"] == build_id("/bin/true") is not None
    plain = compile_c(NOTE % "", name="noted", flags=["-Wl,--build-id=sha1"])
    got = facts.of(plain)
    assert got["build_id"] == build_id(plain) and got["version"] == "1.2-3"
    assert got["package"] == {"type": "deb", "name": "app", "version": "1.2-3"}
    fixed = compile_c(NOTE % "", name="fixed", flags=["-no-pie", "-Wl,--build-id=md5"])
    assert facts.of(fixed)["build_id"] == build_id(fixed) is not None
    bare = compile_c("int main(void) { return 0; }", name="bare", flags=["-Wl,--build-id=none"])
    assert facts.of(bare)["build_id"] is None and facts.of(bare)["package"] is None
    broken = compile_c(NOTE % ",", name="broken")
    assert facts.of(broken)["package"] is None and facts.of(broken)["version"] is None


def test_the_machine(facts):
    got = facts.of()
    known = pathlib.Path("/etc/machine-id")
    if known.exists() and re.fullmatch("[0-9a-f]{32}\n?", known.read_text()):
        assert got["machine"] == hashlib.sha256(known.read_text().strip().encode()).hexdigest()
    else:
        assert got["machine"] is None
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    assert got["cpu"] == (model[1] if model else None)


@pytest.mark.parametrize("source", ['${host.machine_id}', 'x-${host.machine_id}', '{ value: "${host.machine_id}", else: x }',
                                    '{ object: { a: "${m}" } }'])
def test_the_machines_id_does_not_leave_as_it_is(run, bookend, tmp_path, source):
    policy = tmp_path / "policy.yaml"
    text = POLICY.format(file="/x", exe="x", consent="{ allow: always }") + "values: { m: '${host.machine_id}' }\n"
    policy.write_text(text)
    assert run(bookend.tool, "check", policy).returncode == 0
    policy.write_text(text.replace("      cpu:", f"      bad: {source}\n      cpu:"))
    done = run(bookend.tool, "check", policy)
    assert done.returncode == 1 and "hash: sha256" in done.stdout + done.stderr


CRASH = r"""
#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static sigjmp_buf back;
static void jump(int number) { siglongjmp(back, 1); }

__attribute__((noinline)) void inner(const char *how)
{
	if (strcmp(how, "assert") == 0)
		assert(how[0] == 'z');
	if (strcmp(how, "segv") == 0)
		raise(SIGSEGV);
	if (strcmp(how, "jump") == 0 && sigsetjmp(back, 1) == 0) {
		signal(SIGABRT, jump);
		abort();
	}
	if (strcmp(how, "jump") != 0)
		abort();
	__asm__ volatile("");
}

__attribute__((noinline)) void outer(const char *how)
{
	inner(how);
	__asm__ volatile("");
}

static void *thread(void *how)
{
	outer(how);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t other;

	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (argc > 2) {
		pthread_create(&other, 0, thread, argv[1]);
		pthread_join(other, 0);
	}
	outer(argv[1]);
	return 3;
}
"""
CRASH_POLICY = """bookend: 1
destinations:
  out: {{ format: ndjson, url: "file:{file}" }}
services:
  app:
    match: {{ exe: {exe} }}
    sender: later
    consent: [allow: always]
    to: out
    events:
      ended: {{ when: stop, properties: {{ how: "${{exit.how}}", frames: {{ value: "${{crash.frames}}", else: none }} }} }}
"""


def functions(program):
    """(first, last) address → name, from the symbol table."""
    lines = support.run("nm", "-S", program, check=True).stdout.splitlines()
    found = [line.split() for line in lines]
    return {(int(w[0], 16), int(w[0], 16) + int(w[1], 16)): w[3] for w in found if len(w) == 4}


def names_of(frames, program):
    table, names = functions(program), []
    for frame in frames:
        module, offset = frame.split("+0x")
        if module == os.path.basename(program):
            names += [name.split(".")[0] for (first, last), name in table.items() if first < int(offset, 16) <= last]
    return names


@pytest.mark.parametrize("words, flags, expected", [
    (["abort"], ["-fno-omit-frame-pointer"], ["inner", "outer", "main"]),
    (["assert"], ["-fno-omit-frame-pointer"], ["inner", "outer", "main"]),
    (["abort", "thread"], ["-fno-omit-frame-pointer"], ["inner", "outer", "thread"]),
    (["abort"], ["-fomit-frame-pointer", "-O2"], ["inner"]),
    (["segv"], ["-fno-omit-frame-pointer"], None),
    (["jump"], ["-fno-omit-frame-pointer"], None),
])
def test_where_a_process_aborted(facts, compile_c, tmp_path, words, flags, expected):
    program = compile_c(CRASH, name="crashes", flags=[*flags, "-fno-optimize-sibling-calls", "-pthread"])
    yaml = facts.policy(CRASH_POLICY.format(file=facts.file, exe="crashes"))
    plain = support.run(program, *words, env=support.environment())
    done = support.run(program, *words, env=support.preload(facts.state, "app", yaml))
    assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    support.deliver(facts.env)
    got = support.json_lines(facts.file.read_text())[-1]["properties"]
    if expected is None:
        assert got["frames"] == "none"
    else:
        assert got["how"] == "crashed"
        assert names_of(got["frames"], program)[:len(expected)] == expected
        assert all(re.fullmatch(r"[^/+]+\+0x[0-9a-f]+", frame) for frame in got["frames"])


def test_frames_are_taken_only_when_asked_for(facts, compile_c, tmp_path):
    program = compile_c(CRASH, name="crashes", flags=["-pthread"])
    yaml = facts.policy(CRASH_POLICY.format(file=facts.file, exe="crashes").replace("crash.frames", "exit.signal"))
    trace = tmp_path / "trace"
    support.run("strace", "-f", "-e", "trace=openat", "-o", trace, "-E", f"LD_PRELOAD={support.Bookend.shim}", "-E", "BOOKEND_SERVICE=app", "-E",
                f"BOOKEND_POLICY={yaml}", "-E", f"BOOKEND_STATE={facts.state}", program, "abort", env=support.environment())
    assert "SIGABRT" in trace.read_text() and "/proc/self/maps" not in trace.read_text()
