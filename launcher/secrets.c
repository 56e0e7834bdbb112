#include "secrets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *flag, *variable;
} secrets[] = {
    {"redis_password", "PHYSIOLOGY_REDIS_PASSWORD"},
    {"redis_sentinel_password", "PHYSIOLOGY_REDIS_SENTINEL_PASSWORD"},
    {"grpc_token", "PHYSIOLOGY_GRPC_TOKEN"},
    {"http_token", "PHYSIOLOGY_HTTP_TOKEN"},
    {"token", "PHYSIOLOGY_TOKEN"},
};

/* Returns the environment variable of a secret flag, or NULL for any other argument. Sets `value`
 * to the text after "=", or to NULL if the value is the next argument. */
static const char *secret_variable(char *argument, char **value) {
  if (*argument != '-') return NULL;
  argument += argument[1] == '-' ? 2 : 1;
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
    char *a = argument;
    const char *b = secrets[i].flag;
    while (*b && (*a == *b || (*a == '-' && *b == '_'))) a++, b++;
    if (*b || (*a && *a != '=')) continue;
    *value = *a ? a + 1 : NULL;
    return secrets[i].variable;
  }
  return NULL;
}

void move_secrets_to_environment(char **arguments) {
  char **kept = arguments;
  for (char **next = arguments; *next; next++) {
    char *value;
    const char *variable = secret_variable(*next, &value);
    if (variable && !value && next[1]) value = *++next;
    if (variable && value) {
      setenv(variable, value, 1);
      /* The kernel shows this memory as the command line of the process. */
      memset(value, 0, strlen(value));
    } else
      *kept++ = *next;
  }
  *kept = NULL;
}
