#!/bin/sh
# gcc -fanalyzer on what runs inside hosts, on the sender and the tools; a file that takes it more than three minutes is skipped,
# and said so. It does not see what a system call by inline assembly writes.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC2016 # expanded by the inner shell
find base policy sender hooks shim tools -name '*.c' -print0 | sort -z | xargs -0 -n 1 -P "$(nproc)" sh -c '
	timeout 180 nice cc -std=gnu11 -O1 -fanalyzer -Werror -Wno-analyzer-use-of-uninitialized-value -D_GNU_SOURCE -DBOOKEND_VERSION="\"0\"" \
		-I. -Ibase/arch/"$(uname -m)" -Ihooks/arch/"$(uname -m)" -c "$0" -o /dev/null
	status=$?
	[ $status != 124 ] || { echo "skipped after 180 s: $0"; exit 0; }
	exit $status'
