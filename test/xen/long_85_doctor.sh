#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_85_doctor.sh - doctor on a real Xen: what the stock lab is like, a domain
# that dead processes left standing (suspended or paused), one that its admin
# paused, monitors that are lost or stopped; --mend puts right what is ours,
# and leaves the rest alone (inv. 5, 6, 7, 11).
lab_state=xen
. "$(dirname "$0")/../lib/in_lab.sh"

# Two files cannot wait for each other: for the disks alone it is paused.
guest=files
truncate -s 64M /srv/xfs/f.img /srv/xfs/g.img
sed -e "s/^name = .*/name = \"$guest\"/" \
	-e 's#^]#  "/srv/xfs/f.img,raw,xvdb,w",\n  "/srv/xfs/g.img,raw,xvdc,w",\n]#' \
	/etc/xen/guests/pvh1.cfg > /etc/xen/guests/$guest.cfg
guest_start $guest
ok $? "a guest with a volume and two files"

# left_at PLACE WORDS...: create and its watchdog die there.
left_at() {
	place=$1
	shift
	XENSNAP_STOP_AT=$place xensnap create $guest@k "$@" > /dev/null 2>&1 &
	pid=$!
	if ! wait_for 60 grep -q '^State:.T' "/proc/$pid/status"; then
		ok 1 "stopped at $place"
		return 1
	fi
	look
	is "$(field busy level $guest)" note "$place: a process is at work on it"
	is "$(field domain-left level $guest)" "" "$place: so nothing is wrong"
	watch=$(pgrep -P "$pid" xensnap-watch)
	kill -9 "$watch" "$pid"
	wait "$pid" 2> /dev/null
	return 0
}

# mended WHAT: --mend puts the guest right, and a second one finds nothing.
mended() {
	look
	is "$status $(field domain-left level $guest)" "3 error" \
		"$1: a domain that was left standing"
	is "$(field domain-left mend $guest)" "xensnap recover $guest" \
		"$1: its command"
	is "$(field leftover level $guest@k)" warning "$1: half a snapshot"
	look --mend --dry-run
	is "$(field domain-left mended $guest)" false "$1: a dry run"
	runs $guest
	ok $((! $?)) "$1: which leaves it standing"
	look --mend
	is "$(field domain-left mended $guest)" true "$1: --mend"
	is "$(field leftover mended $guest@k)" true "$1: and the snapshot"
	clean $guest
	ok $? "$1: nothing is left"
	look --mend
	is "$(field leftover level)$(field domain-left level $guest)" ok \
		"$1: a second --mend finds nothing"
}

# ---- the stock lab ----

look
is $status 3 "the stock lab: exit 3"
is "$(field xen level)" ok "Xen answers"
like "$(field xen is)" '^Xen 4\.17' "its version"
is "$(field xen-guests level)" ok "PV and PVH can run"
is "$(field xen-live level)" note "Debian's has no shadow paging"
like "$(field xen-live is)" 'memory of PV domains' "so PV cannot go live"
is "$(field xen-monitor-fault level)" note "xl's fault is known"
is "$(field xl level)" ok "xl is there"
is "$(field lvm-snapshot-autoextend level)" warning "autoextend is off"
like "$(field domains is)" '^1 ' "one domain runs"
is "$(field domain-monitor level $guest)" "" "which has its monitor"
is "$(field room-folder level)" ok "and room for its memory"
runs $guest
ok $? "it runs on"

# ---- left by dead processes ----

left_at instant.held && mended suspended
check $guest
ok $? "suspended: witness agrees"

left_at still.paused --disks-only && mended paused
check $guest
ok $? "paused: witness agrees"

# ---- not by us ----

xl pause $guest
look --mend
is "$(field domain-paused level $guest)" note "paused by its admin: a note"
is "$(field domain-paused mend $guest)" "xl unpause $guest" "its command"
runs $guest
ok $((! $?)) "--mend leaves it alone"
xl unpause $guest

m=$(monitor_of $guest)
kill -STOP "$m"
look --mend
is "$(field domain-monitor-stopped mend $guest)" "kill -CONT $m" \
	"a monitor that is stopped: its command"
kill -CONT "$m"
kill "$m"
wait_for 10 sh -c "! kill -0 $m"
look
is "$status $(field domain-monitor level $guest)" "3 warning" \
	"a monitor that is lost"
xl destroy $guest
tap_done
