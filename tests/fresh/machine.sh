#!/bin/bash
# Proves the README on a fresh machine: a minimal Debian 12 with make and gcc in a folder, a copy of the last commit in it, and
# `make run` there by chroot. Needs root. The Debian source is the one this machine uses. Mounts and processes live in name
# spaces of their own and end with this script; the folder is removed whatever happens. FRESH_TEST=1 runs `make test` there, too.
# Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || { echo "needs root"; echo "0 passed, 1 failed"; exit 1; }
	mkdir -p build
	folder=$(mktemp -d "$PWD/build/fresh.XXXXXX") || exit 1
	trap 'rm -rf --one-file-system "$folder"' EXIT
	trap 'exit 1' HUP INT TERM
	unshare --mount --propagation private --pid --fork --kill-child "$0" inside "$folder"
	exit
fi

folder=$2
top=$folder/debian
log=$folder/log
passed=0 failed=0

# claim TEXT COMMAND...: one test; what the command says is shown when it fails.
claim() {
	local text=$1
	shift
	if "$@" >"$log" 2>&1; then
		passed=$((passed + 1))
		echo "  $text"
	else
		failed=$((failed + 1))
		echo "  FAILED: $text"
		sed 's/^/    | /' "$log"
	fi
}

# The URI of this machine's own bookworm, in either format of apt's sources.
source_uri() {
	cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '
		/^URIs:/ { uri = $2 }
		/^Suites:/ { for (i = 2; i <= NF; i++) if ($i == "bookworm") print uri }' | grep -m 1 . ||
		cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed 's/\[[^]]*\]//' |
		awk '$1 == "deb" && $3 == "bookworm" { print $2 }' | grep -m 1 .
}

# This machine's way to its Debian source: sources of that host, apt's options, proxies, name service, certificates.
copy_apt() {
	local uri=$1 host file
	host=$(echo "$uri" | cut -d/ -f3)
	rm -f "$top/etc/apt/sources.list"
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
		if [ -f "$file" ] && grep -q "$host" "$file"; then cp "$file" "$top$file"; fi
	done
	cp /etc/apt/apt.conf "$top/etc/apt/" 2>/dev/null
	cp -r /etc/apt/auth.conf* "$top/etc/apt/" 2>/dev/null
	grep -liE 'acquire|proxy' /etc/apt/apt.conf.d/* | grep -v docker | while read -r file; do cp "$file" "$top$file"; done
	cp -L /etc/resolv.conf /etc/hosts "$top/etc/"
	mkdir -p "$top/etc/ssl" "$top/usr/local/share"
	cp -rL /etc/ssl/certs "$top/etc/ssl/" 2>/dev/null
	cp -r /usr/local/share/ca-certificates "$top/usr/local/share/" 2>/dev/null
	return 0
}

# As a machine has it: the root is a mount of its own, which programs in it may make private.
mount_all() {
	local node
	mount --bind "$top" "$top" || return 1
	mount -t proc proc "$top/proc" && mount --rbind -o ro /sys "$top/sys" && mount -t tmpfs dev "$top/dev" || return 1
	for node in null zero full random urandom tty; do
		touch "$top/dev/$node" && mount --bind "/dev/$node" "$top/dev/$node" || return 1
	done
	mkdir "$top/dev/pts" "$top/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=0666 devpts "$top/dev/pts" || return 1
	ln -s pts/ptmx "$top/dev/ptmx"
	ln -s /proc/self/fd "$top/dev/fd"
	mount -t tmpfs -o mode=1777 shm "$top/dev/shm"
}

make_machine() {
	local uri
	command -v debootstrap || apt-get install -q -y --no-install-recommends debootstrap </dev/null || return 1
	uri=$(source_uri) || { echo "this machine has no source of bookworm"; return 1; }
	debootstrap --variant=minbase --include=gcc,libc6-dev,make,ca-certificates bookworm "$top" "$uri" || return 1
	copy_apt "$uri"
	mount_all || return 1
	mkdir "$top/srv/bookend"
	if git -c safe.directory='*' rev-parse -q --verify HEAD; then
		git -c safe.directory='*' archive HEAD | tar -x -C "$top/srv/bookend"
	else
		tar -c --exclude=./build . | tar -x -C "$top/srv/bookend"
	fi
}

# The environment of someone who just logged in, with this machine's proxies.
inside() {
	local proxies
	mapfile -t proxies < <(env | grep -iE '^(https?|no|all)_proxy=')
	chroot "$@" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ TERM=dumb "${proxies[@]}" \
		sh -c 'cd /srv/bookend && shift && exec "$@"' - - "${command[@]}" </dev/null
}

told_what_to_install() {
	command=(tests/setup/need.sh run)
	! inside --userspec=65534:65534 "$top" || return 1
	[ "$(wc -l <"$log")" = 1 ] && grep -q 'apt-get install .*redis-server' "$log"
}

demonstration() {
	command=(make run)
	inside "$top" && cp "$log" "$folder/demonstration"
}

shown() {
	grep -E "$1" "$folder/demonstration" || { echo "not in the output of make run: $1"; return 1; }
}

# Someone who is not root, but may use sudo; a package and the build are taken away before.
demonstration_by_sudo() {
	command=(sh -euc 'apt-get install -q -y --no-install-recommends sudo && apt-get remove -q -y nginx-light
		useradd -m -u 4711 visitor && echo "visitor ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/visitor
		make -s clean && chown -R visitor .')
	inside "$top" || return 1
	command=(make run)
	inside --userspec=4711:4711 "$top" && grep -q '^Installing, by name: nginx-light$' "$log"
}

whole_suite() {
	command=(make test)
	inside "$top"
	tail -n 1 "$log" | grep -qE '^[0-9]+ passed, 0 failed'
}

silent_when_all_is_there() {
	command=(tests/setup/need.sh run)
	inside "$top" && [ ! -s "$log" ]
}

nothing_runs() {
	! grep -hE 'redis|nginx|bookend' "$top"/proc/[0-9]*/comm
}

nothing_left() {
	local found
	found=$(find "$top/tmp" "$top/dev/shm" -mindepth 1 ! -path "$top/dev/shm/bookend-*[0-9]")
	[ -z "$found" ] || { echo "left behind: $found"; return 1; }
	[ ! -e "$top/usr/sbin/policy-rc.d" ] || { echo "policy-rc.d is left"; return 1; }
}

claim "a fresh Debian 12 with make and gcc" make_machine
if [ "$failed" = 0 ]; then
	claim "without root and sudo, one line says what to install" told_what_to_install
	begin=$SECONDS
	claim "make run installs what it lacks and ends well" demonstration
	echo "  (that took $((SECONDS - begin)) s)"
	if [ -e "$folder/demonstration" ]; then
		claim "it says what it installs" shown '^Installing, by name: .*redis-server'
		for service in redis nginx git bash python; do
			claim "its table shows $service" shown "^$service .*(exit 0|failed|killed)"
		done
		claim "nothing was dropped" shown '[1-9][0-9]* recorded, .* 0 dropped'
	fi
	claim "with all in place, nothing is installed and nothing said" silent_when_all_is_there
	claim "it works with sudo as well, and for a user without rights" demonstration_by_sudo
	claim "no process runs on" nothing_runs
	claim "no pool, no file is left" nothing_left
	[ -z "${FRESH_TEST:-}" ] || claim "make test, likewise" whole_suite
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
