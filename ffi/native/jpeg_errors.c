#include "jpeg_errors.h"

#include <string.h>

#include <jerror.h>

/* libjpeg's messages by code. Its own error manager refers to stderr, and Debian's static library
 * cannot refer to it from a shared object. */
#define JVERSION ""
#define JCOPYRIGHT_SHORT ""
#define JMESSAGE(code, string) string,
static const char *const texts[] = {
#include <jerror.h>
};

/* Some cameras pad the entropy-coded data by a few bytes, which is harmless. */
enum { TOLERATED_EXTRA_BYTES = 16 };

static void format_message(j_common_ptr common, char *buffer) {
  const struct jpeg_error_mgr *manager = common->err;
  int code = manager->msg_code;
  const char *text = code > 0 && code < JMSG_LASTMSGCODE ? texts[code] : texts[0];
  if (strstr(text, "%s") != NULL) {
    snprintf(buffer, JMSG_LENGTH_MAX, text, manager->msg_parm.s);
    return;
  }
  const int *number = manager->msg_parm.i;
  snprintf(buffer, JMSG_LENGTH_MAX, text, number[0], number[1], number[2], number[3], number[4],
           number[5], number[6], number[7]);
}

static void fail_call(j_common_ptr common) {
  struct ph_jpeg_errors *errors = (struct ph_jpeg_errors *)common->err;
  char text[JMSG_LENGTH_MAX];
  format_message(common, text);
  snprintf(errors->message, errors->message_size, "Cannot %s: %s", errors->task, text);
  longjmp(errors->failed, 1);
}

/* Turns most warnings into failures: libjpeg continues after a warning with gray or smeared blocks,
 * which would distort the measurement. */
static void handle_warning(j_common_ptr common, int level) {
  if (level >= 0) return;
  switch (common->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_TOO_MUCH_DATA: return;
    case JWRN_EXTRANEOUS_DATA:
      if (common->err->msg_parm.i[0] <= TOLERATED_EXTRA_BYTES) return;
      break;
    default: break;
  }
  fail_call(common);
}

static void discard_output(j_common_ptr common) { (void)common; }

static void reset(j_common_ptr common) { common->err->msg_code = 0; }

struct jpeg_error_mgr *ph_jpeg_errors_init(struct ph_jpeg_errors *errors, const char *task,
                                           char *message, size_t message_size) {
  memset(errors, 0, sizeof *errors);
  errors->task = task;
  errors->message = message;
  errors->message_size = message_size;
  errors->manager.error_exit = fail_call;
  errors->manager.emit_message = handle_warning;
  errors->manager.output_message = discard_output;
  errors->manager.format_message = format_message;
  errors->manager.reset_error_mgr = reset;
  return &errors->manager;
}
