/* A check for tests: prints the location of a failure, counts it and continues. */
#ifndef PH_CHECK_H
#define PH_CHECK_H

#include <stdio.h>

extern int failures;

#define CHECK(condition, ...)                                       \
  do {                                                              \
    if (!(condition)) {                                             \
      failures++;                                                   \
      printf("not ok %s:%d: %s: ", __FILE__, __LINE__, #condition); \
      printf(__VA_ARGS__);                                          \
      printf("\n");                                                 \
    }                                                               \
  } while (0)

#endif
