/* Enumerates the cameras of this machine and their formats. */
#ifndef PH_CAMERA_LIST_H
#define PH_CAMERA_LIST_H

#include <stddef.h>

#include "status.h"

/* Writes the cameras of this machine as lines of tab-separated fields:
 *
 *   camera  path  stable path or nothing  name  bus  driver  reason why it cannot be opened
 *           path of its port in /dev/v4l/by-path or nothing
 *   format  four characters  description  1 if this library reads it, else 0
 *   size    width  height  frames per 1000 s  frames per 1000 s ...
 *
 * A format belongs to the camera line before it, a size to the format line before it. Returns the
 * length of the whole text without its final zero byte; if that is `capacity` or more, the text was
 * truncated. Queries the drivers, so it may block. May be called from any thread. */
PH_API int ph_camera_list(char *text, size_t capacity);

/* Finds the symbolic link in /dev/v4l/by-id or /dev/v4l/by-path that points to `path`; it stays the
 * same when the camera is plugged in again. Returns PH_ERR_NO_DEVICE if there is none. */
PH_API int ph_camera_stable_path(const char *path, char *link, size_t capacity);

/* Reads the name of the device node that `path` points to, such as "unicam-image", without opening
 * it. Returns PH_ERR_NO_DEVICE if `path` leads to no device node of V4L2. */
PH_API int ph_camera_node_name(const char *path, char *name, size_t capacity);

#endif
