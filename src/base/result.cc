// SPDX-License-Identifier: Apache-2.0
// Errors made from errno values.
#include "base/result.h"

#include <cstring>

namespace outboard {

Error make_error(ErrorCode code, std::string text, std::string hint) {
  return Error{code, std::move(text), std::move(hint), 0};
}

namespace {

struct Failures {
  size_t count = 0;
  Error latest;
};
thread_local Failures failures;

bool says_nothing(int os_errno) {
  return os_errno == ENOMEM || os_errno == EMFILE || os_errno == ENFILE || os_errno == EIO ||
         os_errno == ESTALE;
}

}  // namespace

FailureWatch::FailureWatch() : before_(failures.count) {}

std::optional<Error> FailureWatch::failure() const {
  if (failures.count == before_) return std::nullopt;
  return failures.latest;
}

Error os_error(const std::string& what, int os_errno) {
  ErrorCode code = ErrorCode::kIo;
  switch (os_errno) {
    case ENOENT:
    case ENOTDIR:
    case ENXIO:
    case ENODEV:
      code = ErrorCode::kNotFound;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = ErrorCode::kDenied;
      break;
    case EBUSY:
    case EAGAIN:
    case ETXTBSY:
      code = ErrorCode::kBusy;
      break;
    case ENOSYS:
    case EOPNOTSUPP:
      code = ErrorCode::kUnsupported;
      break;
    case EEXIST:
      code = ErrorCode::kConflict;
      break;
    default:
      break;
  }
  Error error{code, what + ": " + std::strerror(os_errno), {}, os_errno};  // NOLINT: one thread
  if (says_nothing(os_errno)) {
    failures.count++;
    failures.latest = error;
  }
  return error;
}

}  // namespace outboard
