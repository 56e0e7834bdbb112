/* ioctl that goes on after a signal, and what its failure means. */
#ifndef PH_V4L2_CALL_H
#define PH_V4L2_CALL_H

/* 0, or -errno. */
int ph_ioctl(int fd, unsigned long request, void *argument);

/* The status for an errno of a camera. */
int ph_camera_status(int error);

/* Keeps "Cannot <what>: <reason>: <what to do>" and returns the status of `error`. */
int ph_camera_fail(int error, const char *path, const char *what);

#endif
