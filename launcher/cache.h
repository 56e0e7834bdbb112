/* The directory that holds the unpacked programs of all versions. For a program with the SHA-256
 * NAME it contains:
 *
 *   NAME          the unpacked files (unpack.h)
 *   NAME.new      an incomplete unpacking
 *   NAME.old      a damaged directory that is being replaced
 *   NAME.deno     Deno's notes on modules
 *   NAME.lock     held while unpacking
 *   NAME.use      held while the program runs; its modification time is the last start
 */
#ifndef PHYSIOLOGY_LAUNCHER_CACHE_H
#define PHYSIOLOGY_LAUNCHER_CACHE_H

#include <limits.h>

#include "payload.h"

/* Finds the directory of an installation if it has this version, or else the first directory to
 * which the program can be unpacked and run, or that holds it already. Creates it if necessary.
 * Exits with a message if there is none. */
void cache_find(const struct payload *payload, char directory[PATH_MAX]);

/* Uses `directory` instead of searching, and creates it so that every user can run the program. */
void cache_make(const char *directory);

/* Marks the program as used until this process and its successor by exec exit. */
void cache_use(const char *program);

/* Unpacks the program unless all its files have the SHA-256 of the payload. */
void cache_ensure_unpacked(const struct payload *payload, const char *program);

/* Removes incomplete unpackings of all versions, as a power cut leaves them. */
void cache_remove_incomplete(const char *directory);

/* Removes the programs of other versions that do not run. Keeps the most recently used one for a
 * rollback. */
void cache_remove_old(const char *directory, const char *current);

#endif
