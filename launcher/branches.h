/*
 * Addresses in machine code. An instruction that calls or loads holds the distance to its target, so
 * that those of one target differ at each place; the targets themselves are equal, and compress
 * better. The packer writes targets (`scripts/pack/branches.ts`), the launcher restores distances.
 */
#ifndef PHYSIOLOGY_LAUNCHER_BRANCHES_H
#define PHYSIOLOGY_LAUNCHER_BRANCHES_H

#include <stddef.h>
#include <stdint.h>

/* Bytes at the end of a part that may belong to an instruction that the next part completes. */
#define MAX_UNRESTORED 7

/*
 * Restores the distances in a part of a file that begins at `position`, in place. Returns how many
 * bytes are done; the rest, at most MAX_UNRESTORED, belongs before the next part, or ends the file.
 */
size_t restore_distances_x64(unsigned char *bytes, size_t size, uint64_t position);
/* `position` must be a multiple of 4, as all of its results are. */
size_t restore_distances_arm64(unsigned char *bytes, size_t size, uint64_t position);

#if defined(__x86_64__)
#define restore_distances restore_distances_x64
#elif defined(__aarch64__)
#define restore_distances restore_distances_arm64
#endif

#endif
