#!/bin/sh
# .clang-format decides the format of every C file.
cd "$(dirname "$0")/../.." || exit 1
find . \( -name .git -o -path './build*' \) -prune -o -name '*.[ch]' -print0 | sort -z |
	xargs -0 -n 20 clang-format --dry-run -Werror --ferror-limit=3
