#!/usr/bin/python3
"""What the objects ask of the loader: libbookend.so libc alone, symbols of tests/lint/allowed_symbols.txt with their versions and
weak ones above GLIBC_2.17; no object (or of those named) a segment both writable and executable, an executable stack or text relocations."""

import re
import subprocess
import sys

import tree

FLOOR = (2, 17)


def readelf(name, *options):
    return subprocess.run(["readelf", "-W", *options, tree.BUILD / name], check=True, capture_output=True, text=True).stdout


def allowed():
    """name → versions it may have; a line is: NAME VERSION..., - for none."""
    table = {}
    for line in tree.lines("tests/lint/allowed_symbols.txt"):
        words = line.split("#")[0].split()
        if words:
            table[words[0]] = set(words[1:])
    return table


def undefined(name):
    """(symbol, version or -, is weak) of the dynamic symbols that others must define."""
    for line in readelf(name, "--dyn-syms").splitlines():
        words = line.split()
        if len(words) >= 8 and words[6] == "UND":
            symbol, _, version = words[7].partition("@")
            yield symbol, version.lstrip("@") or "-", words[4] == "WEAK"


def above_floor(version):
    found = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(\.\d+)?", version)
    return bool(found) and (int(found[1]), int(found[2])) > FLOOR


def check_symbols(name):
    table = allowed()
    for symbol, version, weak in undefined(name):
        if symbol not in table:
            yield f"{name}: needs {symbol} {version}, which is not in allowed_symbols.txt"
        elif version not in table[symbol]:
            yield f"{name}: needs {symbol} {version}; allowed is {' '.join(sorted(table[symbol]))}"
        if above_floor(version) and not weak:
            yield f"{name}: needs {symbol} {version}: above GLIBC_2.17 only weak symbols, with a fallback"


def check_segments(name):
    for line in readelf(name, "-l").splitlines():
        words = line.split()
        if words and words[0] == "LOAD" and re.search(r"\bRWE\b|\bWE\b", line):
            yield f"{name}: a segment that is writable and executable"
        if words and words[0] == "GNU_STACK" and "E" in words[6]:
            yield f"{name}: an executable stack"
    dynamic = readelf(name, "-d")
    if "TEXTREL" in dynamic:
        yield f"{name}: text relocations"
    if not re.search(r"\bNOW\b", dynamic):
        yield f"{name}: is not linked with -z now"


def check_inside(name):
    dynamic = readelf(name, "-d")
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    if needed != ["libc.so.6"]:
        yield f"{name}: needs {' '.join(needed)}; libc.so.6 alone is allowed"
    for flag in ("NODELETE", "INITFIRST"):
        if flag not in dynamic:
            yield f"{name}: is not linked with -z {flag.lower()}"


INSIDE = "libbookend.so"
OBJECTS = sys.argv[1:] or (INSIDE, "libbookend-sender.so", "bookend", "bookend-collector")
tree.finish([*check_inside(INSIDE), *check_symbols(INSIDE), *(c for name in OBJECTS for c in check_segments(name))])
