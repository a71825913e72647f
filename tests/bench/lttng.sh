#!/bin/sh
# lttng.sh begin|end FOLDER: a session that records the tracepoint of object/caller.c, with a daemon of its own where none runs.
set -eu

export LTTNG_HOME="$2"
case "$1" in
begin)
	lttng --no-sessiond list >/dev/null 2>&1 || lttng-sessiond --daemonize --no-kernel --pidfile "$2/sessiond.pid"
	lttng --no-sessiond create bookend-bench --output "$2/trace"
	lttng --no-sessiond enable-event --userspace bench:call --session bookend-bench
	lttng --no-sessiond start bookend-bench
	;;
end)
	lttng --no-sessiond destroy bookend-bench
	[ ! -e "$2/sessiond.pid" ] || kill "$(cat "$2/sessiond.pid")"
	;;
esac
