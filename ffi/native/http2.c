#include "http2.h"

#include <stdlib.h>
#include <string.h>

#include "http2_internal.h"

/* Replaces stderr in a debugging function of nghttp2 that is never called: see the Makefile. */
__attribute__((visibility("hidden"))) void *ph_http2_stderr;

enum {
  CONNECTION_WINDOW = 1 << 20,
  /* Bounds the expansion of an input of 16 KiB by HPACK; only an attacker exceeds it. */
  MAX_EVENT_BYTES = 1 << 20,
  MAX_QUEUED_ACKS = 200,
  MAX_SETTINGS_ENTRIES = 32,
  /* A larger event buffer is freed when it has been read. */
  MAX_KEPT_BYTES = 64 * 1024,
};

int ph_http2_emit(struct ph_http2 *connection, uint32_t kind, int32_t stream, const void *data,
                  size_t length) {
  struct ph_queue *events = &connection->events;
  if (events->length + length + 12 > MAX_EVENT_BYTES || ph_queue_append_u32(events, kind) ||
      ph_queue_append_u32(events, (uint32_t)stream) ||
      ph_queue_append_u32(events, (uint32_t)length) || ph_queue_append(events, data, length))
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  return 0;
}

void ph_http2_free_stream(struct stream *stream) {
  *stream->link = stream->next;
  if (stream->next) stream->next->link = stream->link;
  ph_queue_release(&stream->headers);
  ph_queue_release(&stream->out);
  free(stream->trailers);
  free(stream);
}

struct stream *ph_http2_find(struct ph_http2 *connection, int32_t id) {
  return id > 0 ? nghttp2_session_get_stream_user_data(connection->session, id) : NULL;
}

int ph_http2_status(int result) {
  return result == 0 ? PH_OK : ph_fail(PH_ERR_SYSTEM, "HTTP/2: %s", nghttp2_strerror(result));
}

struct ph_http2 *ph_http2_open(uint32_t max_streams, uint32_t max_header_bytes) {
  struct ph_http2 *connection = calloc(1, sizeof *connection);
  nghttp2_session_callbacks *callbacks = NULL;
  nghttp2_option *option = NULL;
  if (!connection || nghttp2_session_callbacks_new(&callbacks) || nghttp2_option_new(&option))
    goto fail;
  connection->max_header_bytes = max_header_bytes;
  ph_http2_set_callbacks(callbacks);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, MAX_QUEUED_ACKS);
  nghttp2_option_set_max_settings(option, MAX_SETTINGS_ENTRIES);
  if (nghttp2_session_server_new2(&connection->session, callbacks, connection, option)) goto fail;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, max_header_bytes},
  };
  if (nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 2) ||
      nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0,
                                            CONNECTION_WINDOW))
    goto fail;
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_option_del(option);
  return connection;
fail:
  if (callbacks) nghttp2_session_callbacks_del(callbacks);
  if (option) nghttp2_option_del(option);
  if (connection) ph_http2_close(connection);
  ph_fail(PH_ERR_MEMORY, "Cannot open an HTTP/2 session: out of memory");
  return NULL;
}

void ph_http2_close(struct ph_http2 *connection) {
  if (connection->session) nghttp2_session_del(connection->session);
  while (connection->streams) ph_http2_free_stream(connection->streams);
  ph_queue_release(&connection->events);
  free(connection);
}

int ph_http2_receive(struct ph_http2 *connection, const uint8_t *data, size_t length) {
  ssize_t consumed = nghttp2_session_mem_recv(connection->session, data, length);
  if (consumed == NGHTTP2_ERR_NOMEM) return ph_fail(PH_ERR_MEMORY, "HTTP/2: out of memory");
  if (consumed < 0) return ph_fail(PH_ERR_FORMAT, "HTTP/2: %s", nghttp2_strerror((int)consumed));
  return PH_OK;
}

int ph_http2_take(struct ph_http2 *connection, uint8_t *out, size_t capacity) {
  struct ph_queue *events = &connection->events;
  size_t length = events->length;
  if (length == 0 || length > capacity) return (int)length;
  ph_queue_read(events, out, capacity);
  if (events->capacity > MAX_KEPT_BYTES) ph_queue_release(events);
  return (int)length;
}

int ph_http2_send(struct ph_http2 *connection, uint8_t *out, size_t capacity) {
  size_t filled = 0;
  while (filled < capacity) {
    if (connection->unsent_length == 0) {
      ssize_t length = nghttp2_session_mem_send(connection->session, &connection->unsent);
      if (length < 0) return ph_fail(PH_ERR_SYSTEM, "HTTP/2: %s", nghttp2_strerror((int)length));
      if (length == 0) break;
      connection->unsent_length = (size_t)length;
    }
    size_t part = capacity - filled;
    if (part > connection->unsent_length) part = connection->unsent_length;
    memcpy(out + filled, connection->unsent, part);
    connection->unsent += part;
    connection->unsent_length -= part;
    filled += part;
  }
  return (int)filled;
}

int ph_http2_consume(struct ph_http2 *connection, int32_t id, size_t length) {
  if (!ph_http2_find(connection, id))
    return ph_http2_status(nghttp2_session_consume_connection(connection->session, length));
  return ph_http2_status(nghttp2_session_consume(connection->session, id, length));
}

int ph_http2_ping(struct ph_http2 *connection) {
  return ph_http2_status(nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, NULL));
}

int ph_http2_shutdown(struct ph_http2 *connection) {
  int32_t last = nghttp2_session_get_last_proc_stream_id(connection->session);
  return ph_http2_status(nghttp2_submit_goaway(connection->session, NGHTTP2_FLAG_NONE, last,
                                               NGHTTP2_NO_ERROR, NULL, 0));
}

int ph_http2_alive(struct ph_http2 *connection) {
  return connection->unsent_length || nghttp2_session_want_read(connection->session) ||
         nghttp2_session_want_write(connection->session);
}
