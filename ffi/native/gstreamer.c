#include "gstreamer.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gstreamer_abi.h"

/* As in glibc_compat.h, of which a change would have ffmpeg built again; no other file uses these. */
#ifdef PH_GLIBC
PH_GLIBC(dlerror, "2.2.5");
PH_GLIBC(dlopen, "2.2.5");
PH_GLIBC(dlsym, "2.2.5");
PH_GLIBC(pthread_once, "2.2.5");
#endif

/* The end of the stream, errors and a stop are noticed within this time. */
#define SLICE_NS (50 * 1000 * 1000ULL)

/* Reads of two clocks within this time are as good as simultaneous. */
enum { CLOCK_READS = 5, CLOCK_READ_US = 100 };

#define DECLARE(type, name, parameters) static type(*name) parameters;
PH_GST_FUNCTIONS(DECLARE)
PH_GST_APP_FUNCTIONS(DECLARE)
PH_GST_VIDEO_FUNCTIONS(DECLARE)

struct ph_gst {
  gst_object *pipeline, *sink, *bus;
  gst_object *sample; /* one that did not fit; delivered by the next call */
  int64_t arrival_us; /* of `sample` */
  atomic_int stopped;
};

static pthread_once_t load_once = PTHREAD_ONCE_INIT;
static int load_status;
static char load_message[PH_GST_MESSAGE_SIZE];

static int missing(void) {
  snprintf(load_message, sizeof load_message, "%s", dlerror());
  return PH_ERR_NO_DEVICE;
}

