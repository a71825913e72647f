#!/bin/sh
# foreign.sh FOLDER ARCHITECTURE PACKAGE...: unpacks Debian packages of another architecture into FOLDER, for tests that an emulator runs.
# It asks the sources of this machine's apt, with lists of its own: nothing is installed, no architecture added, and no root is needed.
set -eu

mkdir -p "$(dirname "$1")"
folder=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
architecture=$2
shift 2
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
log=$work/log

apt() {
	apt-get -q -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o APT::Sandbox::User=root \
		-o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
		-o Dir::State="$work" -o Dir::State::status=/dev/null -o Dir::Cache="$work" "$@" >>"$log" 2>&1 </dev/null
}

echo "Unpacking, by name, for $architecture: $*"
# Sources that have nothing for it make an update fail; whether it will do shows when packages are asked for.
apt update || :
cd "$work"
apt download "$@" || {
	cat "$log" >&2
	echo "The sources of apt give no packages for $architecture: $*" >&2
	exit 1
}
for package in *.deb; do
	dpkg-deb -x "$package" root
done
rm -rf "$folder"
mv root "$folder"
