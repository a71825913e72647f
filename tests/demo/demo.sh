#!/bin/bash
# `make run`: real programs that nobody changed, run under policy/examples/demo.yaml, and what a collector then knows of their
# lives. Everything it makes lies in one temporary folder and one hot pool, and is gone when it ends, however it ends.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin # Debian's programs, whatever else is installed
here=$(cd "$(dirname "$0")/../.." && pwd)
build=${BOOKEND_BUILD:-$here/build}
folder=$(mktemp -d) || exit 1
background=()

if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi

cleanup() {
	local pid pool tag
	exec 2>/dev/null
	[ -s "$folder/nginx.pid" ] && kill -QUIT "$(cat "$folder/nginx.pid")"
	for pid in "${background[@]}"; do kill "$pid" && wait "$pid"; done
	for pool in "/run/bookend/$(id -u)"/pool-* "/dev/shm/bookend-$(id -u)"/pool-*; do
		if head -c 4096 "$pool" | grep -qaF "$folder/state"; then
			tag=${pool##*-}
			rm -rf "${pool%/*}"/*"${tag:?}"*
		fi
	done
	rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

fail() {
	echo "make run: $*" >&2
	exit 1
}

step() { printf '  %-14s %s\n' "$1" "$2"; }

# until_true SECONDS WHAT COMMAND...: polls a condition.
until_true() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "$what: not within the time it should take"
		sleep 0.05
	done
}

# measured COMMAND...: the one change to how things are started.
measured() { "$build/bookend" run --policy "$folder/demo.yaml" -- "$@"; }

# expect STATUS COMMAND...: a measured command keeps its exit status.
expect() {
	local wanted=$1 status
	shift
	measured "$@" >"$folder/out" 2>&1
	status=$?
	[ "$status" = "$wanted" ] || fail "$* ended with $status, not $wanted: $(head -n 3 "$folder/out")"
}

start_collector() {
	"$build/bookend" collect --listen 127.0.0.1:0 --db "$folder/events.db" --port-file "$folder/port" \
		>"$folder/collector.log" 2>&1 </dev/null &
	background+=($!)
	until_true 10 "bookend collect" test -s "$folder/port"
	BOOKEND_DEMO_URL=http://127.0.0.1:$(cat "$folder/port")
	export BOOKEND_DEMO_URL
	step collector "$BOOKEND_DEMO_URL"
}

run_redis() {
	local socket=$folder/redis.sock launcher
	measured redis-server --port 0 --unixsocket "$socket" --dir "$folder" --save '' --daemonize no \
		>"$folder/redis.log" 2>&1 </dev/null &
	launcher=$!
	background+=("$launcher")
	until_true 10 "redis-server's answer" redis-cli -s "$socket" ping
	[ "$(redis-cli -s "$socket" set bookend works)" = OK ] || fail "redis-server does not take a value"
	redis-cli -s "$socket" info | tr -d '\r' >"$folder/redis.info"
	kill -TERM "$(sed -n 's/^process_id://p' "$folder/redis.info")"
	wait "$launcher" || fail "redis-server ended with $?, not 0"
	unset 'background[-1]'
	step redis-server "pinged, written to, told to stop with SIGTERM"
}

run_nginx() {
	cat >"$folder/nginx.conf" <<-CONFIGURATION
		pid $folder/nginx.pid;
		error_log $folder/nginx.log;
		events { }
		http {
			access_log off;
			client_body_temp_path $folder/body;
			proxy_temp_path $folder/proxy;
			fastcgi_temp_path $folder/fastcgi;
			uwsgi_temp_path $folder/uwsgi;
			scgi_temp_path $folder/scgi;
			server { listen unix:$folder/nginx.sock; location / { return 200 "served\n"; } }
		}
	CONFIGURATION
	expect 0 nginx -p "$folder" -c "$folder/nginx.conf"
	until_true 10 "nginx's answer" curl -sf --unix-socket "$folder/nginx.sock" http://nginx/
	local daemon
	daemon=$(cat "$folder/nginx.pid")
	kill -QUIT "$daemon"
	until_true 10 "nginx's end" test ! -e "/proc/$daemon"
	step nginx "went into the background, served a request, told to quit"
}

run_commands() {
	local repository=$folder/repository
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	expect 0 git init -q "$repository"
	expect 0 git -C "$repository" -c user.name=demo -c user.email=demo@localhost commit -q --allow-empty -m first
	expect 0 git -C "$repository" log --oneline
	expect 1 git -C "$repository" checkout -q no-such-branch
	step git "init, commit, log, and a checkout that fails"
	expect 0 bash -c 'echo "a line" | wc -l'
	step bash "a pipe"
	expect 0 python3 -c 'print(sum(range(1000)))'
	expect 3 python3 -c 'import sys; sys.exit(3)'
	expect 137 python3 -c 'import os; os.kill(os.getpid(), 9)'
	step python3 "one that works, one that fails with 3, one killed by SIGKILL"
}

# Nothing waits, neither here nor at a drainer that was left behind.
delivered() { "$build/bookend" flush --timeout 10s && ! compgen -G "$folder/state/spool/*.spool"; }

echo "${bold}Programs that nobody changed, under policy/examples/demo.yaml${plain}"
export BOOKEND_STATE=$folder/state
unset BOOKEND_SERVICE BOOKEND_POLICY BOOKEND_DISABLE DO_NOT_TRACK
cp "$here/policy/examples/demo.yaml" "$folder/" || fail "there is no policy"
start_collector
run_redis
run_nginx
run_commands

until_true 20 "the delivery of everything" delivered
echo
echo "${bold}What the collector knows of their lives${plain} (bookend report)"
"$build/bookend" report --db "$folder/events.db" || fail "bookend report ended with $?"
echo
"$build/bookend" report --json --db "$folder/events.db" >"$folder/report.json"
"$build/bookend" status --json >"$folder/status.json"
curl -sf "$BOOKEND_DEMO_URL/v1/events?service=redis" >"$folder/redis.json" || fail "the collector does not tell its events"
/usr/bin/python3 "$here/tests/demo/check.py" "$folder/report.json" "$folder/status.json" "$folder/redis.json" "$folder/redis.info" || exit 1