/* Assigns a function by its address; ISO C has no conversion from an object pointer. */
#define FIND(type, name, parameters)         \
  {                                          \
    void *address = dlsym(library, #name);   \
    if (address == NULL) return missing();   \
    memcpy(&name, &address, sizeof address); \
  }

static int load_functions(void) {
  void *library = dlopen("libgstreamer-1.0.so.0", RTLD_NOW);
  if (library == NULL) return missing();
  PH_GST_FUNCTIONS(FIND)
  library = dlopen("libgstapp-1.0.so.0", RTLD_NOW);
  if (library == NULL) return missing();
  PH_GST_APP_FUNCTIONS(FIND)
  library = dlopen("libgstvideo-1.0.so.0", RTLD_NOW);
  if (library == NULL) return missing();
  PH_GST_VIDEO_FUNCTIONS(FIND)
  struct g_error *error = NULL;
  if (gst_init_check(NULL, NULL, &error)) return PH_OK;
  snprintf(load_message, sizeof load_message, "%s", error != NULL ? error->message : "it failed");
  if (error != NULL) g_error_free(error);
  return PH_ERR_SYSTEM;
}

/* The libraries stay loaded, because their threads may outlive a pipeline. */
static void load(void) { load_status = load_functions(); }

static void set_message(char *message, const char *text) {
  snprintf(message, PH_GST_MESSAGE_SIZE, "%s", text);
}

/* Returns PH_ERR_SYSTEM if an element has failed or the stream has ended, else PH_OK. */
static int check_bus(const ph_gst *gst, char *message) {
  struct gst_message *posted =
      gst_bus_timed_pop_filtered(gst->bus, 0, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  if (posted == NULL) return PH_OK;
  if (posted->type == GST_MESSAGE_ERROR) {
    struct g_error *error = NULL;
    char *details = NULL;
    gst_message_parse_error(posted, &error, &details);
    set_message(message, error != NULL ? error->message : "an element failed");
    if (error != NULL) g_error_free(error);
    g_free(details);
  } else {
    set_message(message, "the stream has ended");
  }
  gst_mini_object_unref(posted);
  return PH_ERR_SYSTEM;
}

/* Builds a pipeline. */
static int parse(const char *description, char *message, gst_object **pipeline) {
  pthread_once(&load_once, load);
  if (load_status != PH_OK) {
    set_message(message, load_message);
    return load_status;
  }
  struct g_error *error = NULL;
  gst_object *parsed = gst_parse_launch(description, &error);
  if (error == NULL && parsed != NULL) {
    *pipeline = parsed;
    return PH_OK;
  }
  /* A pipeline with an error lacks what the error names. */
  set_message(message, error != NULL ? error->message : "it is empty");
  if (error != NULL) g_error_free(error);
  if (parsed != NULL) gst_object_unref(parsed);
  return PH_ERR_ARGUMENT;
}

int ph_gst_check(const char *description, char *message) {
  gst_object *parsed = NULL;
  int status = parse(description, message, &parsed);
  if (status == PH_OK) gst_object_unref(parsed);
  return status;
}

int ph_gst_open(const char *description, char *message, ph_gst **pipeline) {
  gst_object *parsed = NULL;
  int status = parse(description, message, &parsed);
  if (status != PH_OK) return status;
  ph_gst *gst = calloc(1, sizeof *gst);
  if (gst == NULL) {
    gst_object_unref(parsed);
    set_message(message, "out of memory");
    return PH_ERR_MEMORY;
  }
  gst->pipeline = parsed;
  gst->bus = gst_element_get_bus(parsed);
  gst->sink = gst_bin_get_by_name(parsed, PH_GST_SINK);
  if (gst->sink == NULL) {
    set_message(message, "it has no " PH_GST_SINK);
    status = PH_ERR_ARGUMENT;
  } else if (gst_element_set_state(parsed, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    set_message(message, "an element does not start");
    check_bus(gst, message);
    status = PH_ERR_SYSTEM;
  }
  if (status != PH_OK)
    ph_gst_close(gst);
  else
    *pipeline = gst;
  return status;
}

/* Pulls a sample within the time; the caller owns it. */
static int pull(ph_gst *gst, int32_t timeout_ms, char *message, gst_object **sample) {
  int64_t deadline_us = ph_monotonic_us() + (int64_t)timeout_ms * 1000;
  for (;;) {
    if (atomic_load(&gst->stopped)) return PH_ERR_STATE;
    *sample = gst_app_sink_try_pull_sample(gst->sink, SLICE_NS);
    if (*sample != NULL) {
      gst->arrival_us = ph_monotonic_us();
      return PH_OK;
    }
    int status = check_bus(gst, message);
    if (status != PH_OK) return status;
    if (ph_monotonic_us() >= deadline_us) return PH_ERR_TIMEOUT;
  }
}

/* Returns the monotonic time minus that of a clock, in nanoseconds. Another thread may run between
 * the reads of the two, so the narrowest of a few pairs of reads counts. */
static int64_t clock_offset_ns(gst_object *clock) {
  int64_t offset_ns = 0, least_us = INT64_MAX;
  for (int i = 0; i < CLOCK_READS && least_us > CLOCK_READ_US; i++) {
    int64_t before_us = ph_monotonic_us();
    int64_t clock_ns = (int64_t)gst_clock_get_time(clock);
    int64_t width_us = ph_monotonic_us() - before_us;
    if (width_us >= least_us) continue;
    least_us = width_us;
    offset_ns = before_us * 1000 + width_us * 500 - clock_ns;
  }
  return offset_ns;
}

/* Converts the time of a buffer: its running time is counted from the base time of the pipeline, on
 * the clock of the pipeline. */
static void set_time(const ph_gst *gst, gst_object *sample, const struct gst_buffer *buffer,
                     struct ph_gst_frame *frame) {
  frame->time_us = gst->arrival_us;
  frame->is_timed = 0;
  if (buffer->pts == GST_CLOCK_TIME_NONE) return;
  uint64_t running_ns =
      gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME, buffer->pts);
  gst_object *clock = gst_element_get_clock(gst->pipeline);
  if (clock == NULL) return;
  if (running_ns != GST_CLOCK_TIME_NONE) {
    int64_t captured_ns = (int64_t)(gst_element_get_base_time(gst->pipeline) + running_ns);
    frame->time_us = (captured_ns + clock_offset_ns(clock)) / 1000;
    frame->is_timed = 1;
  }
  gst_object_unref(clock);
}

/* Reads "bt601", "bt709" or "range:matrix:transfer:primaries"; without it, as GStreamer assumes. */
static void set_color(const char *colorimetry, struct ph_image *image) {
  int range = 2, matrix = image->height >= 720 ? 3 : 4;
  if (colorimetry != NULL) {
    int numbers[2];
    if (strcmp(colorimetry, "bt709") == 0)
      matrix = 3;
    else if (strcmp(colorimetry, "bt601") == 0)
      matrix = 4;
    else if (sscanf(colorimetry, "%d:%d:", &numbers[0], &numbers[1]) == 2) {
      if (numbers[0] != 0) range = numbers[0];
      if (numbers[1] != 0) matrix = numbers[1];
    }
  }
  image->full_range = range == 1;
  image->bt709 = matrix == 3;
}

static int32_t round_up(int32_t value, int32_t step) { return (value + step - 1) / step * step; }

/* Sets the layout of an I420 image: that of the buffer, if it says so, or GStreamer's default. */
static int lay_out(struct gst_buffer *buffer, gst_object *structure, struct ph_image *image) {
  const char *format = gst_structure_get_string(structure, "format");
  int width = 0, height = 0;
  if (format == NULL || strcmp(format, "I420") != 0) return PH_ERR_FORMAT;
  if (!gst_structure_get_int(structure, "width", &width) ||
      !gst_structure_get_int(structure, "height", &height) || width < 2 || height < 2 ||
      (int64_t)width * height > PH_MAX_PIXELS) {
    return PH_ERR_FORMAT;
  }
  int32_t rows = round_up(height, 2);
  image->width = image->full_width = width;
  image->height = image->full_height = height;
  image->chroma_shift_x = image->chroma_shift_y = 1;
  image->y_stride = round_up(width, 4);
  image->uv_stride = round_up(width, 8) / 2;
  image->y_offset = 0;
  image->u_offset = image->y_stride * rows;
  image->v_offset = image->u_offset + image->uv_stride * rows / 2;
  const struct gst_video_meta *meta = gst_buffer_get_video_meta(buffer);
  if (meta != NULL) {
    if (meta->n_planes != 3 || meta->stride[1] != meta->stride[2]) return PH_ERR_FORMAT;
    for (int i = 0; i < 3; i++) {
      if (meta->stride[i] <= 0 || meta->stride[i] > 1 << 20 || meta->offset[i] > 1 << 30) {
        return PH_ERR_FORMAT;
      }
    }
    image->y_stride = meta->stride[0];
    image->uv_stride = meta->stride[1];
    image->y_offset = (int32_t)meta->offset[0];
    image->u_offset = (int32_t)meta->offset[1];
    image->v_offset = (int32_t)meta->offset[2];
  }
  if (image->y_stride < width || image->uv_stride < (width + 1) / 2) return PH_ERR_FORMAT;
  set_color(gst_structure_get_string(structure, "colorimetry"), image);
  return PH_OK;
}

/* True if each plane lies within `size` bytes. */
static int fits(const struct ph_image *image, size_t size) {
  size_t y = (size_t)image->y_stride * image->height;
  size_t uv = (size_t)image->uv_stride * ((image->height + 1) / 2);
  return image->y_offset + y <= size && image->u_offset + uv <= size &&
         image->v_offset + uv <= size;
}

static int describe(const ph_gst *gst, gst_object *sample, struct gst_buffer *buffer, size_t size,
                    struct ph_gst_frame *frame) {
  int numerator = 0, denominator = 0;
  gst_object *structure = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
  memset(&frame->image, 0, sizeof frame->image);
  frame->image.bytes = (int32_t)size;
  frame->is_jpeg = strcmp(gst_structure_get_name(structure), "image/jpeg") == 0;
  frame->fps_milli = 0;
  if (gst_structure_get_fraction(structure, "framerate", &numerator, &denominator) &&
      numerator > 0 && denominator > 0) {
    frame->fps_milli = (int32_t)(1000LL * numerator / denominator);
  }
  set_time(gst, sample, buffer, frame);
  if (frame->is_jpeg) return PH_OK;
  if (lay_out(buffer, structure, &frame->image) != PH_OK || !fits(&frame->image, size)) {
    set_message(frame->message, "a frame has an unexpected layout");
    return PH_ERR_FORMAT;
  }
  return PH_OK;
}

int ph_gst_next(ph_gst *gst, int32_t timeout_ms, uint8_t *data, size_t capacity,
                struct ph_gst_frame *frame) {
  gst_object *sample = gst->sample;
  gst->sample = NULL;
  if (sample == NULL) {
    int status = pull(gst, timeout_ms, frame->message, &sample);
    if (status != PH_OK) return status;
  }
  struct gst_buffer *buffer = gst_sample_get_buffer(sample);
  struct gst_map_info map;
  int status = PH_ERR_FORMAT;
  if (buffer == NULL || !gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    set_message(frame->message, "a frame cannot be read");
  } else {
    status = map.size > INT32_MAX ? PH_ERR_FORMAT : describe(gst, sample, buffer, map.size, frame);
    if (status == PH_OK && map.size > capacity) {
      status = PH_GST_BUFFER_TOO_SMALL;
      gst->sample = sample;
    } else if (status == PH_OK) {
      memcpy(data, map.data, map.size);
    }
    gst_buffer_unmap(buffer, &map);
  }
  if (gst->sample == NULL) gst_mini_object_unref(sample);
  return status;
}

void ph_gst_stop(ph_gst *gst) { atomic_store(&gst->stopped, 1); }

void ph_gst_close(ph_gst *gst) {
  if (gst->sample != NULL) gst_mini_object_unref(gst->sample);
  /* The sink keeps its last buffer as long as it exists, and libcamera 0.0.3 crashes if a buffer
   * outlives its camera, which is closed on the way from READY to NULL. */
  gst_element_set_state(gst->pipeline, GST_STATE_READY);
  gst_bus_set_flushing(gst->bus, 1); /* its messages refer to the sink */
  if (gst->sink != NULL) {
    gst_bin_remove(gst->pipeline, gst->sink);
    gst_element_set_state(gst->sink, GST_STATE_NULL);
    gst_object_unref(gst->sink);
  }
  gst_element_set_state(gst->pipeline, GST_STATE_NULL);
  gst_object_unref(gst->bus);
  gst_object_unref(gst->pipeline);
  free(gst);
}
