// SPDX-License-Identifier: Apache-2.0
// Stands for every program of the driver but nvidia-smi: says that it is simulated and does
// nothing.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const char* name = argc > 0 ? argv[0] : "program";
  const char* slash = strrchr(name, '/');
  char line[256];
  snprintf(line, sizeof line, "%.100s: simulated by outboard; it does nothing\n",
           slash != NULL ? slash + 1 : name);
  return write(STDOUT_FILENO, line, strlen(line)) < 0 ? 1 : 0;
}
