#!/bin/sh
# need.sh run|test|bench: installs, by package name, what `make run`, `make test` or `make bench` needs and this machine lacks; nothing when all
# is there. Needs root or sudo only when something is missing. No service is started by installing it.
set -eu

run='libyaml-dev libcurl4-openssl-dev libmicrohttpd-dev libsqlite3-dev libjansson-dev zlib1g-dev
	redis-server nginx-light git curl python3'
test='libcmocka-dev clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck binutils openssl
	g++ lld mold g++-aarch64-linux-gnu qemu-user python3-pytest python3-pytest-xdist
	python3-yaml python3-jsonschema procps iproute2 util-linux groff-base'
servers='postgresql mariadb-server php-fpm openssh-server openssh-client cron runit s6 tini dumb-init firejail'
commands='nodejs default-jdk-headless perl bash dash make findutils busybox-static musl-tools chromium firefox-esr'
# For the sender's thread in programs with libraries of their own.
libraries='libssl-dev libjemalloc2 google-perftools faketime php-cli php-curl valgrind strace ltrace'
# Who else traces calls, and a large program to scan.
peers='uftrace ltrace lttng-tools liblttng-ust-dev mariadb-server'

case "${1:-}" in
run) wanted=$run ;;
test) wanted="$run $test $servers $commands $libraries" ;;
bench) wanted="$run $peers" ;;
*) echo "usage: need.sh run|test|bench" >&2; exit 2 ;;
esac

# shellcheck disable=SC2016,SC2086 # dpkg-query expands; the names are to be split
have=" $(dpkg-query -W -f '${Package}:${db:Status-Status} ' $wanted 2>/dev/null || :)"
missing=
for package in $wanted; do
	case $have in
	*" $package:installed "*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	as_root=
elif [ -t 0 ] && command -v sudo >/dev/null; then
	as_root=sudo
elif sudo -n true 2>/dev/null; then
	as_root='sudo -n'
else
	echo "Missing packages; install them as root: apt-get install --no-install-recommends$missing" >&2
	exit 1
fi

echo "Installing, by name:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2016,SC2086 # the inner shell expands; the names are to be split
$as_root sh -eu -c '
	guard=/usr/sbin/policy-rc.d
	if [ ! -e "$guard" ]; then
		trap "rm -f $guard" EXIT
		trap "exit 1" HUP INT TERM
		printf "#!/bin/sh\nexit 101\n" >"$guard"
		chmod 755 "$guard"
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	apt-get install -q -y --no-install-recommends "$@"
' need $missing >"$log" 2>&1 </dev/null || {
	cat "$log" >&2
	echo "The installation failed; its output stands above. Wanted:$missing" >&2
	exit 1
}
