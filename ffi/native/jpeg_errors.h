/* How libjpeg tells this library of failures: by leaving the call, never by printing or exiting. */
#ifndef PH_JPEG_ERRORS_H
#define PH_JPEG_ERRORS_H

#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

/* One libjpeg object's failure. `manager` is first: libjpeg hands out a pointer to it. */
struct ph_jpeg_errors {
  struct jpeg_error_mgr manager;
  jmp_buf failed;
  const char *task; /* what cannot be done, for the message */
  char *message;    /* gets the reason */
  size_t message_size;
};

/* What to put into the libjpeg object's `err`. Afterwards setjmp(errors->failed) must be taken
 * before any call into libjpeg. */
struct jpeg_error_mgr *ph_jpeg_errors_init(struct ph_jpeg_errors *errors, const char *task,
                                           char *message, size_t message_size);

#endif
