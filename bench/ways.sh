# SPDX-License-Identifier: LGPL-2.1-or-later
# ways.sh - the ways to freeze a guest, by hand and by xensnap, with times.
# Sourced in a lab's dom0 after dom0.sh, by demo/ and bench/.
#
# Results go to stdout as NAME=VALUE; what the programs say goes to $log, and
# its end to stderr when one fails.

log=/root/ways.log

tell() {
	echo "$1=$2"
}

now_ms() {
	date +%s%3N
}

# must COMMAND...: or all ends here.
must() {
	"$@" >> "$log" 2>&1 && return
	echo "failed: $*" >&2
	tail -n 5 "$log" >&2
	exit 1
}

# word NAME LINE: the value of NAME=VALUE in a verdict.
word() {
	printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# The block devices of a guest, in the order of its configuration.
disks() {
	sed -n 's#^ *"\(/dev/vg/[^,]*\),.*#\1#p' "/etc/xen/guests/$1.cfg"
}

# judged PREFIX COMMAND...: run a command that prints a verdict; tell it.
judged() {
	prefix=$1
	shift
	line=$("$@" 2>> "$log")
	echo "$line" >> "$log"
	tell "${prefix}verdict" "$(word verdict "$line")"
	tell "${prefix}n" "$(word n "$line")"
	tell "${prefix}noise_ms" "$(word tsc_noise_ms "$line")"
}

# from_here GUEST: what felt will look at begins here.
from_here() {
	at=$(size_of "$(console "$1")")
}

# mark GUEST: the same; and the longest gap until now is forgotten.
mark() {
	check "$1" >> "$log" 2>&1 ||
		echo "$1 is not whole before we begin" >&2
	from_here "$1"
}

# felt GUEST gap|jump: the verdict on what happened since then, and the pause
# as the guest felt it.  The gap is by the processor's counter, which stands
# still in a domain that was saved and restored; there it is by the clock, and
# the domain's predecessor may have told a verdict too.
felt() {
	new=
	[ "$2" != jump ] || new=$(xl domid "$1")
	judged "" verdict "$1" "$at" resume ${new:+"$new"}
	case $2 in
	gap) tell pause_ms "$(word gap_ms "$line")" ;;
	jump) tell pause_ms "$(word real_jump_ms "$line")" ;;
	esac
	tell clock_ms "$(word real_jump_ms "$line")"
	tell stall_ms "$(word stall_ms "$line")"
}

# lvm_snapshot LV NAME classic|thin: as the guides have it.
lvm_snapshot() {
	if [ "$3" = thin ]; then
		must lvcreate -s -n "$2" "$1"
	else
		must lvcreate -s -l 10%ORIGIN -n "$2" "$1"
	fi
}

# A domain with the configuration $1 and the memory $2, called $3: is it of
# one instant with its disks?
brought_back() {
	after=$(size_of "$(console "$3")")
	must xl restore "$1" "$2"
	judged back_ verdict "$3" "$after" resume
}
