/* The folder that holds the unpacked program, whole or not at all. */
#ifndef PHYSIOLOGY_LAUNCHER_UNPACK_H
#define PHYSIOLOGY_LAUNCHER_UNPACK_H

#include <stdbool.h>

#include "payload.h"

enum check {
  CHECK_QUICK, /* each file's kind, size, mode and time: any write shows */
  CHECK_FULL,  /* each file's SHA-256 as well: what a power cut or a bad disk did shows too */
};

/* True where `folder` holds the payload's files as they were unpacked. */
bool folder_is_whole(const struct payload *payload, const char *folder, enum check check);

/*
 * Unpacks beside `folder` and moves the result there at once; a damaged folder of that name is
 * moved away first, so that a program which runs from it keeps its files. The caller holds the
 * unpacking lock. Ends the process with status 69 where the disk does not take it.
 */
void unpack(const struct payload *payload, const char *folder);

/* Removes a folder with everything in it; what cannot be removed stays. */
void remove_folder(const char *path);

#endif
