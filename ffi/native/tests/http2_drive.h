#ifndef PH_HTTP2_DRIVE_H
#define PH_HTTP2_DRIVE_H

#include <stddef.h>
#include <stdint.h>

/* Opens a connection and interprets `data` as the bytes of its peer and the calls of the server. */
void drive_http2(const uint8_t *data, size_t size);

#endif
