/*
 * A stand-in for liblsl: the functions of lsl_c.h that the program uses, with the same types. It has
 * no network; it appends what it is given to the file of LSL_STAND_IN_LOG, one JSON object per line.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct lsl_streaminfo_struct_ {
  char name[128];
  int32_t channel_count;
} * lsl_streaminfo;
typedef struct lsl_outlet_struct_ {
  char name[128];
  int32_t channel_count;
} * lsl_outlet;
typedef struct lsl_xml_ptr_struct_ {
  char path[512];
} * lsl_xml_ptr;
typedef enum { cft_float32 = 1, cft_string = 3 } lsl_channel_format_t;

static FILE *log_file(void) {
  static FILE *file;
  const char *path = getenv("LSL_STAND_IN_LOG");
  if (!file && path) file = fopen(path, "a");
  if (!file) exit(3);
  setvbuf(file, NULL, _IOLBF, 1 << 16);
  return file;
}

__attribute__((constructor)) static void loaded(void) {
  fprintf(log_file(), "{\"loaded\": true}\n");
}

int32_t lsl_library_version(void) { return 117; }

/* As liblsl on Linux, the monotonic clock of the system; here with another origin. */
double lsl_local_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1000.0 + (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

lsl_streaminfo lsl_create_streaminfo(const char *name, const char *type, int32_t channel_count,
                                     double nominal_srate, lsl_channel_format_t channel_format,
                                     const char *source_id) {
  lsl_streaminfo info = calloc(1, sizeof *info);
  snprintf(info->name, sizeof info->name, "%s", name);
  info->channel_count = channel_count;
  fprintf(log_file(),
          "{\"stream\": \"%s\", \"type\": \"%s\", \"channels\": %" PRId32
          ", \"rate\": %g, \"format\": %d, \"source\": \"%s\"}\n",
          name, type, channel_count, nominal_srate, (int)channel_format, source_id);
  return info;
}

void lsl_destroy_streaminfo(lsl_streaminfo info) { free(info); }

lsl_xml_ptr lsl_get_desc(lsl_streaminfo info) {
  lsl_xml_ptr root = calloc(1, sizeof *root);
  snprintf(root->path, sizeof root->path, "%s", info->name);
  return root;
}

lsl_xml_ptr lsl_append_child(lsl_xml_ptr e, const char *name) {
  lsl_xml_ptr child = calloc(1, sizeof *child);
  snprintf(child->path, sizeof child->path, "%.400s/%.100s", e->path, name);
  return child;
}

lsl_xml_ptr lsl_append_child_value(lsl_xml_ptr e, const char *name, const char *value) {
  fprintf(log_file(), "{\"element\": \"%s/%s\", \"value\": \"%s\"}\n", e->path, name, value);
  return e;
}

lsl_outlet lsl_create_outlet(lsl_streaminfo info, int32_t chunk_size, int32_t max_buffered) {
  (void)chunk_size;
  (void)max_buffered;
  if (getenv("LSL_STAND_IN_NO_PORT")) return NULL;
  lsl_outlet out = calloc(1, sizeof *out);
  memcpy(out->name, info->name, sizeof out->name);
  out->channel_count = info->channel_count;
  return out;
}

void lsl_destroy_outlet(lsl_outlet out) {
  fprintf(log_file(), "{\"closed\": \"%s\"}\n", out->name);
  free(out);
}

int32_t lsl_push_chunk_ftn(lsl_outlet out, const float *data, unsigned long data_elements,
                           const double *timestamps) {
  FILE *file = log_file();
  unsigned long channels = (unsigned long)out->channel_count;
  for (unsigned long sample = 0; sample < data_elements / channels; sample++) {
    fprintf(file, "{\"sample\": \"%s\", \"now\": %.6f, \"time\": %.6f, \"values\": [", out->name,
            lsl_local_clock(), timestamps[sample]);
    for (unsigned long channel = 0; channel < channels; channel++) {
      float value = data[sample * channels + channel];
      const char *comma = channel > 0 ? ", " : "";
      if (value == value)
        fprintf(file, "%s%.9g", comma, (double)value);
      else
        fprintf(file, "%s\"NaN\"", comma);
    }
    fprintf(file, "]}\n");
  }
  return 0;
}

#ifndef WITHOUT_STRINGS
int32_t lsl_push_sample_strt(lsl_outlet out, const char **data, double timestamp) {
  fprintf(log_file(), "{\"sample\": \"%s\", \"now\": %.6f, \"time\": %.6f, \"values\": [\"%s\"]}\n",
          out->name, lsl_local_clock(), timestamp, data[0]);
  return 0;
}
#endif
