/* Runs the fuzz target with each file of a directory, without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  uint8_t *data = size > 0 ? malloc((size_t)size) : NULL; /* exact size, for AddressSanitizer */
  if (data != NULL && fread(data, 1, (size_t)size, file) == (size_t)size) {
    LLVMFuzzerTestOneInput(data, (size_t)size);
  }
  free(data);
  fclose(file);
}

int main(int count, char **arguments) {
  int files = 0;
  DIR *directory = count == 2 ? opendir(arguments[1]) : NULL;
  if (directory == NULL) {
    fprintf(stderr, "usage: replay DIRECTORY\n");
    return 64;
  }
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    char path[512];
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", arguments[1], entry->d_name);
    replay(path);
    files++;
  }
  closedir(directory);
  printf("ok %d files\n", files);
  return files == 0;
}
