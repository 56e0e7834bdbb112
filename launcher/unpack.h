/* Unpacks a payload to a directory, atomically. */
#ifndef PHYSIOLOGY_LAUNCHER_UNPACK_H
#define PHYSIOLOGY_LAUNCHER_UNPACK_H

#include <stdbool.h>

#include "payload.h"

/* Returns true if `directory` has all files of the payload with their types, sizes and modes. */
bool has_files(const struct payload *payload, const char *directory);

/* Returns true if also the SHA-256 of each file is that of the payload, and there is no other
 * file. */
bool is_intact(const struct payload *payload, const char *directory);

/*
 * Unpacks to a directory beside `directory` and renames it. A damaged directory of that name is
 * renamed first, so that a program that runs from it keeps its files. The caller must hold the
 * lock. Exits with status 69 if the disk is full or a write fails.
 */
void unpack(const struct payload *payload, const char *directory);

/* Removes a directory and its contents. Ignores errors. */
void remove_directory(const char *path);

#endif
