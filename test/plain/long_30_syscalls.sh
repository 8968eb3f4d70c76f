#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_30_syscalls.sh - kill -9 before every system call of create, delete and
# recover that can change something: a domain that does not run, on a classic
# and on a thin LV (inv. 3, 9, 10, 11, 13).
#
# Which calls that are, and why the others need not be tried, is told in
# test/lib/syscalls.sh.  test/offline/test_syscalls.py is the same on files and
# simulated LVs.  What lvm does it does in processes of its own; they live on
# when xensnap is killed, and have its lock until they are done.
# WAYS: which of the three verbs (all).
lab_state=plain
lab_more=${XENSNAP_TOP:-$(dirname "$0")/../..}/test/lib/syscalls.sh
. "$(dirname "$0")/../lib/in_lab.sh"
. /root/test/lib/syscalls.sh

top=/var/lib/xensnap
work=/root/syscalls
bytes=16777216

# ---- this setting: real LVM ----

disks_make() {
	for lv in sa oa; do
		lvcreate -qq -y -Wn -L "${bytes}b" -n $lv vg > /dev/null
	done
	lvcreate -qq -y -V "${bytes}b" -T vg/pool -n sb > /dev/null 2>&1
	for lv in sa sb oa; do
		dd if=/dev/urandom of=/dev/vg/$lv bs=1M count=16 \
			oflag=direct status=none
		dd if=/dev/vg/$lv of=$work/$lv.img bs=1M status=none
	done
	config_of s sa sb
	config_of o oa
}

# config_of DOMAIN LV...
config_of() {
	{
		echo "name = '$1'"
		echo "memory = 64"
		shift
		echo "disk = ["
		dev=a
		for lv in "$@"; do
			echo "  'phy:/dev/vg/$lv,xvd$dev,w',"
			dev=b
		done
		echo "]"
	} > "$work/$1.cfg"
}

disks_remove() {
	lvremove -qq -y vg/sa vg/sb vg/oa
}

# Every volume, every device and every file that there is; not who had a lock
# last, and not how full a view has become.
state() {
	lvs --noheadings -o lv_name,lv_uuid,lv_size,origin,lv_active,lv_tags \
		vg | sort
	dmsetup info -c --noheadings -o name,suspended | sort
	find $top -printf '%m %y %p\n' | sort
	find $top -type f ! -name .lock -exec sha256sum {} + | sort
}

held() {
	dmsetup info -c --noheadings -o name -S suspended=Suspended
}

# Do the disks hold what they held?
same_disks() {
	for lv in sa sb oa; do
		cmp -s /dev/vg/$lv $work/$lv.img || return 1
	done
}

# ---- what must hold ----

# A finding for this moment.
wrong() {
	bad="$bad $*;"
}

nobody() {
	! pgrep -x 'xensnap|xensnap-watch' && flock -n $top/s/.lock true
}

# What the dead one left is done, or gives up: its watchdog, lvm.
settled() {
	wait_for 120 nobody || wrong "still at work: $(pgrep -l xensnap)"
	[ -z "$(held)" ] || wrong "held: $(held)"
}

x() {
	xensnap "$@" > $work/out 2> $work/err ||
		wrong "$*: exit $?: $(tr '\n' ' ' < $work/err)"
}

# What is listed beside the two that are always there.
listed() {
	xensnap list --names 2> /dev/null | grep -v '@old$' | tr '\n' ' '
}

recovers() {
	x recover
	xensnap list > $work/out 2>&1 || wrong "list: exit $?"
	[ "$(xensnap list --names | grep -c '@old$')" -eq 2 ] ||
		wrong "an old one is gone"
}

# s@x is complete and private.
whole() {
	[ -z "$(find $top/s/x -perm /077)" ] || wrong "not private"
	x export -q --no-sums s@x $work/export
	cmp -s $work/export/xvda.img $work/sa.img || wrong "xvda differs"
	cmp -s $work/export/xvdb.img $work/sb.img || wrong "xvdb differs"
	rm -rf $work/export
}

as_before() {
	same_disks || wrong "a disk has changed"
	state > $work/now
	diff $work/before $work/now > $work/diff && return
	wrong "not as before"
	sed 's/^/#   /' $work/diff
}

