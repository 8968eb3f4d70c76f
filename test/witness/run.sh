#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Test the test: witness must say so when a snapshot is wrong, and only then.
#
# witness runs as an ordinary process with files as disks.  On "suspend" it
# forks: the child is the saved memory, which we let go on later, on copies of
# the disks that we took at the right time or that we damaged.  Prints TAP.
# Needs no root.  WITNESS=path tests that program instead of building one.

here=$(cd "$(dirname "$0")" && pwd)
src=$here/../../lab/witness
T=$(mktemp -d "${TMPDIR:-/tmp}/witness-test.XXXXXX") || exit 1
pids=
tests=0
failed=0

cleanup() {
	for p in $pids; do
		kill -9 "$p" 2>/dev/null
	done
	rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

bail() {
	echo "Bail out! $*"
	exit 1
}

# ok NAME COMMAND...: a test passes if the command succeeds.
ok() {
	name=$1
	shift
	tests=$((tests + 1))
	if "$@"; then
		echo "ok $tests - $name"
	else
		failed=$((failed + 1))
		echo "not ok $tests - $name"
		[ -z "$line" ] || echo "# $line"
		[ -z "$log" ] || grep detail "$log" | sed 's/^/# /'
	fi
}

# has WORD...: the verdict in $line has all these words.
has() {
	for w in "$@"; do
		case " $line " in
		*" $w "*) ;;
		*) echo "# no $w"; return 1 ;;
		esac
	done
}

# field NAME: the value of a word NAME=VALUE of $line.
field() {
	echo "$line" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# between MIN VALUE MAX
between() {
	if [ -z "$2" ] || [ "$2" -lt "$1" ] || [ "$2" -gt "$3" ]; then
		echo "# $2 is not in $1..$3"
		return 1
	fi
}

# wait_lines N REGEX FILE: until the file has N such lines; sets $line.
wait_lines() {
	for _ in $(seq 400); do
		if [ "$(grep -c "$2" "$3" 2>/dev/null)" -ge "$1" ] 2>/dev/null
		then
			line=$(grep "$2" "$3" | tail -1)
			return 0
		fi
		sleep 0.05
	done
	echo "# waited in vain for $1 times '$2'"
	sed 's/^/# /' "$3"
	return 1
}

# start NAME OPTION...: a witness with one directory and three files.
start() {
	n=$1
	shift
	mkdir -p "$T/$n/a"
	for d in b c d; do
		truncate -s 3M "$T/$n/$d"
	done
	mkfifo "$T/$n/in"
	"$WITNESS" disks="$(list "$n")" pattern_mib=4 check_s=0 beat_s=1 "$@" \
		<>"$T/$n/in" >"$T/$n/log" &
	pid=$!
	pids="$pids $pid"
	wait_lines 1 'WITNESS ready' "$T/$n/log" || bail "witness does not start"
	suspends=0
}

list() {
	echo "$T/$1/a,$T/$1/b,$T/$1/c,$T/$1/d"
}

# freeze OF SNAPSHOT: sets n, pending and child as of the instant.
freeze() {
	mkdir "$T/$2"
	mkfifo "$T/$2/in"
	suspends=$((suspends + 1))
	echo "suspend $T/$2" >"$T/$1/in"
	wait_lines $suspends 'WITNESS suspended' "$T/$1/log" || bail suspend
	n=$(field n)
	pending=$(field pending)
	child=$(field child)
	log=$T/$2/log
}

# copy_now OF TO [DISK...]: the same at an instant of now, for nothing vanishes
# under cp then.  $log stays that of the instant before.
copy_now() {
	kept=$log
	freeze "$1" "$2.now"
	copy "$@"
	resume "$1"
	log=$kept
}

resume() {
	echo resume >"$T/$1/in"
}

# copy OF TO [DISK...]: what a view would hold now.
copy() {
	from=$T/$1
	to=$T/$2
	shift 2
	for d in "${@:-all}"; do
		[ "$d" = all ] && set -- a b c d
	done
	for d in "$@"; do
		rm -rf "${to:?}/$d"
		cp -r "$from/$d" "$to/$d" || bail cp
	done
}

# restore SNAPSHOT ["PAGE OFFSET"]: let the child go on; sets $line, $status.
restore() {
	printf '%s\n%s\n' "$(list "$1")" "$2" >"$T/$1/go.new"
	mv "$T/$1/go.new" "$T/$1/go"
	line=$("$src/witness-verdict" --wait 20 --since resume "$T/$1/log")
	status=$?
}

# advance OF N: until it has written N more records; says how it is at.
advance() {
	base=
	for _ in $(seq 400); do
		seen=$(grep -c 'WITNESS beat' "$T/$1/log")
		echo beat >"$T/$1/in"
		wait_lines $((seen + 1)) 'WITNESS beat' "$T/$1/log" || bail beat
		base=${base:-$(field n)}
		[ "$(field n)" -lt $((base + $2)) ] || return 0
		sleep 0.05
	done
	bail "$1 does not go on"
}

# The whole of the usual way: an instant, its disks, and then on.
snapshot() {
	freeze "$1" "$2"
	copy "$1" "$2"
	resume "$1"
	advance "$1" 50
}

# place N: in which disk ($disk) and slot ($slot) record N lies, of 256.
place() {
	disk=$(echo a b c d | cut -d' ' -f$(($1 % 4 + 1)))
	slot=$(($1 / 4 % 256))
	if [ "$disk" = a ]; then
		disk=a/records
	else
		slot=$((slot + 256))
	fi
}

# block FROM SLOT TO SLOT: copy one 4 KiB block.
block() {
	dd if="$1" of="$3" bs=4096 count=1 skip="$2" seek="$4" conv=notrunc \
		status=none || bail dd
}

# flip FILE OFFSET: one byte becomes another.
flip() {
	was=$(dd if="$1" bs=1 count=1 skip="$2" status=none | od -An -tu1)
	# shellcheck disable=SC2059 # the octal number is the format
	printf "\\$(printf %o $(((was + 1) % 256)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none || bail dd
}

if [ -z "$WITNESS" ]; then
	WITNESS=$T/witness
	"${CC:-cc}" -std=c11 -O2 -static -o "$WITNESS" "$src"/*.c || bail build
fi

# shellcheck source=test/witness/cases.sh
. "$here/cases.sh"

echo "1..$tests"
[ $failed -eq 0 ]
