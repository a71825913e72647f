#!/usr/bin/python3
"""Which folder may include what: the table of docs/architecture.md, held by the #include lines."""

import re

import tree

INSIDE = {"base", "hooks", "policy", "shim"}
MAY = {
    "base": {"base"},
    "hooks": {"base", "hooks"},
    "policy": {"base", "policy"},
    "policy/compile": {"base", "policy", "policy/compile"},
    "shim": {"base", "hooks", "policy", "shim"},
    "sender": {"base", "policy", "sender"},
    "tools": {"base", "policy", "policy/compile", "tools"},
    "tools/collector": {"base", "tools/collector"},
}
# Beyond the table: tools talk to the sender through its face only, and read its stats file.
ALSO = {"tools": {"sender/sender.h", "sender/stats_format.h", "sender/stats_counts.def"},
        "tools/collector": {"tools/message.h", "tools/command.h"}}
# For the declarations of what they stand in front of, or look up.
WITH_CURL = {"sender/curl_library.c", "sender/transport_curl.c", "sender/http_get.c"}
INTERPOSERS = {"shim/exits.c": {"stdlib.h"}, "shim/thread_load.c": {"pthread.h"}}
NOT_INSIDE = {"stdio.h", "stdlib.h", "malloc.h", "locale.h", "pthread.h", "wchar.h", "ctype.h", "syslog.h"}
NOT_IN_ENCODERS = {"stdio.h", "unistd.h", "fcntl.h", "sys/socket.h", "sys/stat.h", "sys/mman.h", "base/sys.h",
                   "base/pool.h", "base/slot.h"}
CPU_OR_OS = re.compile(r"#\s*(if|elif|ifdef|ifndef)\b.*\b(__x86_64__|__aarch64__|__linux__|__GLIBC__|__amd64__)")
ASSERT = re.compile(r"(?<![_\w])(assert|abort|malloc|calloc|realloc|printf)\s*\(")


def place(path):
    """The longest entry of the table that the path lies under."""
    folder = str(path.parent)
    fits = [name for name in MAY if folder == name or folder.startswith(name + "/")]
    return max(fits, key=len, default=None)


def allowed(where, name):
    target = max((m for m in MAY if name.startswith(m + "/")), key=len, default=None)
    if target is None:
        return True
    return target in MAY[where] or name in ALSO.get(where, set())


def check_include(path, where, name, quoted):
    if quoted and "/" in name and not (tree.ROOT / name).exists():
        return f"no such file: {name}"
    if quoted and not allowed(where, name):
        return f"{where} may not include {name}"
    if where in INSIDE and not quoted and name in NOT_INSIDE - INTERPOSERS.get(str(path), set()):
        return f"<{name}> is not for the inside"
    if path.name.startswith("encode") and where == "sender" and name in NOT_IN_ENCODERS:
        return f"encoders do no I/O: {name}"
    if name.startswith("curl/") and str(path) != "sender/curl_library.h":
        return "libcurl is loaded by sender/curl_library.h"
    if name == "sender/curl_library.h" and str(path) not in WITH_CURL:
        return f"libcurl is for {' and '.join(sorted(WITH_CURL))}"
    return None


def check(path):
    where = place(path)
    if where is None:
        return
    includes = []
    for number, line in enumerate(tree.lines(path), 1):
        found = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if found:
            includes.append(found[2])
            problem = check_include(path, where, found[2], found[1] == '"')
            if problem:
                yield f"{path}:{number}: {problem}"
        if CPU_OR_OS.search(line) and "/arch/" not in str(path):
            yield f"{path}:{number}: #if on CPU or OS outside hooks/arch and base/arch"
        if where in INSIDE and line[:1] == "\t" and ASSERT.search(line) and not line.lstrip().startswith("*"):
            yield f"{path}:{number}: not for the inside: {ASSERT.search(line)[1]}"
    own = path.with_suffix(".h")
    if path.suffix == ".c" and (tree.ROOT / own).exists() and (not includes or includes[0] != str(own)):
        yield f"{path}: its own header {own} comes first"


tree.finish([problem for path in tree.files(".c", ".h", ".def") for problem in check(path)])
