#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_70_cycles.sh - a snapshot made and deleted hundreds of times in a row:
# nothing grows, neither on storage nor in device-mapper, xenstore, the kernel
# or xl's monitor (inv. 11).
# REPEAT: how often (500).  GUESTS: of which guest (pvhmix, with a disk of each
# kind; pvh1, with one, takes a third of the time).  IDLE=1: the guest does
# little, and all of the host is there for the snapshots.
#
# A guest that the emulated CPU has ended (lab/README.md, by its own last words)
# is started again, and that cycle does not count; its number is told.
idle=witness.rate=5,witness.mutate=1,witness.mutate_s=60,witness.files=0,witness.check_s=0
lab_state=running:${GUESTS:-pvhmix}${IDLE:+,$idle}
. "$(dirname "$0")/../lib/in_lab.sh"

repeat=${REPEAT:-500}
guest=${GUESTS:-pvhmix}

cycle() {
	xensnap create -q --cow-size 100% $guest@c > /dev/null &&
		xensnap delete -q $guest@c > /dev/null
}

# The monitor is another one then, and so is what it has to begin with.
start_again() {
	ended=$((ended + 1))
	note "$i: the emulated CPU ended the guest, it is started again"
	xensnap list --names
	xl destroy $guest
	guest_start $guest && cycle || return 1
	monitor=$(monitor_kib)
}

# cycles N: until there were N; 1 when one failed.
cycles() {
	while [ $i -lt "$1" ]; do
		if cycle; then
			i=$((i + 1))
			[ $((i % 50)) -ne 0 ] || tell_now
		elif ended_by_cpu $guest; then
			start_again || return 1
		else
			return 1
		fi
	done
}

# What there is, by name, and the guest's number as "DOMID".  In /run/udev things
# are called by numbers that count up; xenstored writes its db when it begins
# another file of its access log, after some hundred cycles.
things() {
	udevadm settle
	lvs --noheadings -a -o vg_name,lv_name
	dmsetup ls
	{
		xenstore-ls -f | sed 's/ = .*//' | grep -v /device-misc/
		find /var/lib/xensnap /run /tmp /var/lib/xen -xdev \
			! -name '*.log*' |
			grep -v -e '^/run/udev/' -e '^/run/xenstored/db$' \
				-e '^/tmp/before' -e '^/tmp/after'
	} | sed "s#\([/.-]\)$(xl domid $guest)\([/.-]\|\$\)#\1DOMID\2#g"
}

# Open files of all processes, and the monitor's memory in KiB.
open_files() {
	cut -f 1 /proc/sys/fs/file-nr
}

monitor_kib() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$(monitor_of $guest)/status"
}

slab_kib() {
	awk '$1 == "SUnreclaim:" { print $2 }' /proc/meminfo
}

tell_now() {
	things | sort > /tmp/after
	note "$i: $(diff /tmp/before /tmp/after | grep -c '^[<>]') things differ," \
		"open files $(open_files), monitor $(monitor_kib) KiB," \
		"kernel $(slab_kib) KiB"
}

# The first ones fill caches.
i=0
ended=0
cycles 10
is $i 10 "ten to begin with"
things | sort > /tmp/before
files=$(open_files)
monitor=$(monitor_kib)
slab=$(slab_kib)

cycles "$repeat"
is $i "$repeat" "$repeat snapshots made and deleted"
things | sort > /tmp/after
diff /tmp/before /tmp/after | sed 's/^/# /' | head -n 20
cmp -s /tmp/before /tmp/after
ok $? "volumes, devices, xenstore and files are the same"
note "started again: $ended"
note "open files: $files, $(open_files); monitor: $monitor, $(monitor_kib) KiB"
note "kernel memory: $slab, $(slab_kib) KiB"
[ "$(open_files)" -le $((files + 100)) ]
ok $? "no files are left open"
[ "$(monitor_kib)" -le $((monitor + 512)) ]
ok $? "xl's monitor has not grown"
[ "$(slab_kib)" -le $((slab + 8192)) ]
ok $? "nor has the kernel"
check $guest
ok $? "the guest is whole"
clean $guest
ok $? "nothing is left"
tap_done
