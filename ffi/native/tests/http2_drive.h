#ifndef PH_HTTP2_DRIVE_H
#define PH_HTTP2_DRIVE_H

#include <stddef.h>
#include <stdint.h>

/* Lets `data` choose what a peer sends and what the server does, one connection long. */
void drive_http2(const uint8_t *data, size_t size);

#endif
