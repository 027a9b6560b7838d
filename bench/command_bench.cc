// SPDX-License-Identifier: Apache-2.0
// Times one command several times and prints a row of a table: median and least wall time and peak
// memory; with --stamp, the time from just before the fork to the CLOCK_MONOTONIC stamp that the
// command prints last on its standard output (first_instruction.c).
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

double now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

[[noreturn]] void stop(const std::string& text) {
  fprintf(stderr, "command_bench: %s\n", text.c_str());
  exit(1);
}

pid_t start_command(char** argv, int out) {
  const pid_t child = vfork();
  if (child == 0) {
    dup2(out, 1);
    execvp(argv[0], argv);
    _exit(127);
  }
  return child;
}

}  // namespace

int main(int argc, char** argv) {
  int runs = 31;
  bool stamp = false;
  int i = 1;
  for (; i < argc && argv[i][0] == '-'; ++i) {
    if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc) {
      runs = atoi(argv[++i]);
    } else if (strcmp(argv[i], "--stamp") == 0) {
      stamp = true;
    } else {
      stop("unknown option '" + std::string(argv[i]) + "'");
    }
  }
  if (i + 1 >= argc || runs < 1) stop("usage: command_bench [--runs N] [--stamp] LABEL COMMAND...");
  const std::string label = argv[i++];

  std::vector<double> milliseconds;
  long peak_kib = 0;
  for (int turn = -2; turn < runs; ++turn) {  // two to warm up
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) stop("pipe");
    const double start = now_ns();
    const pid_t child = start_command(argv + i, out[1]);
    close(out[1]);
    std::string printed;
    char buffer[4096];
    for (ssize_t n = 0; (n = read(out[0], buffer, sizeof buffer)) > 0;) {
      printed.append(buffer, static_cast<size_t>(n));
    }
    close(out[0]);
    int status = 0;
    rusage usage{};
    wait4(child, &status, 0, &usage);
    const double end = now_ns();
    if (status != 0) stop("'" + label + "' failed");
    if (turn < 0) continue;
    milliseconds.push_back(((stamp ? strtod(printed.c_str(), nullptr) : end) - start) / 1e6);
    peak_kib = std::max(peak_kib, usage.ru_maxrss);
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  const size_t n = milliseconds.size();
  const double median =
      n % 2 == 1 ? milliseconds[n / 2] : (milliseconds[n / 2 - 1] + milliseconds[n / 2]) / 2;
  printf("| %-44s | %9.2f | %5.2f |", label.c_str(), median, milliseconds.front());
  if (!stamp) printf(" %8ld |", peak_kib);
  printf("\n");
  return 0;
}
