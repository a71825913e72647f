"""What of the preloaded object a process maps: the first segment and its data, which shim/order.txt puts together."""

import re
import subprocess

import support
from lifecycle import Measured


def resident(pid):
    """KB that each executable mapping of the object has in memory, in the order of their addresses."""
    found, ours = [], False
    with open(f"/proc/{pid}/smaps", encoding="ascii") as smaps:
        for line in smaps:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                ours = " r-xp " in line and line.rstrip().endswith("/libbookend.so")
            elif ours and line.startswith("Rss:"):
                found.append(int(line.split()[1]))
    return found


def of_waiting_cat(env):
    """Of a cat that has passed one byte on."""
    with subprocess.Popen(["cat"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as cat:
        cat.stdin.write(b"x")
        assert cat.stdout.read(1) == b"x"
        found = resident(cat.pid)
        cat.stdin.close()
    assert cat.returncode == 0
    return found


def test_a_process_that_is_not_measured_maps_the_first_segment_only(env):
    first, rest = of_waiting_cat({**env, "LD_PRELOAD": str(support.Bookend.shim)})
    assert 0 < first <= 44 and rest == 0


def test_a_measured_command_maps_the_first_segment_only(tmp_path, state):
    measured = Measured(tmp_path, state, {"command": ["cat"]})
    of_waiting_cat(measured.env("command"))  # makes the pool
    measured.lifecycles(1)
    first, rest = of_waiting_cat(measured.env("command"))
    assert 0 < first <= 44 and rest == 0
    measured.lifecycles(2)
