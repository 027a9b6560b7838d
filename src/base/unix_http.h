// SPDX-License-Identifier: Apache-2.0
// One GET to a daemon's HTTP socket, with a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace outboard {

struct SocketAnswer {
  json::Value body;
  uint32_t pid = 0;  ///< of the process that listens (systemd's, where it opened the socket)
};

/// HTTP/1.0, so that the answer ends with the connection (RFC 1945). kNotFound: no socket, or the
/// daemon has no such thing; kDenied: it may not be opened; kBusy: no answer in time; kIo: nobody
/// listens, or the answer is no JSON.
Result<SocketAnswer> get_from_socket(const std::string& socket, const std::string& path,
                                     std::chrono::milliseconds deadline);

/// The process that listens on the socket, which is connected to and closed again; 0: it is not
/// ours to see. Errors as above: kNotFound, kDenied, kIo; kBusy: its queue is full.
Result<uint32_t> listener_of(const std::string& socket);

/// Status and body of a response, nothing for what is not one. Pure.
struct HttpResponse {
  int status = 0;
  std::string_view body;
};
std::optional<HttpResponse> parse_response(std::string_view text);

}  // namespace outboard
