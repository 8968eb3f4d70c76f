#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 10_disk.sh - the disk room on a real LVM, without Xen: views are of the
# instant, what is wrong is refused, whoever dies leaves nothing that cannot be
# cleared up (inv. 1, 5, 7).
#
# XENSNAP_BUILD is a build with -Dfail_points=true.  LONG=1 kills more often.
# shellcheck disable=SC2034 # for in_lab.sh
lab_state=plain
if [ -z "${XENSNAP_IN_LAB:-}" ]; then
	XENSNAP_BIN=${XENSNAP_BUILD:?names no build}/test/plain/disk_test
fi
. "$(dirname "$0")/../lib/in_lab.sh"

[ -z "$LONG" ] || export DISK_TEST_KILLS=100
exec /usr/local/sbin/xensnap vg pool
