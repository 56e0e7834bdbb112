/* Which cameras there are, and what they offer. */
#ifndef PH_CAMERA_LIST_H
#define PH_CAMERA_LIST_H

#include <stddef.h>

#include "status.h"

/* Writes the cameras of this machine as lines of fields that tabs separate:
 *
 *   camera  path  stable path or nothing  name  bus  driver  reason why it cannot be opened
 *   format  four characters  description  1 where this library reads it, else 0
 *   size    width  height  frames in 1000 s  frames in 1000 s ...
 *
 * formats belong to the camera before them, sizes to the format before them. Answers the bytes
 * that the text needs, without its closing zero; where they are not under `capacity`, the text was
 * cut. Asks the drivers and so may wait; any thread. */
PH_API int ph_camera_list(char *text, size_t capacity);

/* Finds the link in /dev/v4l/by-id or /dev/v4l/by-path that leads to `path`, which then survives
 * replugging. PH_ERR_NO_DEVICE where there is none. */
PH_API int ph_camera_stable_path(const char *path, char *link, size_t capacity);

#endif
