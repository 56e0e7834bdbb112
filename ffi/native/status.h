/* The return values of all functions of this library.
 *
 * 0 is success; a negative value is an error of enum ph_status. ph_error_message() returns the text
 * of the last error in the calling thread, including the text of errno. */
#ifndef PH_STATUS_H
#define PH_STATUS_H

#define PH_API __attribute__((visibility("default")))

enum ph_status {
  PH_OK = 0,
  PH_ERR_ARGUMENT = -1,   /* invalid argument */
  PH_ERR_MEMORY = -2,     /* memory allocation failed */
  PH_ERR_SYSTEM = -3,     /* a system call failed; the message has the text of errno */
  PH_ERR_NO_DEVICE = -4,  /* the camera does not exist or was unplugged */
  PH_ERR_BUSY = -5,       /* another program uses the camera */
  PH_ERR_PERMISSION = -6, /* the user has no permission to open the camera */
  PH_ERR_FORMAT = -7,     /* the format is not supported, or the data is malformed */
  PH_ERR_TIMEOUT = -8,    /* nothing arrived before the deadline */
  PH_ERR_STATE = -9,      /* the call is not allowed in the current state */
};

/* Returns the text of the last error in this thread; never NULL, valid until the next call of this
 * library in this thread. */
PH_API const char *ph_error_message(void);

/* Sets the message of ph_error_message() and returns `status`. Internal to the library. */
int ph_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns CLOCK_MONOTONIC in microseconds, the clock of the timestamps of V4L2. */
PH_API long long ph_monotonic_us(void);

/* Returns CLOCK_BOOTTIME in microseconds, which also advances while the machine is suspended. */
PH_API long long ph_boottime_us(void);

#endif
