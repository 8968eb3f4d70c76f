#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_83_jobs.sh - job files: what the service starts makes the backups that are
# due, of a guest that runs on (inv. 1, 5); again it does nothing; what fails is
# seen in the exit status, `status` and the metrics.  There is no systemd in this
# dom0: the command is taken from the unit.
lab_state=running:pvh1
lab_more=${XENSNAP_BUILD:-}/contrib/xensnap-backup.service
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvh1
unit=/root/test/lib/xensnap-backup.service
metrics=/run/xensnap.prom
export XENSNAP_KEY_FILE=/root/key

run_service() {
	# shellcheck disable=SC2046
	$(sed -n 's/^ExecStart=//p' $unit) --metrics $metrics > /tmp/out 2>&1
	started=$?
	sed 's/^/#   /' /tmp/out
	# As the unit has it: done, with warnings.
	[ $started -ne 3 ] || started=0
	return $started
}

backups() {
	xensnap backups --json /srv/xfs/repo | grep -c '"session"'
}

xensnap init -q /srv/xfs/repo > /dev/null
ok $? "a repository"
mkdir -p /etc/xensnap/jobs.d
cat > /etc/xensnap/jobs.d/nightly.conf <<'CONF'
# All that are called so.
domains = pvh*
repository = /srv/xfs/repo
key-file = /root/key
cow-size = 100%
every = 6h
keep-last = 1
CONF
is "$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' $unit)" \
	/usr/local/sbin/xensnap "the unit is of the program that is tested"

mark=$(size_of "$(console $guest)")
run_service
ok $? "it makes the first backup"
verdict $guest "$mark" resume > /dev/null
ok $? "the guest is whole, and runs on"
is "$(backups)" 1 "it is there"
run_service
ok $? "once more: nothing is due"
is "$(backups)" 1 "and nothing was made"
xensnap status > /tmp/out 2>&1
ok $? "all is as it should be"
sed 's/^/#   /' /tmp/out
grep -q 'xensnap_backup_failed{job="nightly",domain="pvh1"} 0' $metrics
ok $? "so the metrics say"

mv /srv/xfs/repo /srv/xfs/away
sed -i 's/^every.*/every = 1min/' /etc/xensnap/jobs.d/nightly.conf
sleep 60
run_service
is $? 1 "without its repository it fails"
xensnap status > /tmp/out 2>&1
is $? 3 "status says so"
sed 's/^/#   /' /tmp/out
grep -q 'xensnap_backup_failed{job="nightly",domain="pvh1"} 1' $metrics
ok $? "and the metrics"
is "$(xensnap list --names | wc -l)" 1 "no snapshot is left but the base"

mv /srv/xfs/away /srv/xfs/repo
mark=$(size_of "$(console $guest)")
run_service
ok $? "it is back: the next one goes well"
verdict $guest "$mark" resume > /dev/null
ok $? "the guest is whole"
is "$(backups)" 1 "the first backup was pruned"
xensnap list --names | xargs xensnap delete -q
rm -r /var/lib/xensnap/.jobs
clean $guest
ok $? "nothing is left"
tap_done
