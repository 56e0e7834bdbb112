/* The messages of libjpeg, and which of its warnings fail a call. */
#include <string.h>

#include "../jpeg_errors.h"
#include "check.h"
#include "native_test.h"

#include <jerror.h>

enum { MESSAGE_SIZE = 200 };

/* Reports a warning at `level` and returns 1 if it fails the call, with the reason in `message`. */
static int fails(int code, int number, int level, char message[MESSAGE_SIZE]) {
  struct jpeg_decompress_struct jpeg = {0};
  struct ph_jpeg_errors errors;
  jpeg.err = ph_jpeg_errors_init(&errors, "read", message, MESSAGE_SIZE);
  message[0] = '\0';
  if (setjmp(errors.failed) != 0) return 1;
  errors.manager.msg_code = code;
  errors.manager.msg_parm.i[0] = number;
  errors.manager.emit_message((j_common_ptr)&jpeg, level);
  return 0;
}

static void test_warnings(void) {
  static const struct {
    int code, number, level, fails;
  } cases[] = {
      {JWRN_HIT_MARKER, 0, -1, 1},       {JWRN_HIT_MARKER, 0, 0, 0},
      {JWRN_HIT_MARKER, 0, 1, 0},        {JWRN_JPEG_EOF, 0, -1, 1},
      {JWRN_ADOBE_XFORM, 7, -1, 0},      {JWRN_JFIF_MAJOR, 9, -1, 0},
      {JWRN_NOT_SEQUENTIAL, 0, -1, 0},   {JWRN_TOO_MUCH_DATA, 0, -1, 0},
      {JWRN_EXTRANEOUS_DATA, 1, -1, 0},  {JWRN_EXTRANEOUS_DATA, 14, -1, 0},
      {JWRN_EXTRANEOUS_DATA, 18, -1, 1}, {JWRN_EXTRANEOUS_DATA, 900, -1, 1},
  };
  char message[MESSAGE_SIZE];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int failed = fails(cases[i].code, cases[i].number, cases[i].level, message);
    CHECK(failed == cases[i].fails, "warning %d with %d at level %d", cases[i].code,
          cases[i].number, cases[i].level);
    CHECK(failed == (strncmp(message, "Cannot read: ", 13) == 0), "'%s'", message);
  }
  CHECK(fails(JWRN_EXTRANEOUS_DATA, 900, -1, message) && strstr(message, "900 extraneous bytes"),
        "%s", message);
}

static void check_text(int code, const char *expected) {
  struct jpeg_decompress_struct jpeg = {0};
  struct ph_jpeg_errors errors;
  char message[MESSAGE_SIZE], text[JMSG_LENGTH_MAX];
  jpeg.err = ph_jpeg_errors_init(&errors, "read", message, sizeof message);
  errors.manager.msg_code = code;
  for (int i = 0; i < 8; i++) errors.manager.msg_parm.i[i] = 11 * (i + 1);
  if (code == JERR_TFILE_CREATE) strcpy(errors.manager.msg_parm.s, "/a/file");
  errors.manager.format_message((j_common_ptr)&jpeg, text);
  CHECK(strstr(text, expected) != NULL, "%d: %s", code, text);
  errors.manager.reset_error_mgr((j_common_ptr)&jpeg);
  CHECK(errors.manager.msg_code == 0, "%d", errors.manager.msg_code);
  errors.manager.output_message((j_common_ptr)&jpeg);
}

/* Numbers and texts are inserted; an unknown code does not read outside of the table. */
static void test_texts(void) {
  check_text(1, "arithmetic coding");
  check_text(JERR_BAD_PRECISION, "precision 11");
  check_text(JERR_TFILE_CREATE, "file /a/file");
  check_text(JTRC_QUANTVALS, "  11   22   33   44   55   66   77   88");
  check_text(JMSG_LASTMSGCODE - 1, "ratio 22:33, 44:55");
  static const int unknown[] = {-5, -1, 0, JMSG_LASTMSGCODE, JMSG_LASTMSGCODE + 1, 1000000};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    check_text(unknown[i], "Bogus message code 11");
  }
}

void test_jpeg_errors(void) {
  test_warnings();
  test_texts();
}
