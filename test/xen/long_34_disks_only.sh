#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_34_disks_only.sh - all disks at one instant without memory: the domain does
# not stand still, and what boots from the views finds what a power cut would
# have left (inv. 1).  Killed with its disks held, they go on.
lab_state=running:pvhmix
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvhmix

out=$(xensnap create --disks-only --json --cow-size 100% $guest@d 2> /tmp/err)
ok $? "create --disks-only"
sed 's/^/#   /' /tmp/err
like "$out" '"mode": *"disks"' "the mode is disks"
like "$out" '"pause_ms": *0' "the domain did not stand still"
clean_but_views() {
	runs $guest && monitor_of $guest > /dev/null &&
		! dmsetup info -c --noheadings -o suspended | grep -q Suspended
}
clean_but_views
ok $? "it runs, under xl's monitor, and nothing is held"
check $guest
ok $? "it is whole"
boot_on_views $guest@d $guest-back
ok $? "a second domain boots from the views"
note "$found"
like "$found" 'found prefix .* missing=0 foreign=0 torn=0' \
	"each write is there with all that came before it"
guest_gone $guest-back
xensnap delete -q $guest@d
clean $guest
ok $? "nothing is left"

xl pause $guest
xensnap create -q --disks-only $guest@p > /dev/null
ok $? "a paused domain"
like "$(state_of $guest)" '^--p' "it stays paused"
xl unpause $guest
xensnap delete -q $guest@p

XENSNAP_DIE_AT=instant.held xensnap create --disks-only $guest@k > /dev/null 2>&1
wait_for 8 clean_but_views
ok $? "killed with its disks held: they go on"
check $guest
ok $? "killed with its disks held: the guest is whole"
like "$(xensnap recover)" "$guest@k: undone" "recover takes it back"
clean $guest
ok $? "nothing is left"
tap_done
