#!/bin/sh
# .clang-format decides the format of every C file.
cd "$(dirname "$0")/../.." || exit 1
find base hooks include policy sender shim tests tools -name '*.[ch]' -print0 | sort -z |
	xargs -0 -n 40 clang-format --dry-run -Werror --ferror-limit=3
