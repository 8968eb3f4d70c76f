#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 84_restore.sh - out of a repository and on it goes: as another domain beside
# the one that was backed up, and as itself after that is lost; witness agrees
# that memory and disks are of the instant of the backup (inv. 1).
#
# With --long, of a guest with a classic, a thin and two file disks under load: a
# full backup and REPEAT (10) incrementals, each restored under another name;
# after the others are pruned the first still is; killed at each place it runs
# from all of its memory or not at all; booted from its disks.
# GUESTS: pvh, pv or hvm (pvh).
lab_state=running:pvh1
[ -z "${LONG:-}" ] || lab_state=large
. "$(dirname "$0")/../lib/in_lab.sh"

type=${GUESTS:-pvh}
export XENSNAP_KEY_FILE=/root/key
repo=/srv/xfs/repo

# Debian's PV guests cannot go live.
live=--live
[ "$type" != pv ] || live=--stop

# Of the others what is not believed is a warning.
trust=
warned=3
if [ "$type" = hvm ]; then
	trust=--trust-config
	warned=0
fi

uuid_of() {
	xl list -v "$1" | awk 'NR == 2 { print $7 }'
}

# protect NAME: a backup of $guest as NAME; where it was then, /tmp/n.NAME.
protect() {
	before=$(size_of "$(console $guest)")
	xensnap backup -q --cow-size 100% --name "$1" $live $guest $repo \
		> /tmp/out 2> /tmp/err &&
		verdict $guest "$before" resume > /tmp/verdict
	ok $? "$1: backup $guest, which goes on"
	sed 's/^/#   /' /tmp/err
	number > "/tmp/n.$1"
}

# back DOMAIN BACKUP WORDS...: it comes back, and goes on from there.
back() {
	domain=$1
	backup=$2
	shift 2
	after=$(size_of "$(console "$domain")")
	alone xensnap restore $repo "$backup" --start $trust "$@" \
		> /tmp/out 2> /tmp/err
	is $? $warned "$backup: $domain is started"
	sed 's/^/#   /' /tmp/out /tmp/err
	verdict "$domain" "$after" resume > /tmp/verdict
	whole=$?
	[ $whole = 0 ] || tell_end "$domain"
	ok $whole "$backup: memory and disks are one instant"
	sed 's/^/#   /' /tmp/verdict
	from_record "$(cat "/tmp/n.$backup")" "$backup: it goes on from where it was"
	runs "$domain" && monitor_of "$domain" > /dev/null
	ok $? "$backup: $domain runs, under xl's monitor"
}

# volumes_gone NAME: that restore made, in vg.
volumes_gone() {
	guest_gone "$1"
	lvs --noheadings -o vg_name,lv_name vg | awk -v n="$1-" \
		'index($2, n) == 1 { print $1 "/" $2 }' |
		xargs -r lvremove -qq -y > /dev/null
}

# bases_gone: what the next backup would be compared to; what xl starts them by.
bases_gone() {
	rm -rf /var/lib/xensnap/.restored
	xensnap list --names | xargs -r xensnap delete -q
}

xensnap init -q $repo > /dev/null
ok $? "a repository"

if [ -z "${LONG:-}" ]; then
	guest=pvh1
	uuid=$(uuid_of $guest)
	protect now
	back trial now --create-lv vg --as trial
	[ "$(uuid_of trial)" != "$uuid" ]
	ok $? "it has a uuid of its own"
	check trial > /dev/null
	ok $? "it is whole, as it writes"
	check $guest > /dev/null
	ok $? "and so is the original"
	# Its kernel was not taken from the repository.
	ask trial reboot
	wait_for 60 sh -c "! xl domid trial"
	ok $? "a reboot ends it"
	is "$(tail -n 1 /var/log/xen/xl-trial.log)" "Done. Exiting now" \
		"and its monitor in order"
	volumes_gone trial
	xensnap restore $repo now --start --create-lv vg \
		--map xvda=vg/again > /tmp/out 2>&1
	is $? 1 "not as itself while that runs"
	like "$(cat /tmp/out)" "there is a domain $guest already" "it is said"
	guest_gone $guest
	back $guest now --in-place --map xvda=/dev/vg/pvh1_xvda
	is "$(uuid_of $guest)" "$uuid" "it is itself"
	bases_gone
	clean $guest
	ok $? "nothing is left"
	tap_done
