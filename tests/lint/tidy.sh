#!/bin/sh
# clang-tidy with the checks of .clang-tidy.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC2016 # expanded by the inner shell
find base policy sender hooks shim tools -name '*.c' -print0 | sort -z | xargs -0 -n 4 -P "$(nproc)" sh -c '
	nice clang-tidy --quiet "$@" -- -std=gnu11 -D_GNU_SOURCE -DBOOKEND_VERSION="\"0\"" \
		-I. -Ibase/arch/"$(uname -m)" -Ihooks/arch/"$(uname -m)" 2>/dev/null' tidy
