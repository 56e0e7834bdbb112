/* An error manager for libjpeg that leaves the call by longjmp, and never prints or exits. */
#ifndef PH_JPEG_ERRORS_H
#define PH_JPEG_ERRORS_H

#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

/* The error state of one libjpeg object. `manager` must be first: libjpeg passes a pointer to it to
 * the callbacks. */
struct ph_jpeg_errors {
  struct jpeg_error_mgr manager;
  jmp_buf failed;
  const char *task; /* the verb phrase after "Cannot" in the message */
  char *message;    /* receives the reason */
  size_t message_size;
};

/* Returns the error manager for the `err` field of a libjpeg object. The caller must then call
 * setjmp(errors->failed) before any call into libjpeg. */
struct jpeg_error_mgr *ph_jpeg_errors_init(struct ph_jpeg_errors *errors, const char *task,
                                           char *message, size_t message_size);

#endif
