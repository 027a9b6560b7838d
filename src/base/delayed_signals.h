// SPDX-License-Identifier: Apache-2.0
// Signals that would end a program between making something and taking it away again.
#pragma once

#include <csignal>
#include <utility>

namespace outboard {

/// While it lives SIGINT, SIGTERM and SIGHUP wait; they are delivered when it goes. Children do not
/// inherit that. For programs of one thread.
class DelayedSignals {
 public:
  DelayedSignals() {
    sigset_t set = ending();
    sigprocmask(SIG_BLOCK, &set, &before_);
  }
  DelayedSignals(DelayedSignals&& other) noexcept
      : active_(std::exchange(other.active_, false)), before_(other.before_) {}
  DelayedSignals& operator=(DelayedSignals&&) = delete;
  DelayedSignals(const DelayedSignals&) = delete;
  DelayedSignals& operator=(const DelayedSignals&) = delete;
  ~DelayedSignals() {
    if (active_) sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  /// One of them waits: the work is not wanted any more.
  static bool waiting() {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
           sigismember(&pending, SIGHUP) == 1;
  }

 private:
  static sigset_t ending() {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
    return set;
  }

  bool active_ = true;
  sigset_t before_{};
};

}  // namespace outboard
