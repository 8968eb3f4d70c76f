/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cases.h - what disk_test tests; each a function of nothing, printing TAP. */
#ifndef XENSNAP_TEST_CASES_H
#define XENSNAP_TEST_CASES_H

/* The views of several disks are of the instant. */
void case_instant_classic(void);
void case_instant_thin(void);

/* Of a file on XFS and on btrfs; nothing is left beside it. */
void case_instant_reflink(void);

/* Copies of a file and of a block device, made while nobody writes. */
void case_instant_copy(void);

/* The same, mixed, while a domain stands still: each block exactly. */
void case_instant_exact(void);

/* A view that is not of the instant must be found out. */
void case_control(void);

/* Several views of one disk, dropped in any order. */
void case_several_views(void);

/* Other LVM commands at work on the group while its disks are held. */
void case_beside_lvm(void);

/* Everything that plan, hold and view have to refuse. */
void case_refuse_disks(void);
void case_refuse_names(void);
void case_refuse_room(void);
void case_refuse_pools(void);
void case_refuse_suspended(void);
void case_refuse_changed(void);
void case_refuse_stuck(void);

/* Views on record: states, reading, what is not ours. */
void case_view_record(void);
void case_view_overflow(void);
void case_view_foreign(void);
void case_thin_activation(void);
void case_thin_open_alone(void);
void case_thin_open_late(void);
void case_thin_open_apart(void);
void case_thin_external(void);
void case_lvm_goes_on(void);

/* What a view lives on breaks; others are at work beside us. */
void case_broken_device(void);
void case_broken_pool_full(void);
void case_broken_pool_failed(void);
void case_broken_race(void);

/* A process that dies at any place: afterwards all is as before. */
void case_kill_steps(void);
void case_kill_more(void);
void case_kill_random(void);

/* What differs between two views, by LVM's own tables. */
void case_changes_classic(void);
void case_changes_thin(void);
void case_changes_refuse(void);
void case_changes_pool(void);

/* How long it takes, told. */
void case_times(void);

#endif
