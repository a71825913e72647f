"""Programs of the system with hooked calls: same output, and what was called is counted."""

import subprocess

import watch


def plain(*command):
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def test_calls_of_all_kinds_are_seen_and_change_nothing(tmp_path):
    command = ("/usr/bin/python3", "-c", "import os; [os.getppid() for _ in range(100)]; os.close(77)")
    done, seen = watch.run(tmp_path, ["count:getppid", "entry:getppid", "call:close", "count:setlocale"], *command)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "OSError: [Errno 9] Bad file descriptor")
    assert seen[0].count == 100
    assert seen[1].entries == 100
    assert (seen[2].integer[0], seen[2].result & 0xFFFFFFFF, seen[2].error) == (77, 0xFFFFFFFF, 9)
    assert seen[3].count > 0
    assert all(one.slots >= 1 and one.objects >= 1 for one in seen)
    assert done.stdout == plain(*command).stdout
