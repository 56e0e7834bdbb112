/* Fuzzes the HTTP/2 server with arbitrary bytes from a peer and arbitrary calls between them. */
#include "http2_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  drive_http2(data, size);
  return 0;
}
