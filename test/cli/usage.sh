#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# usage.sh - a wrong command line: status 2, one line that says what is wrong,
# nothing on stdout, nothing touched.
. "$(dirname "$0")/common.sh"

# wrong SAYS ARGUMENT...
wrong() {
	says=$1
	shift
	xs "$@"
	what=$(printf '%s ' "$@" | cut -c1-60 | LC_ALL=C tr -c '[ -~]\n' '?')
	is "$status" 2 "'$what' is status 2"
	is "$out" "" "'$what' has no result"
	is "$(lines err)" 1 "'$what' is one line"
	like "$err" "$says" "'$what' says what is wrong"
	printable "$T/err"
	ok $? "'$what' is harmless on a terminal"
}

esc=$(printf '\033')
long=$(printf '%0200d' 0)

wrong "^xensnap: no command was given; see 'xensnap --help'$"
wrong "^xensnap: no command is called 'creat' \(did you mean 'create'\?\); see" \
	creat
wrong "^xensnap: no command is called 'frobnicate'; see" frobnicate
wrong "^xensnap: no command is called ''" ""
wrong "^xensnap: unknown option '-v'; a command comes first" -v
wrong "no command is called '\?\[31m'" "${esc}[31m"
wrong "^xensnap: create: DOMAIN\[@NAME\] is missing; see 'xensnap create" create
wrong "^xensnap: create: unknown option '--nothing'; see" create --nothing web1
wrong "^xensnap: create: unknown option '--\?\[2J'" create "--${esc}[2J" web1
wrong "exclude each other" create --live --stop web1
for way in --live --stop --disks-only; do
	wrong "^xensnap: create: $way and --config exclude each other" \
		create $way --config "$T/web1.cfg" web1
done
wrong "^xensnap: create: --config needs a value: FILE" create web1 --config
wrong "^xensnap: create web1: --cow-size: '5x' is not a size" \
	create --cow-size 5x web1
for size in 0% 101% 1.5% x% % -1% 99999999999999999999%; do
	wrong "is not 1% to 100%" create "--cow-size=$size" web1
done
for fill in 0 101 -1 x 90x 1.5 % 90%% 1000 99999999999999999999; do
	wrong "^xensnap: create web1: --max-fill: '.*' is not 1 to 100" \
		create "--max-fill=$fill" web1
done
wrong "nothing fits into 0 bytes" create --cow-size 0 web1
wrong "too large" create --cow-size 99999999999T web1
wrong "^xensnap: help nope: no command is called 'nope'" help nope

# Names: the same rules for every verb.
for bad in web1@ @x web1@a@b web1@a/b web1@.. ../web1 . web1@-x -- "web1@a b" \
	"web1@${esc}[31m" "web1@$(printf 'a\nb')" "web1@$(printf '\302\23331m')" \
	"web1@$long" "$long@x" "" "web1@$(printf 'a\tb')" "w@é" "_w@x" "+w@x"; do
	case $bad in
	--) continue ;;
	esac
	wrong "^xensnap: create" create -- "$bad"
	wrong "^xensnap: show" show -- "$bad"
	wrong "^xensnap: delete" delete -- "$bad"
	wrong "^xensnap: export" export -- "$bad" "$T/dir"
done
wrong "^xensnap: show: unknown option '-w' in '-web1'" show -web1
wrong "longer than 64" create "web1@$long"
wrong "names no snapshot: write DOMAIN@NAME" show web1
wrong "is a snapshot; a domain is asked for" list web1@x
wrong "is a snapshot; a domain is asked for" recover web1@x
# All names are read before the first snapshot is touched.
record web1 keep
wrong "names no snapshot" delete web1@keep web1
[ -d "$XENSNAP_ROOT/web1/keep" ]
ok $? "a wrong name among others: nothing is deleted"

wrong '"-" takes one disk' export web1@x -
wrong '"-" takes a raw disk' export --disk xvda --format qcow2 web1@x -
wrong "in the middle of the disk" export --disk xvda --json web1@x -
wrong "writes to the standard output" export --disk xvda web1@x "$T/dir"
wrong "DIR is empty" export web1@x ""
wrong "^xensnap: --generate man" --generate nonsense
[ ! -e "$T/dir" ]
ok $? "no folder was made"
tap_done
