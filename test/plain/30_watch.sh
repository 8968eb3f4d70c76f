#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 30_watch.sh - watch on a real LVM: a writer that would overflow a view, or the
# disk of a clone, does not; with no room the clone is told of.  With --long it writes for ten minutes; with no room the snapshot is
# dropped before, and its disk goes on; a thin pool is made larger, or warned of.
lab_state=plain
lab_more=${XENSNAP_BUILD:-}/test/plain/keep_views
. "$(dirname "$0")/../lib/in_lab.sh"

keep=/root/test/lib/keep_views
view=vg-w.xs--a
seconds=40
[ -z "$LONG" ] || seconds=600

# watch: in the background; what it tells is in /tmp/events.
watch() {
	: > /tmp/events
	xensnap watch --json --reserve 0% > /tmp/events 2> /tmp/err &
	watcher=$!
	wait_for started
}

# told EVENT [WORD]: was it, of that?
told() {
	grep "\"event\":\"$1\"" /tmp/events | grep -q -- "${2:-}"
}

# wait_for EVENT [WORD]: until it is told, or five minutes are over.
wait_for() {
	tries=600
	until told "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.5
	done
}

# how_often EVENT WORD: how often it was told of that.
how_often() {
	grep "\"event\":\"$1\"" /tmp/events | grep -c -- "$2"
}

