"""Runs programs under watch.so and reads what it saw (tests/hooks/watch.h)."""

import os
import pathlib
import re
import struct
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BOOKEND_BUILD", ROOT / "build"))
LIBRARY = BUILD / "watch.so"
FOREIGN = BUILD / "aarch64"  # what cells.py makes for another machine, run by qemu
QEMU = ("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu")
SPECS, SHARDS = 64, 16
WORDS = 42  # of struct watch_seen
OUTCOMES = re.findall(r"^OUTCOME\((\w+)", (ROOT / "hooks/outcomes.def").read_text(), re.M)
END = SHARDS * SPECS * 8 + SPECS * WORDS * 8


class Seen:
    """Of one spec: count (COUNT), entries, leaves, what the last call had, and what a report says."""

    def __init__(self, data, number):
        self.count = sum(struct.unpack_from("<Q", data, (shard * SPECS + number) * 8)[0] for shard in range(SHARDS))
        words = struct.unpack_from(f"<{WORDS}Q", data, SHARDS * SPECS * 8 + number * WORDS * 8)
        self.entries, self.leaves = words[:2]
        self.integer, self.stack = words[2:8], words[16:24]
        self.floating = struct.unpack("<8d", struct.pack("<8Q", *words[8:16]))
        self.result, self.error = words[24:26]
        self.found = dict(zip(OUTCOMES, words[26:]))

    def __repr__(self):
        return str(vars(self))


def on_foreign(command, preload=None):
    """The command on the other machine; only there is something preloaded."""
    return [*QEMU, *(["-E", f"LD_PRELOAD={preload}"] if preload else []), *command]


def run(folder, specs, *command, env=None, foreign=False, loaded=True, **more):
    """(the finished process, a Seen for each spec). Specs are as watch.c says; loaded: is watch.so to be?"""
    file = pathlib.Path(folder) / "watched"
    file.write_bytes(bytes(END + 32))
    library = FOREIGN / "watch.so" if foreign else LIBRARY
    full = {"PATH": os.environ["PATH"], "LD_PRELOAD": str(library), "WATCH": " ".join(specs), "WATCH_FILE": str(file),
            **(env or {})}
    if foreign:
        command = on_foreign(command, full.pop("LD_PRELOAD"))
    more.setdefault("timeout", 60)
    done = subprocess.run([str(c) for c in command], env=full, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, **more)
    data = file.read_bytes()
    installed, here = struct.unpack_from("<qQ", data, END)
    assert bool(here) == loaded, f"watch.so was{'' if here else ' not'} loaded"
    assert installed == 0, f"hooks_install: {installed}"
    return done, [Seen(data, number) for number in range(len(specs))]