fi

guest=mem
guest_of_three $guest "$type"
fourth_disk $guest /srv/xfs/$guest-2.img
guest_start $guest
ok $? "a $type guest that writes"
places="--map xvda=/dev/vg/${guest}_classic --map xvdb=/dev/vg/${guest}_thin
	--map xvdc=/srv/xfs/$guest.img --map xvdd=/srv/xfs/$guest-2.img"

i=0
while [ $i -le "${REPEAT:-10}" ]; do
	name=later
	[ $i -gt 0 ] || name=first
	protect $name
	note "$name $i"
	back trial $name --create-lv vg --as trial
	check $guest > /dev/null
	ok $? "$name $i: and the original runs on"
	volumes_gone trial
	i=$((i + 1))
done
xensnap prune -q --name later --keep-last 1 --yes $((i - 2)) $repo \
	> /tmp/out 2>&1
ok $? "all but the first and the last are pruned"
sed 's/^/#   /' /tmp/out
xensnap backups $repo | sed 's/^/#   /'
is "$(xensnap backups --json $repo | grep -c '"session"')" 2 "two are left"
for name in first later; do
	back trial $name --create-lv vg --as trial
	volumes_gone trial
done

# Booted: what it boots by is a file of dom0's, so it takes a word.
if [ "$type" != hvm ]; then
	xensnap restore $repo first --start --as trial --create-lv vg \
		--disks-only > /tmp/out 2>&1
	is $? 1 "what it boots by is not taken from a repository"
	like "$(cat /tmp/out)" "--trust-config" "and it is said what is"
else
	xensnap restore $repo first --start --as trial --create-lv vg \
		> /tmp/out 2>&1
	is $? 1 "what its QEMU was started with is not taken either"
	like "$(cat /tmp/out)" "memory cannot go on: --trust-config" "that is said"
	is "$(lvs --noheadings -o lv_name vg | grep -c trial)" 0 \
		"before anything is made"
fi
after=$(size_of "$(console trial)")
alone xensnap restore $repo first --start --as trial --create-lv vg \
	--disks-only --trust-config > /tmp/out 2>&1
ok $? "from its disks alone"
sed 's/^/#   /' /tmp/out
wait_for 480 grep -q 'WITNESS ready' "$(console trial)"
ok $? "it boots"
check trial > /dev/null
ok $? "and is whole"
volumes_gone trial

# alive WORDS...: it lives for a moment, and nothing of it is left.
alive() {
	alone xensnap verify --boot $trust "$@" $repo first > /tmp/out 2>&1
	ok $? "verify --boot $*"
	sed 's/^/#   /' /tmp/out
	! xl list | grep -q verify- && ! lvs vg | grep -q verify- &&
		[ -z "$(find /var/lib/xensnap /srv/xfs -name 'verify-*')" ]
	ok $? "nothing of it is left"
}
alive --create-lv vg --seconds 10
alive --create-lv vg/pool --console 'WITNESS verdict=one-instant'
[ "$type" = hvm ] ||
	alive --to /srv/xfs --disks-only --trust-config --console 'WITNESS ready'

# Does it run, or does nobody make it any more?
settled() {
	runs half || ! pgrep -f '[x]l restore /dev/fd' > /dev/null
}

# killed PLACE: it runs from all of its memory, or not at all.
killed() {
	after=$(size_of "$(console half)")
	alone env XENSNAP_DIE_AT="$1" xensnap restore $repo first --start \
		--as half --create-lv vg $trust > /tmp/out 2>&1
	ok "$([ $? -ne 0 ]; echo $?)" "killed at $1"
	wait_for 60 settled
	if runs half; then
		verdict half "$after" resume > /dev/null
		ok $? "$1: it runs, and is whole"
	else
		wait_for 20 sh -c "! xl domid half"
		ok $? "$1: it is not there"
	fi
	volumes_gone half
}
for place in restore.disk restore.config restore.fed restore.started; do
	killed $place
done

guest_gone $guest
# The view that the next backup would be compared to is worth a warning.
warned=3
# shellcheck disable=SC2086
back $guest first --in-place $places
bases_gone
clean $guest
ok $? "nothing is left"
xensnap verify -q --data $repo > /tmp/out 2>&1
ok $? "verify --data"
tap_done
