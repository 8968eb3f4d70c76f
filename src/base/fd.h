/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fd.h - files and folders, opened safely, written durably.
 *
 * Everything opened here is O_CLOEXEC.  Paths are given as a folder's
 * descriptor and a name inside it wherever the folder is ours.  Wherever
 * ERR_IO is named, ERR_DENIED and ERR_NOSPC may come as well, by errno.
 */
#ifndef XENSNAP_FD_H
#define XENSNAP_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/* fd_code() - the code of a system call that failed with @sys. */
enum err_code fd_code(int sys);

/* fd_close() - close *@fd unless it is -1, and make it -1. */
void fd_close(int *fd);

/*
 * fd_write_all() - write @len bytes; interrupted and short writes go on.
 * Returns 0, or -1 with ERR_IO or ERR_NOSPC; how much was written is unknown.
 */
int fd_write_all(int fd, const void *p, size_t len, struct err *err);

/* fd_pwrite_all() - the same at @offset, leaving the file position alone. */
int fd_pwrite_all(int fd, const void *p, size_t len, uint64_t offset,
		  struct err *err);

/*
 * fd_pread_full() - read @len bytes at @offset.  Returns how many there were
 * (fewer only at the end of the file), or -1 with ERR_IO.
 */
ssize_t fd_pread_full(int fd, void *p, size_t len, uint64_t offset,
		      struct err *err);

/*
 * fd_read_file() - the whole of @name in folder @dirfd (AT_FDCWD: a path), at
 * most @max bytes, NUL-terminated, malloc()ed for the caller.  Symbolic links
 * are not followed.  -1 with ERR_NOTFOUND, ERR_IO, ERR_NOMEM, or ERR_CORRUPT
 * when it is larger than @max or not a regular file; then nothing is owned.
 */
int fd_read_file(int dirfd, const char *name, size_t max, char **ret,
		 size_t *ret_len, struct err *err);

/*
 * fd_write_file() - make @name in folder @dirfd hold @len bytes, mode 0600,
 * all or nothing also after a power cut: written beside it as ".NAME.new",
 * fsynced, renamed, folder fsynced.  On failure the old file is unchanged.
 */
int fd_write_file(int dirfd, const char *name, const void *p, size_t len,
		  struct err *err);

/*
 * fd_make_dir() - make folder @name in @dirfd (mode 0700) and fsync @dirfd;
 * -1 with ERR_EXISTS when it is there already.
 */
int fd_make_dir(int dirfd, const char *name, struct err *err);

/*
 * fd_open_dir() - open folder @name in @dirfd (AT_FDCWD: a path); symbolic
 * links are not followed.  Returns a descriptor, or -1 with ERR_NOTFOUND or
 * ERR_IO.
 */
int fd_open_dir(int dirfd, const char *name, struct err *err);

/*
 * fd_remove_dir() - remove folder @name in @dirfd and the plain files in it
 * (ours hold no folders), then fsync @dirfd.  Gone already counts as success.
 */
int fd_remove_dir(int dirfd, const char *name, struct err *err);

/*
 * fd_open_scratch() - a file in @dirfd that nobody else sees and that goes with
 * its descriptor: without a name, or with one that is taken away at once where
 * the file system must have one.  -1 with ERR_NOSPC, ERR_DENIED or ERR_IO.
 */
int fd_open_scratch(int dirfd, struct err *err);

/*
 * fd_nameless_is_durable() - is a file durable that was fsynced before it had a
 * name, and whose folder was fsynced after it got one?  btrfs before Linux 6.16
 * passes over an fsync of a file without links: after a power cut it would be
 * there, and empty.  So true only where it is known, by the file system of
 * @dirfd.
 */
bool fd_nameless_is_durable(int dirfd);

/* fd_sync() - fsync @fd; @what names it in the error. */
int fd_sync(int fd, const char *what, struct err *err);

#endif
