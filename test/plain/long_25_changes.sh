#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_25_changes.sh - what has changed between two views, by LVM's own tables on a
# real LVM: never less than what differs; what proves nothing is refused; a thin
# pool's metadata snapshot does not stay, whoever dies.
#
# XENSNAP_BUILD is a build with -Dfail_points=true.
# shellcheck disable=SC2034 # for in_lab.sh
lab_state=plain
if [ -z "${XENSNAP_IN_LAB:-}" ]; then
	XENSNAP_BIN=${XENSNAP_BUILD:?names no build}/test/plain/disk_test
fi
. "$(dirname "$0")/../lib/in_lab.sh"

exec /usr/local/sbin/xensnap vg pool changes_classic changes_thin \
	changes_refuse changes_pool
