// SPDX-License-Identifier: Apache-2.0
// Times the create call of OCI runtimes on one bundle, turn by turn, so that drift of the machine
// meets all of them alike. Wall time is from fork to the end of the process, peak memory is what
// wait4(2) says of it (an exec'd low-level runtime counts as well, so memory is measured over one
// that does nothing). Each create starts from the same config.json and is followed by an untimed
// delete. It judges nothing: it prints medians and, against the first command, the median of the
// paired differences.
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

struct Variant {
  std::string label;
  std::string bundle;  ///< its own: same root, same config.json at the start of each run
  std::vector<std::string> words;
  std::vector<double> milliseconds;
  long peak_kib = 0;
};

struct Finished {
  double milliseconds = 0;
  long peak_kib = 0;
  int code = 0;
};

double now_ms() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

[[noreturn]] void stop(const std::string& text) {
  fprintf(stderr, "create_bench: %s\n", text.c_str());
  exit(1);
}

std::string read_all(const std::string& path) {
  FILE* file = fopen(path.c_str(), "re");
  if (file == nullptr) stop("open '" + path + "': " + strerror(errno));
  std::string text;
  char buffer[65536];
  for (size_t n = 0; (n = fread(buffer, 1, sizeof buffer, file)) > 0;) text.append(buffer, n);
  fclose(file);
  return text;
}

void write_all(const std::string& path, const std::string& text) {
  FILE* file = fopen(path.c_str(), "we");
  if (file == nullptr) stop("write '" + path + "': " + strerror(errno));
  if (fwrite(text.data(), 1, text.size(), file) != text.size() || fclose(file) != 0) {
    stop("write '" + path + "': " + strerror(errno));
  }
}

// What the process prints goes to the log, so that a failing command can be explained.
Finished run(const std::vector<std::string>& words, const std::string& log) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (out < 0 || in < 0) stop("open '" + log + "': " + strerror(errno));
  Finished result;
  const double start = now_ms();
  const pid_t child = vfork();
  if (child == 0) {
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  result.milliseconds = now_ms() - start;
  result.peak_kib = usage.ru_maxrss;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  close(in);
  close(out);
  return result;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

int main(int argc, char** argv) {
  int runs = 31;
  std::string state;
  std::string deleter;
  std::vector<Variant> variants;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--runs" && i + 1 < argc) {
      runs = atoi(argv[++i]);
    } else if (word == "--state" && i + 1 < argc) {
      state = argv[++i];
    } else if (word == "--delete-with" && i + 1 < argc) {
      deleter = argv[++i];
    } else if (const auto parts = split(word, '='); parts.size() == 3) {
      variants.push_back({parts[0], parts[1], split(parts[2], ','), {}, 0});
    } else {
      stop(
          "usage: create_bench [--runs N] --state DIR --delete-with RUNTIME "
          "LABEL=BUNDLE=PROGRAM[,OPTION...]...");
    }
  }
  if (variants.empty() || state.empty() || runs < 1) stop("no command, no --state or no runs");

  std::vector<std::string> specs;
  specs.reserve(variants.size());
  for (const auto& variant : variants) specs.push_back(read_all(variant.bundle + "/config.json"));
  const std::string log = state + ".log";
  for (int turn = -2; turn < runs; ++turn) {  // two rounds to warm up
    for (size_t k = 0; k < variants.size(); ++k) {
      // Who comes first changes with every turn.
      const size_t at = (k + static_cast<size_t>(turn + 2)) % variants.size();
      Variant& variant = variants[at];
      write_all(variant.bundle + "/config.json", specs[at]);
      const std::string id = "bench-" + std::to_string(getpid()) + "-" + std::to_string(turn + 2) +
                             "-" + std::to_string(at);
      std::vector<std::string> words = variant.words;
      words.insert(words.end(), {"--root", state, "create", "--bundle", variant.bundle, id});
      const Finished created = run(words, log);
      if (created.code != 0) {
        stop("'" + variant.label + "' ended with " + std::to_string(created.code) + ": " +
             read_all(log));
      }
      if (turn >= 0) {
        variant.milliseconds.push_back(created.milliseconds);
        variant.peak_kib = std::max(variant.peak_kib, created.peak_kib);
      }
      if (!deleter.empty()) run({deleter, "--root", state, "delete", "--force", id}, log);
    }
  }
  for (size_t k = 0; k < variants.size(); ++k)
    write_all(variants[k].bundle + "/config.json", specs[k]);

  printf("| %-34s | median ms | least | 9 of 10 | difference | peak KiB |\n", "create");
  printf(
      "|------------------------------------|----------:|------:|--------:|-----------:|---------:|"
      "\n");
  for (const auto& variant : variants) {
    std::vector<double> sorted = variant.milliseconds;
    std::sort(sorted.begin(), sorted.end());
    std::vector<double> differences;
    for (size_t i = 0; i < sorted.size(); ++i) {
      differences.push_back(variant.milliseconds[i] - variants[0].milliseconds[i]);
    }
    printf("| %-34s | %9.2f | %5.2f | %7.2f | %+10.2f | %8ld |\n", variant.label.c_str(),
           median(sorted), sorted.front(), sorted[sorted.size() * 9 / 10], median(differences),
           variant.peak_kib);
  }
  return 0;
}
