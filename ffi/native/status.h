/* What every function of the library answers.
 *
 * 0 is success; a negative number is one of these. The text of the newest failure in the calling
 * thread, with the system's own words, is ph_error_message(). */
#ifndef PH_STATUS_H
#define PH_STATUS_H

#define PH_API __attribute__((visibility("default")))

enum ph_status {
  PH_OK = 0,
  PH_ERR_ARGUMENT = -1,   /* a value that the caller should not have passed */
  PH_ERR_MEMORY = -2,     /* the machine has no memory left */
  PH_ERR_SYSTEM = -3,     /* a system call failed; the message has errno's text */
  PH_ERR_NO_DEVICE = -4,  /* no such camera, or it was unplugged */
  PH_ERR_BUSY = -5,       /* another program has the camera */
  PH_ERR_PERMISSION = -6, /* the user may not open the camera */
  PH_ERR_FORMAT = -7,     /* the camera has no such format, or the data are not of it */
  PH_ERR_TIMEOUT = -8,    /* nothing came within the deadline */
  PH_ERR_STATE = -9,      /* called in the wrong order */
};

/* The text of the newest failure in this thread; never NULL, valid until the next call here. */
PH_API const char *ph_error_message(void);

/* Keeps a message for ph_error_message() and returns `status`; for the library's own use. */
int ph_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Microseconds of CLOCK_MONOTONIC, to place a driver's time stamps on the caller's clock. */
PH_API long long ph_monotonic_us(void);

#endif
