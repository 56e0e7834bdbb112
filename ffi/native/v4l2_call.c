#include "v4l2_call.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "status.h"

int ph_ioctl(int fd, unsigned long request, void *argument) {
  int result;
  do {
    result = ioctl(fd, request, argument);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : 0;
}

int ph_camera_status(int error) {
  switch (error) {
    case ENODEV:
    case ENOENT:
    case ENXIO: return PH_ERR_NO_DEVICE;
    case EBUSY: return PH_ERR_BUSY;
    case EACCES:
    case EPERM: return PH_ERR_PERMISSION;
    case ENOMEM: return PH_ERR_MEMORY;
    case ENOTTY: return PH_ERR_FORMAT;
    default: return PH_ERR_SYSTEM;
  }
}

int ph_camera_fail(int error, const char *path, const char *what) {
  return ph_fail(ph_camera_status(error), "Cannot %s %s: %s", what, path, strerror(error));
}
