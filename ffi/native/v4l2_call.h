/* ioctl with a retry after EINTR, and the mapping of errno to enum ph_status. */
#ifndef PH_V4L2_CALL_H
#define PH_V4L2_CALL_H

/* Returns 0, or -errno. */
int ph_ioctl(int fd, unsigned long request, void *argument);

/* Returns the status for an errno of a camera. */
int ph_camera_status(int error);

/* Sets the message "Cannot <task> <path>: <text of errno>" and returns the status of `error`. */
int ph_camera_fail(int error, const char *path, const char *task);

#endif
