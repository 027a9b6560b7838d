// SPDX-License-Identifier: Apache-2.0
// outboard-probe: runs inside a container and says as one JSON document which GPUs a program there
// really gets. It must start in images back to glibc 2.17 (Ubuntu 16.04 has 2.23), so it is C,
// links nothing but libc.so.6 and libdl.so.2, and keeps all it finds in static memory. Exit status:
// 0 all that was asked for is right, 1 it is not (the document says why), 2 the command line is
// wrong.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/probe/findings.h"

static struct findings findings;
static struct problems problems;
static char document[512U << 10];

static const char kUsage[] =
    "usage: outboard-probe [--json] [--expect-devices N] [--require-kernel]\n"
    "Says as JSON which GPUs this container can use and whether they compute.\n"
    "  --json              the default, and the only form\n"
    "  --expect-devices N  fail unless exactly N GPUs or MIG devices are there\n"
    "  --require-kernel    fail unless a kernel really ran (a simulated driver runs none)\n"
    "  --version           print the version\n";

static void write_out(int fd, const char* text, size_t length) {
  while (length > 0) {
    const ssize_t written = write(fd, text, length);
    if (written <= 0) return;
    text += written;
    length -= (size_t)written;
  }
}

static int usage_error(const char* what, const char* word) {
  char line[256];
  snprintf(line, sizeof line, "outboard-probe: %s '%.100s'\n", what, word);
  write_out(STDERR_FILENO, line, strlen(line));
  write_out(STDERR_FILENO, kUsage, sizeof kUsage - 1);
  return 2;
}

/// A count of at most four digits, or -1.
static long read_count(const char* text) {
  long value = 0;
  if (text[0] == '\0' || strlen(text) > 4) return -1;
  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9') return -1;
    value = value * 10 + (*text - '0');
  }
  return value;
}

static bool read_options(int argc, char** argv, struct probe_options* out, int* status) {
  for (int i = 1; i < argc; i++) {
    const char* word = argv[i];
    const char* count = NULL;
    if (strcmp(word, "--json") == 0) continue;
    if (strcmp(word, "--require-kernel") == 0) {
      out->require_kernel = true;
      continue;
    }
    if (strcmp(word, "--help") == 0) {
      write_out(STDOUT_FILENO, kUsage, sizeof kUsage - 1);
      *status = 0;
      return false;
    }
    if (strcmp(word, "--version") == 0) {
      write_out(STDOUT_FILENO, OUTBOARD_VERSION "\n", sizeof OUTBOARD_VERSION);
      *status = 0;
      return false;
    }
    if (strncmp(word, "--expect-devices=", 17) == 0) {
      count = word + 17;
    } else if (strcmp(word, "--expect-devices") == 0) {
      count = i + 1 < argc ? argv[++i] : "";
    } else {
      *status = usage_error("unknown option", word);
      return false;
    }
    out->expected_devices = read_count(count);
    if (out->expected_devices < 0) {
      *status = usage_error("--expect-devices needs a count, not", count);
      return false;
    }
  }
  return true;
}

int main(int argc, char** argv) {
  struct probe_options options = {.require_kernel = false, .expected_devices = -1};
  int status = 2;
  if (!read_options(argc, argv, &options, &status)) return status;

  // Nodes first: a driver library that is loaded may make some.
  probe_nodes(&findings.nodes);
  probe_loader_cache("/etc/ld.so.cache", &findings.cache);
  probe_nvml(&findings.nvml);
  probe_cuda(&findings.cuda);
  find_problems(&findings, &options, &problems);

  struct json_text json = {.bytes = document, .size = sizeof document - 1};
  write_document(&findings, &problems, &json);
  if (json.full) {
    static const char kTooLarge[] = "outboard-probe: the document is too large\n";
    write_out(STDERR_FILENO, kTooLarge, sizeof kTooLarge - 1);
    return 1;
  }
  document[json.length++] = '\n';
  write_out(STDOUT_FILENO, document, json.length);
  return problems.count == 0 ? 0 : 1;
}
