#include "common.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fail(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("physiology_server: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(status);
}

void format_path(char path[PATH_MAX], const char *format, const char *a, const char *b) {
  if (snprintf(path, PATH_MAX, format, a, b) >= PATH_MAX) {
    fail(EXIT_UNAVAILABLE, "Cannot use %s: the path is too long", a);
  }
}