# wait_more N EVENT WORD: until it was told more often than that.
wait_more() {
	tries=600
	while [ "$(how_often "$2" "$3")" -le "$1" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.5
	done
}

# ended STATUS: it stops when it is asked to.
ended() {
	kill -TERM $watcher
	wait $watcher
	is $? "$1" "$2"
	sed 's/^/#   /' /tmp/err
}

# writer SECONDS [DISK]: 64 KiB some seven times a second, each on another place
# until the disk of 256 MiB ends, so a view of 12 MiB is full in 30.
cat > /root/writer << 'EOT'
import os, sys, time
fd = os.open(sys.argv[2], os.O_WRONLY | os.O_SYNC)
begin, n = time.monotonic(), 0
while time.monotonic() - begin < float(sys.argv[1]):
    if os.path.exists("/tmp/enough"):
        break
    os.pwrite(fd, os.urandom(65536), n % 4096 * 65536)
    n += 1
    time.sleep(max(0, begin + n / 7 - time.monotonic()))
print("# wrote", n * 64, "KiB in %.0f s" % (time.monotonic() - begin))
EOT
writer() {
	python3 /root/writer "$1" "${2:-/dev/vg/w}"
}

# overflowed [DEVICE]
overflowed() {
	dmsetup status "${1:-$view}" | grep -Eq 'Invalid|Overflow'
}

lvcreate -qq -y -Wn -L 256m -n w vg > /dev/null

# The same writer, with nobody who watches: the test can fail.
$keep d@a 12582912 /dev/vg/w
dd if=/dev/urandom of=/dev/vg/w bs=64k count=210 oflag=direct status=none
overflowed
ok $? "without a watch the view overflows"
xensnap watch --once > /tmp/out
is $? 3 "watch --once: status 3"
like "$(cat /tmp/out)" "d@a xvda +lost" "and says that it is lost"
xensnap delete d@a
lvs --noheadings -o lv_name vg | grep -q 'w.xs'
ok $((! $?)) "it is deleted"

# As large as can be of use, LVM says: then there is nothing to watch.
$keep d@a 1099511627776 /dev/vg/w
is "$(lvs --noheadings --units b --nosuffix -o lv_size vg/w.xs-a | tr -d ' ')" \
	"$(sed -n 's/.*"cow_bytes": *\([0-9]*\).*/\1/p' \
		/var/lib/xensnap/d/a/snapshot.json)" \
	"a view that cannot overflow has the size that was said"
xensnap delete -q d@a

$keep d@a 12582912 /dev/vg/w
dd if=/dev/vg/w bs=1M iflag=direct status=none | sha256sum > /tmp/was
watch
writer $seconds
ok $? "the writer wrote for its time"
overflowed
ok $((! $?)) "with a watch it does not overflow"
told extended d@a
ok $? "it was made larger"
told warning
ok $((! $?)) "there was nothing to warn of"
ended 0 "it ends when it is asked to"
echo "# made larger $(grep -c extended /tmp/events) times, to" \
	"$(lvs --noheadings -o lv_size vg/w.xs-a)"
xensnap list d > /dev/null
is $? 0 "the view is good"
dd if=/dev/mapper/$view bs=1M iflag=direct status=none | sha256sum |
	cmp -s - /tmp/was
ok $? "and is what the disk was"
xensnap delete d@a

# What `clone` leaves of a clone with one disk, of a classic view: there is no
# Xen here that could start it.
clone_by_hand() {
	uuid=9b0f1c5e-7d5e-4a4b-8f1d-3b2a6c0d4e11
	lvcreate -qq -y -Wn -L 256m -n d.base vg > /dev/null &&
		lvcreate -qq -y -s -prw -L 12m -c 4k -n trial-xvda \
			--addtag xensnap-clone:$uuid vg/d.base > /dev/null &&
		mkdir -p /var/lib/xensnap/trial || return 1
	cat > /var/lib/xensnap/trial/.clone <<- EOT
	{"format": 1, "domain": "trial", "uuid": "$uuid",
	 "from": "d", "name": "a", "generation": "$uuid",
	 "created": "2026-01-01T00:00:00Z", "made": true, "memory": false,
	 "disks": [{"vdev": "xvda", "driver": "classic",
	            "path": "/dev/vg/trial-xvda", "base": "/dev/vg/d.base",
	            "bytes": 268435456, "cow_bytes": 12582912}]}
	EOT
	: > /var/lib/xensnap/trial/.clone.cfg
}

# A clone's disk: made larger; with no room told of, and never dropped.
clones_disk() {
	clone_by_hand
	ok $? "a clone whose disk is a snapshot of a base"
	like "$(xensnap watch --once)" "clone trial xvda +good +12.0 MiB" \
		"watch --once shows its area"
	watch
	writer 40 /dev/vg/trial-xvda
	ok $? "the clone wrote for its time"
	overflowed vg-trial--xvda
	ok $((! $?)) "with a watch its disk is not lost"
	told extended '"clone":"trial"'
	ok $? "it was made larger"
	ended 0 "it ends when it is asked to"
	echo "# made larger $(grep -c extended /tmp/events) times, to" \
		"$(lvs --noheadings -o lv_size vg/trial-xvda)"
	lvcreate -qq -y -Wn -l 100%FREE -n filler vg > /dev/null
	watch
	rm -f /tmp/enough
	writer 1000 /dev/vg/trial-xvda > /tmp/wrote 2>&1 &
	writing=$!
	wait_for endangered '"clone":"trial"'
	ok $? "with no room it is told of as an error"
	touch /tmp/enough
	wait $writing
	ok $? "before anything is lost"
	cat /tmp/wrote
	like "$(grep endangered /tmp/events)" "vgextend vg DEVICE" \
		"and what to do"
	overflowed vg-trial--xvda
	ok $((! $?)) "its disk is there"
	told drop-announced
	ok $((! $?)) "nothing is dropped"
	ended 3 "it ends, with warnings"
	lvremove -qq -y vg/filler
	lvremove -qq -y vg/trial-xvda vg/d.base > /dev/null
	rm -r /var/lib/xensnap/trial
}

# No room: told, and dropped.
no_room() {
	$keep d@a 12582912 /dev/vg/w
	lvcreate -qq -y -Wn -l 100%FREE -n filler vg > /dev/null
	watch
	rm -f /tmp/enough
	writer 1000 > /tmp/wrote 2>&1 &
	writing=$!
	wait_for dropped d@a
	ok $? "with no room the snapshot is dropped"
	told drop-announced 'will be dropped in about'
	ok $? "that was told before"
	told warning
	ok $? "and it was warned of"
	told lost
	ok $((! $?)) "it was not lost before"
	like "$(sed -n 's/.*"event":"\([^"]*\)".*/\1/p' /tmp/events | tr '\n' ' ')" \
		"^started .*warning .*drop-announced .*dropped" "in that order"
	kill -0 $writing
	ok $? "the writer writes on"
	touch /tmp/enough
	wait $writing
	ok $? "and its disk never failed"
	cat /tmp/wrote
	is "$(lvs --noheadings -o lv_name -S lv_tags=xensnap vg)" "" \
		"no view is left"
	ended 3 "it ends, with warnings"
	is "$(xensnap list --names)" "" "the snapshot is listed no more"
	lvremove -qq -y vg/filler
}

# A thin pool at 95 %.
full_pool() {
	lvcreate -qq -y -T -L 32m -n tp --poolmetadatasize 4m --chunksize 64k vg \
		> /dev/null 2>&1
	lvcreate -qq -y -V 64m -T vg/tp -n tw > /dev/null 2>&1
	$keep d@t 0 /dev/vg/tw
	dd if=/dev/urandom of=/dev/vg/tw bs=64k count=486 oflag=direct status=none
	like "$(xensnap watch --once)" "vg/tp data +warning +32.0 MiB +9[45]" \
		"a thin pool at 95 %: told"
	watch
	wait_for extended vg/tp
	ok $? "and made larger"
	# It was warned of at the first look, and has 37 % free after it.
	wait_for relieved vg/tp
	ok $? "then it has room again, which is told"
	like "$(lvs --noheadings --units m --nosuffix -o lv_size vg/tp)" "4[0-9]|3[3-9]" \
		"LVM says so too"
	lvcreate -qq -y -Wn -l 100%FREE -n filler vg > /dev/null
	warned=$(how_often warning vg/tp)
	dd if=/dev/urandom of=/dev/vg/tw bs=64k seek=486 count=60 oflag=direct \
		status=none
	wait_more "$warned" warning vg/tp
	ok $? "with no room it is warned of, once more"
	told drop-announced
	ok $((! $?)) "and nothing is dropped"
	ended 3 "it ends, with warnings"
	is "$(xensnap list --names)" "d@t" "the snapshot is there"
	lvremove -qq -y vg/filler
	xensnap delete d@t
	lvremove -qq -y vg/tw vg/tp > /dev/null 2>&1
}

clones_disk
[ -z "$LONG" ] || {
	no_room
	full_pool
}
lvremove -qq -y vg/w
is "$(xensnap recover)" "Nothing to recover." "nothing is left to recover"
is "$(dmsetup info -c --noheadings -o name -S suspended=Suspended)" "" \
	"nothing is held"
tap_done
