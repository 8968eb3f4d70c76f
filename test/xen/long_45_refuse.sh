#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_45_refuse.sh - bad input on a real host: one line that names the thing, the
# right status, and nothing changed.
lab_state=running:pvhmix
. "$(dirname "$0")/../lib/in_lab.sh"

# refused STATUS PATTERN WORDS...
refused() {
	status=$1
	pattern=$2
	shift 2
	xensnap "$@" > /tmp/out 2> /tmp/err
	is $? "$status" "xensnap $(echo "$*" | tr -dc '[:print:]'): exit $status"
	is "$(wc -l < /tmp/err)" 1 "  one line"
	like "$(cat /tmp/err)" "$pattern" "  that says why"
}

refused 1 'nosuch' create nosuch@a
refused 1 'pvhmix@nosuch' delete pvhmix@nosuch
refused 1 'pvhmix@nosuch' show pvhmix@nosuch
refused 1 'pvhmix@nosuch' export pvhmix@nosuch /srv/xfs/x
refused 2 'pvhmix@\.\.|\.\.' create pvhmix@..
refused 2 '/' create pvhmix@a/b
refused 2 'letter' create pvhmix@-x
refused 2 '64' create "pvhmix@$(printf 'x%.0s' $(seq 200))"
refused 2 '' create "pvhmix@a$(printf '\033')[31m"

xl pause pvhmix
refused 1 'paused' create pvhmix@a
xl unpause pvhmix

lvcreate -q -y -l 100%FREE -n full vg > /dev/null
refused 1 'vg' create pvhmix@a
lvremove -q -y vg/full > /dev/null

xensnap create --cow-size 100% pvhmix@a > /dev/null 2>&1
refused 1 'pvhmix@a' create pvhmix@a
xensnap delete pvhmix@a

dmsetup suspend vg-pvhmix_xvda
refused 1 'suspended' create pvhmix@a
dmsetup resume vg-pvhmix_xvda

# A second xensnap on the same domain.
XENSNAP_STOP_AT=journal.begin.after xensnap create pvhmix@b > /dev/null 2>&1 &
first=$!
wait_for 30 grep -q '^State:.T' "/proc/$first/status"
refused 4 'at work' create pvhmix@c
kill -CONT "$first"
wait "$first"
ok $? "the first one ends well"
xensnap delete pvhmix@b

setpriv --reuid=65534 --clear-groups xensnap create pvhmix@a > /dev/null \
	2> /tmp/err
is $? 1 "not root: exit 1"
like "$(cat /tmp/err)" 'root' "not root: said so"

clean pvhmix
ok $? "nothing is left"
check pvhmix
ok $? "the guest is whole"
tap_done
