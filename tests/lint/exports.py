#!/usr/bin/python3
"""What the shared objects export: libbookend.so what shim/lifecycle.def interposes and bookend_look, libbookend-sender.so two functions."""

import re
import subprocess

import tree


def exported(name):
    out = subprocess.run(["nm", "-D", "--defined-only", tree.BUILD / name], check=True, capture_output=True, text=True).stdout
    symbols = [line.split() for line in out.splitlines()]
    return {words[2].split("@")[0] for words in symbols if len(words) == 3 and words[1] != "A"}


def interposed():
    """First argument of every entry of the table."""
    table = "\n".join(tree.lines("shim/lifecycle.def"))
    return set(re.findall(r"^[A-Z_]+\(\s*(\w+)", table, re.M))


def compare(name, wanted):
    have = exported(name)
    for symbol in sorted(have - wanted):
        yield f"{name}: exports {symbol}, which nobody asked for"
    for symbol in sorted(wanted - have):
        yield f"{name}: does not export {symbol}"


tree.finish([*compare("libbookend.so", interposed() | {"bookend_look"}), *compare("libbookend-sender.so", {"bookend_sender", "bookend_sender_thread"})])
