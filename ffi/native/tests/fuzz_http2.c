/* Any bytes from a peer, any calls in between: see http2_drive.c. */
#include "http2_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  drive_http2(data, size);
  return 0;
}
