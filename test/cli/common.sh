# SPDX-License-Identifier: LGPL-2.1-or-later
# common.sh - sourced by the tests of the command line: run xensnap, look at its
# status, its results and what it says.

: "${XENSNAP_BIN:?names no program to test}"
. "$(dirname "$0")/../lib/tap.sh"

T=$(mktemp -d "${TMPDIR:-/tmp}/xensnap-cli.XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
trap 'exit 130' INT TERM HUP
umask 077
mkdir "$T/root"
XENSNAP_ROOT=$T/root
export XENSNAP_ROOT

# xs ARGUMENT...: run it; then $status, $out and $err are what came of it.
xs() {
	"$XENSNAP_BIN" "$@" > "$T/out" 2> "$T/err" < /dev/null
	status=$?
	out=$(cat "$T/out")
	err=$(cat "$T/err")
}

# The number of lines of $T/out or $T/err.
lines() {
	wc -l < "$T/$1"
}

# narrow FILE: no line of it has more than 80 columns.
narrow() {
	[ "$(expand "$1" | awk '{ if (length($0) > m) m = length($0) }
		END { print m + 0 }')" -le 80 ]
}

# printable FILE: nothing in it that a terminal acts on.
printable() {
	! LC_ALL=C tr -d '\n\40-\176\200-\377' < "$1" | grep -q . &&
		! LC_ALL=C grep -q "$(printf '\302[\200-\237]')" "$1"
}

# record DOMAIN NAME [VIEW]: a snapshot's folder as xensnap would have made it.
record() {
	mkdir -p "$XENSNAP_ROOT/$1/$2"
	cat > "$XENSNAP_ROOT/$1/$2/snapshot.json" << EOT
{ "format": 1, "snapshot": "$1@$2", "domain": "$1", "name": "$2",
  "domain_uuid": "6f0e3c52-0f2b-4a0a-9d53-1c2d3e4f5a6b",
  "generation": "11111111-2222-4333-8444-555555555555",
  "created": "2026-11-22T20:35:13Z", "mode": "live", "type": "PVH",
  "xen_version": "4.17.7", "pause_ms": 43.2,
  "phases_ms": { "hold": 12.1, "memory": 20.3, "resume": 10.7 },
  "memory_bytes": 537001984, "disks": [ ${3:-} ] }
EOT
	echo '{}' > "$XENSNAP_ROOT/$1/$2/domain.json"
	echo memory > "$XENSNAP_ROOT/$1/$2/memory.xl"
}
