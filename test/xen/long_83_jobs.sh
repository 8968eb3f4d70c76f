#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_83_jobs.sh - job files, under a real systemd: the service makes the backups
# that are due, of a guest that runs on (inv. 1, 5); again it does nothing; what
# fails is seen in the service's state, `status` and the metrics; the timer starts
# it.  And the guard's service resumes a guest that a dead xensnap left suspended.
lab_state=running:pvh1
lab_more=${XENSNAP_BUILD:-}/contrib
. "$(dirname "$0")/../lib/in_lab.sh"
. /root/test/lib/service.sh

guest=pvh1
unit=xensnap-backup.service
metrics=/run/xensnap.prom
export XENSNAP_KEY_FILE=/root/key

# run_service: until it is done; what it says is in the journal.
run_service() {
	in_systemd systemctl start $unit > /tmp/out 2>&1
	started=$?
	told
	return $started
}

# told: since it was asked last.
told() {
	in_systemd journalctl -q -o cat -u $unit --cursor-file=/tmp/cursor |
		sed 's/^/#   /'
}

# changed UNIT: by the lines on stdin, as `systemctl edit` does it.
changed() {
	mkdir -p "$services/$1.d"
	cat > "$services/$1.d/override.conf"
	in_systemd systemctl daemon-reload
}

ended() {
	[ "$(unit_is $unit ActiveState)" = inactive ]
}

sessions() {
	xensnap backups --json /srv/xfs/repo | grep '"session"'
}

made_another() {
	[ "$(sessions)" != "$first" ]
}

backups() {
	sessions | wc -l
}

systemd_boot /root/test/lib/contrib
ok $? "systemd is up"
systemd_guest $guest
ok $? "a guest beside it"
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
command=$(unit_is $unit ExecStart | sed 's/.*argv\[\]=\([^;]*\) ;.*/\1/')
like "$command" "^/usr/local/sbin/xensnap " \
	"the unit is of the program that is tested"
changed $unit <<CONF
[Service]
ExecStart=
ExecStart=$command --metrics $metrics
CONF

mark=$(size_of "$(console $guest)")
run_service
ok $? "it makes the first backup"
verdict $guest "$mark" resume > /dev/null
ok $? "the guest is whole, and runs on"
monitor_of $guest > /dev/null
ok $? "under xl's monitor"
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
ok $((! $?)) "without its repository it fails"
is "$(unit_is $unit ActiveState) $(unit_is $unit ExecMainStatus)" "failed 1" \
	"which systemd shows"
xensnap status > /tmp/out 2>&1
is $? 3 "status says so"
sed 's/^/#   /' /tmp/out
grep -q 'xensnap_backup_failed{job="nightly",domain="pvh1"} 1' $metrics
ok $? "and the metrics"
is "$(xensnap list --names | wc -l)" 1 "no snapshot is left but the base"

mv /srv/xfs/away /srv/xfs/repo
first=$(sessions)
mark=$(size_of "$(console $guest)")
changed xensnap-backup.timer <<'CONF'
[Timer]
OnCalendar=
OnCalendar=*:*:0/10
RandomizedDelaySec=0
AccuracySec=1s
CONF
in_systemd systemctl enable --now xensnap-backup.timer > /tmp/out 2>&1
ok $? "the timer is started"
wait_for 300 made_another
ok $? "the repository is back: the timer has the next one made"
in_systemd systemctl stop xensnap-backup.timer
wait_for 300 ended
told
is "$(unit_is $unit Result)" success "which goes well"
xensnap status > /dev/null 2>&1
ok $? "status says so"
verdict $guest "$mark" resume > /dev/null
ok $? "the guest is whole"
is "$(backups)" 1 "the first backup was pruned"

# Both are dead who would have resumed it.
mark=$(size_of "$(console $guest)")
in_systemd env XENSNAP_STOP_AT=instant.held xensnap create -q $guest@dead &
nsenter_pid=$!
held() {
	pid=$(pgrep -x xensnap) && grep -q '^State:.T' "/proc/$pid/status"
}
wait_for 60 held && watch=$(pgrep -P "$pid" xensnap-watch) &&
	kill -9 "$watch" "$pid"
ok $? "create dies, and so does its watchdog"
# It stopped itself when what it waits for was stopped.
kill -9 "$nsenter_pid"
wait "$nsenter_pid" 2> /dev/null
like "$(state_of $guest)" '^--' "the guest stands still"
in_systemd systemctl start xensnap-watch
ok $? "the guard is started"
wait_for 60 runs $guest
ok $? "which resumes it"
verdict $guest "$mark" resume > /dev/null
ok $? "it is whole"
in_systemd systemctl stop xensnap-watch
is "$(unit_is xensnap-watch Result)" success "the guard ends"
in_systemd journalctl -q -o cat -u xensnap-watch | sed 's/^/#   /'
xensnap recover > /tmp/out 2>&1
ok $? "recover takes what is left"
sed 's/^/#   /' /tmp/out

xensnap list --names | xargs xensnap delete -q
rm -r /var/lib/xensnap/.jobs
clean $guest
ok $? "nothing is left"
tap_done
