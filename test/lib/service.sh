# SPDX-License-Identifier: LGPL-2.1-or-later
# service.sh - sourced by a test in dom0: a real systemd, with the units that are
# tested.
#
# dom0's first process is the lab's agent, so systemd is that of a namespace, with
# processes, control groups and mounts of its own.  Volumes, udev, IPC and Xen are
# dom0's.

services=/etc/systemd/system

# What dom0 has already, or nobody here asks for.
already="systemd-udevd.service systemd-udev-trigger.service
	systemd-udevd-control.socket systemd-udevd-kernel.socket
	systemd-modules-load.service systemd-sysctl.service
	systemd-firstboot.service systemd-random-seed.service
	lvm2-monitor.service lvm2-lvmpolld.service lvm2-lvmpolld.socket
	blk-availability.service xen.service xendomains.service
	xen-init-dom0.service xenstored.service xenconsoled.service
	console-getty.service"

# systemd_boot DIR: until all that it starts by itself is started; the units are
# those in DIR.
systemd_boot() {
	mkdir -p /run/systemd/system
	cp "$1"/*.service "$1"/*.timer $services/
	for had in $already; do
		ln -sf /dev/null "/run/systemd/system/$had"
	done
	echo 0123456789abcdef0123456789abcdef > /etc/machine-id
	container=lab setsid unshare --fork --pid --mount --mount-proc --cgroup \
		sh -c '[ ! -d /proc/xen ] || mount -t xenfs none /proc/xen
			exec /lib/systemd/systemd --unit=multi-user.target' \
		< /dev/null > /run/systemd.log 2>&1 &
	wait_for 60 pgrep -x systemd || return 1
	systemd_pid=$(pgrep -x systemd | head -n 1)
	wait_for 120 in_systemd systemctl is-system-running --wait
	is_up=$(in_systemd systemctl is-system-running)
	[ "$is_up" = running ] && return 0
	in_systemd systemctl --failed --no-legend | sed 's/^/#   /'
	return 1
}

in_systemd() {
	nsenter -t "$systemd_pid" --pid --mount --cgroup "$@"
}

# systemd_guest NAME: start it anew in there, with its monitor: one of dom0's is not
# seen in the namespace, and ends when the guest is suspended.
systemd_guest() {
	xl destroy "$1" && wait_for 60 sh -c "! xl domid $1" || return 1
	begin=$(size_of "$(console "$1")")
	in_systemd xl create "/etc/xen/guests/$1.cfg" > /dev/null 2>&1 &&
		wait_for 180 sh -c "tail -c +$((begin + 1)) $(console "$1") |
			grep -q 'WITNESS ready'"
}

# unit_is UNIT PROPERTY: its value.
unit_is() {
	in_systemd systemctl show --value -p "$2" "$1"
}
