// SPDX-License-Identifier: Apache-2.0
// One of the descriptors 0, 1 or 2 led elsewhere for as long as this lives, so that a program that
// is started meanwhile inherits it.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

namespace outboard::engine {

class StandardStream {
 public:
  /// `stream` becomes a copy of `target`.
  StandardStream(int stream, int target)
      : stream_(stream), saved_(::fcntl(stream, F_DUPFD_CLOEXEC, 3)) {
    ::dup2(target, stream);
  }
  ~StandardStream() {
    if (saved_.valid()) ::dup2(saved_.get(), stream_);
  }
  StandardStream(const StandardStream&) = delete;
  StandardStream& operator=(const StandardStream&) = delete;

 private:
  int stream_;
  UniqueFd saved_;
};

}  // namespace outboard::engine
