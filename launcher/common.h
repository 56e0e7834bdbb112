/* Error exit and path formatting, used by all files of the launcher. */
#ifndef PHYSIOLOGY_LAUNCHER_COMMON_H
#define PHYSIOLOGY_LAUNCHER_COMMON_H

#include <limits.h>

/* Exit statuses of sysexits.h: EX_USAGE, EX_UNAVAILABLE and EX_SOFTWARE. */
#define EXIT_USAGE 64
#define EXIT_UNAVAILABLE 69
#define EXIT_INTERNAL 70

/* Prints one line to stderr and exits with `status`. */
void fail(int status, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

/* Formats a path from two strings. Exits with a message if it is too long. */
void format_path(char path[PATH_MAX], const char *format, const char *a, const char *b);

#endif
