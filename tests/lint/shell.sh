#!/bin/sh
# Everything that a shell runs, whatever its name, passes shellcheck.
cd "$(dirname "$0")/../.." || exit 1
grep -rlE --exclude-dir=.git --exclude-dir=build '^#!/(bin|usr/bin)/(env )?(ba|da)?sh' . | sort | xargs shellcheck
