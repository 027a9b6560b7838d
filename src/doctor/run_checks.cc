// SPDX-License-Identifier: Apache-2.0
// The child writes one line before it reads a part ({"part": 3}), one before it asks a check
// ({"check": 7}) and one after ({"check": 7, "findings": [...]}). Silence for longer than the
// deadline means that what was announced last hangs: the child is killed, and not waited for, since
// a process in an uninterruptible read does not die.
#include "doctor/run_checks.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "base/fd.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "doctor/finding_json.h"
#include "doctor/read_parts.h"

namespace outboard::doctor {

namespace {

using Clock = std::chrono::steady_clock;

// What went wrong with parts so far, by part: their checks are answered with it.
using Hung = std::map<Part, std::string>;

void send(int fd, json::Value message) {
  if (!write_all(fd, json::write(message) + "\n", "the pipe to doctor")) ::_exit(1);
}

json::Value message(std::string_view name, size_t number) {
  json::Value value = json::Value::object();
  value.set(name, number);
  return value;
}

// In the child.
[[noreturn]] void work(int fd, const std::vector<const Check*>& list, size_t from,
                       const Places& places, const RunOptions& options, const Hung& hung) {
  Facts facts;
  facts.unread = hung;
  facts.engine = places.engine;
  unsigned have = 0;
  for (size_t i = from; i < list.size(); i++) {
    const Check& check = *list[i];
    json::Value answer = message("check", i);
    json::Value& findings = answer.set("findings", json::Value::array());
    for (int p = 0; p < kPartCount; p++) {
      Part part = static_cast<Part>(p);
      if (!check.parts.has(part) || (have >> p & 1U) != 0 || facts.unread.count(part) != 0)
        continue;
      send(fd, message("part", static_cast<size_t>(p)));
      options.read(part, places, facts);
      have |= 1U << p;
    }
    send(fd, message("check", i));
    auto unread = std::find_if(facts.unread.begin(), facts.unread.end(),
                               [&](const auto& entry) { return check.parts.has(entry.first); });
    if (unread != facts.unread.end()) {
      findings.push(finding_to_json(check, unknown(unread->second).front()));
      send(fd, std::move(answer));
      continue;
    }
    for (const Finding& finding : check.look(facts)) findings.push(finding_to_json(check, finding));
    send(fd, std::move(answer));
  }
  ::_exit(0);
}

// The child as the parent sees it.
class Worker {
 public:
  Worker(pid_t pid, UniqueFd fd) : pid_(pid), fd_(std::move(fd)) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    ::kill(pid_, SIGKILL);
    fd_.reset();
    // It is dead within moments, or stuck in the kernel; then init gets it.
    for (int i = 0; i < 20 && ::waitpid(pid_, nullptr, WNOHANG) == 0; i++) ::usleep(1000);
  }

  enum class Got { kLine, kEnd, kSilence };
  Got read_line(std::chrono::milliseconds patience, std::string& line) {
    auto deadline = Clock::now() + patience;
    while (true) {
      if (size_t end = buffer_.find('\n'); end != std::string::npos) {
        line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return Got::kLine;
      }
      auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return Got::kSilence;
      pollfd polled = {fd_.get(), POLLIN, 0};
      if (::poll(&polled, 1, static_cast<int>(left)) <= 0) continue;
      char bytes[8192];
      ssize_t count = ::read(fd_.get(), bytes, sizeof bytes);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return Got::kEnd;
      buffer_.append(bytes, static_cast<size_t>(count));
    }
  }

 private:
  pid_t pid_;
  UniqueFd fd_;
  std::string buffer_;
};

class Runner {
 public:
  Runner(const std::vector<const Check*>& list, const Places& places, const RunOptions& options)
      : list_(list), places_(places), options_(options), results_(list.size()) {
    for (size_t i = 0; i < list.size(); i++) results_[i].check = list[i];
  }

  Result<std::vector<CheckResult>> run() {
    while (next_ < list_.size()) OB_CHECK(run_child());
    return std::move(results_);
  }

 private:
  Result<void> run_child() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return os_error("make a pipe");
    UniqueFd read_end(fds[0]), write_end(fds[1]);
    pid_t child = ::fork();
    if (child < 0) return os_error("start a process for the checks");
    if (child == 0) {
      read_end.reset();
      ::signal(SIGPIPE, SIG_DFL);
      work(write_end.get(), list_, next_, places_, options_, hung_);
    }
    write_end.reset();
    Worker worker(child, std::move(read_end));
    current_part_.reset();
    while (next_ < list_.size()) {
      std::string line;
      auto got = worker.read_line(
          current_part_ == Part::kNvml ? options_.nvml_deadline : options_.deadline, line);
      if (got != Worker::Got::kLine) {
        blame(got == Worker::Got::kSilence);
        return {};
      }
      take(line);
    }
    return {};
  }

  void take(const std::string& line) {
    auto value = json::parse(line, "answer of a check");
    if (!value) return;
    if (auto part = (*value)["part"].as_uint(); part && *part < kPartCount) {
      current_part_ = static_cast<Part>(*part);
      return;
    }
    current_part_.reset();
    auto number = (*value)["check"].as_uint();
    if (!number || *number != next_) return;
    const json::Value* findings = value->find("findings");
    if (!findings) {
      if (options_.progress) options_.progress(next_, list_.size(), *list_[next_]);
      return;
    }
    for (const json::Value& finding : findings->items())
      results_[next_].findings.push_back(finding_from_json(finding));
    next_++;
  }

  void blame(bool silence) {
    auto patience = current_part_ == Part::kNvml ? options_.nvml_deadline : options_.deadline;
    std::string how = silence ? cat("did not answer within ", patience.count(), " ms")
                              : std::string("crashed; please report this");
    if (current_part_) {
      hung_[*current_part_] = cat("reading ", part_name(*current_part_), " ", how);
    } else {
      results_[next_++].findings = unknown(cat("the check itself ", how));
    }
  }

  const std::vector<const Check*>& list_;
  const Places& places_;
  const RunOptions& options_;
  std::vector<CheckResult> results_;
  size_t next_ = 0;
  std::optional<Part> current_part_;
  Hung hung_;
};

}  // namespace

Severity CheckResult::severity() const {
  Severity worst = Severity::kOk;
  for (const Finding& finding : findings) worst = std::max(worst, finding.severity);
  return worst;
}

Result<std::vector<CheckResult>> run_checks(const std::vector<const Check*>& list,
                                            const Places& places, const RunOptions& options) {
  RunOptions filled = options;
  if (!filled.read) filled.read = read_part;
  return Runner(list, places, filled).run();
}

}  // namespace outboard::doctor