# Without leftovers a second one finds nothing.
nothing_to_recover() {
	x recover
	grep -q '^Nothing to recover' $work/out || wrong "a second recover did more"
}

# ---- the three verbs ----

prepare_create() {
	:
}

run_create() {
	"$@" xensnap create s@x --config $work/s.cfg
}

# A whole snapshot or nothing; what was there, or was told, is not taken back.
after_create() {
	was=$([ ! -d $top/s/x ] || echo there)
	told=$(cat $work/told)
	recovers
	case $(listed) in
	"s@x ") whole; x delete s@x ;;
	"") [ -z "$was$told" ] || wrong "it was there: $told" ;;
	*) wrong "listed: $(listed)" ;;
	esac
}

prepare_delete() {
	x create s@x --config $work/s.cfg
}

run_delete() {
	"$@" xensnap delete s@x
}

# Whole, or gone.
after_delete() {
	was=$([ ! -d $top/s/x ] || echo "s@x ")
	told=$(cat $work/told)
	recovers
	[ "$(listed)" = "$was" ] || wrong "listed: $(listed), not '$was'"
	[ -z "$was" ] || [ -z "$told" ] || wrong "it said $told"
	if [ -n "$was" ]; then
		whole
		x delete s@x
	fi
}

# die_at PLACE WORDS...
die_at() {
	env XENSNAP_DIE_AT="$1" xensnap "$2" "$3" ${4:+"$4" "$5"} > /dev/null \
		2> $work/err
	[ $? -eq 137 ] || wrong "$*: no death: $(tr '\n' ' ' < $work/err)"
	settled
}

# One to finish (x, gone), one to undo, and one that only its views tell of.
prepare_recover() {
	die_at commit.record create s@x --config $work/s.cfg
	die_at view.after create s@half --config $work/s.cfg
	x create s@gone --config $work/s.cfg
	die_at delete.renamed delete s@gone
	die_at view.after create s@lost --config $work/s.cfg
	rm -rf $top/s/.lost.partial
}

run_recover() {
	"$@" xensnap recover
}

# The next one does what is left to do.
after_recover() {
	recovers
	[ "$(listed)" = "s@x " ] || wrong "listed: $(listed)"
	whole
	x delete s@x
}

# ---- each verb, each call ----

# enumerate VERB
enumerate() {
	bad=""
	"prepare_$1"
	"run_$1" trace $work/trace > /dev/null 2> $work/err
	is $? 0 "$1 without a kill"
	settled
	calls_of $work/trace > "$work/calls.$1"
	note "$1: $(wc -l < "$work/calls.$1") of" \
		"$(calls_of $work/trace all | wc -l) calls"
	if [ "$1" != delete ]; then
		x delete s@x
	fi
	as_before
	is "$bad" "" "$1 without a kill leaves nothing"
	while read -r name number <&3; do
		bad=""
		"prepare_$1"
		"run_$1" die_before "$name" "$number" > $work/told \
			2> $work/err || missed "$name"
		settled
		"after_$1"
		nothing_to_recover
		as_before
		is "$bad" "" "$1 dies before $name $number"
	done 3< "$work/calls.$1"
	[ -s "$work/calls.$1" ]
	ok $? "$1 makes such calls"
}

# Whoever waits is interrupted or not: there may be one of these less.
missed() {
	case $1 in
	wait4 | recvfrom) note "it made no such call this time" ;;
	*) wrong "it did not come there: $(tr '\n' ' ' < $work/err)" ;;
	esac
}

mkdir -p $work
disks_make
same_disks
ok $? "disks"
bad=""
x create s@old --config $work/s.cfg
x create o@old --config $work/o.cfg
is "$bad" "" "two snapshots that are nobody's business"
state > $work/before

for verb in ${WAYS:-create delete recover}; do
	enumerate $verb
done

# The last run after all of that.
bad=""
x create s@x --config $work/s.cfg
whole
x delete s@x
as_before
is "$bad" "" "create and delete succeed after all"
x delete s@old
x delete o@old
disks_remove
vgck vg
ok $? "LVM's metadata is consistent"
is "$(lvs --noheadings -o lv_name @xensnap)" "" "no view is left"
rm -rf $work
tap_done
