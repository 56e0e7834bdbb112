#include "secrets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *flag, *variable;
  bool only_url; /* a path is no secret */
} secrets[] = {
    {"redis_password", "PHYSIOLOGY_REDIS_PASSWORD", false},
    {"redis_sentinel_password", "PHYSIOLOGY_REDIS_SENTINEL_PASSWORD", false},
    {"grpc_token", "PHYSIOLOGY_GRPC_TOKEN", false},
    {"http_token", "PHYSIOLOGY_HTTP_TOKEN", false},
    {"token", "PHYSIOLOGY_TOKEN", false},
    {"mqtt_password", "PHYSIOLOGY_MQTT_PASSWORD", false},
    {"spool_key", "PHYSIOLOGY_SPOOL_KEY", false},
    {"to_password", "PHYSIOLOGY_TO_PASSWORD", false},
    {"fhir_token", "PHYSIOLOGY_FHIR_TOKEN", false},
    {"fhir_oauth_client_secret", "PHYSIOLOGY_FHIR_OAUTH_CLIENT_SECRET", false},
    {"video_push_url", "PHYSIOLOGY_VIDEO_PUSH_URL", false},
    {"input_video_url", "PHYSIOLOGY_INPUT_VIDEO_URL", false},
    {"input_video_path", "PHYSIOLOGY_INPUT_VIDEO_PATH", true},
};

/* Returns the environment variable of a secret flag, or NULL for any other argument. Sets `value`
 * to the text after "=", or to the next argument, which may be NULL. */
static const char *secret_variable(char *const *arguments, char **value) {
  char *argument = *arguments;
  if (*argument != '-') return NULL;
  argument += argument[1] == '-' ? 2 : 1;
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
    char *a = argument;
    const char *b = secrets[i].flag;
    while (*b && (*a == *b || (*a == '-' && *b == '_'))) a++, b++;
    if (*b || (*a && *a != '=')) continue;
    *value = *a ? a + 1 : arguments[1];
    if (secrets[i].only_url && !(*value && strstr(*value, "://"))) return NULL;
    return secrets[i].variable;
  }
  return NULL;
}

void move_secrets_to_environment(char **arguments) {
  char **kept = arguments;
  for (char **next = arguments; *next; next++) {
    char *value;
    const char *variable = secret_variable(next, &value);
    if (variable && value) {
      setenv(variable, value, 1);
      if (value == next[1]) next++;
      /* The kernel shows this memory as the command line of the process. */
      memset(value, 0, strlen(value));
    } else {
      *kept++ = *next;
    }
  }
  *kept = NULL;
}
