#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static _Thread_local char message[256] = "";

const char *ph_error_message(void) { return message; }

int ph_fail(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return status;
}

static long long read_us(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

long long ph_monotonic_us(void) { return read_us(CLOCK_MONOTONIC); }

long long ph_boottime_us(void) { return read_us(CLOCK_BOOTTIME); }
