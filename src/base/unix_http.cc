// SPDX-License-Identifier: Apache-2.0
#include "base/unix_http.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "base/fd.h"
#include "base/text.h"

namespace outboard {

namespace {

constexpr size_t kLimit = 8U << 20;

Result<UniqueFd> connect_to(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path)
    return make_error(ErrorCode::kUsage, cat("the path '", printable(socket), "' is too long"));
  std::memcpy(address.sun_path, socket.c_str(), socket.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return os_error("open a socket");
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return os_error(cat("connect to '", printable(socket), "'"));
  return fd;
}

// Of a connected socket: the process that listened.
uint32_t peer_of(int fd) {
  ucred peer{};
  socklen_t length = sizeof peer;
  bool known = ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid > 0;
  return known ? static_cast<uint32_t>(peer.pid) : 0;
}

}  // namespace

Result<uint32_t> listener_of(const std::string& socket) {
  OB_TRY(UniqueFd fd, connect_to(socket));
  return peer_of(fd.get());
}

std::optional<HttpResponse> parse_response(std::string_view text) {
  if (text.rfind("HTTP/1.", 0) != 0) return std::nullopt;
  size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  auto fields = words(text.substr(0, text.find("\r\n")));
  if (fields.size() < 2) return std::nullopt;
  auto status = parse_number<int>(fields[1]);
  if (!status) return std::nullopt;
  return HttpResponse{*status, text.substr(end + 4)};
}

Result<SocketAnswer> get_from_socket(const std::string& socket, const std::string& path,
                                     std::chrono::milliseconds deadline) {
  using Clock = std::chrono::steady_clock;
  auto end = Clock::now() + deadline;
  OB_TRY(UniqueFd fd, connect_to(socket));
  SocketAnswer answer;
  answer.pid = peer_of(fd.get());
  std::string request = cat("GET ", path, " HTTP/1.0\r\nHost: localhost\r\n\r\n");
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    return os_error(cat("ask '", printable(socket), "'"));
  std::string text;
  while (true) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd waiting{fd.get(), POLLIN, 0};
    if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) {
      return make_error(ErrorCode::kBusy, cat("'", printable(socket), "' did not answer within ",
                                              deadline.count(), " ms"));
    }
    char buffer[16384];
    ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return os_error(cat("read from '", printable(socket), "'"));
    if (got == 0) break;
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() > kLimit)
      return make_error(ErrorCode::kIo, cat("'", printable(socket), "' answers without end"));
  }
  auto response = parse_response(text);
  if (!response) {
    return make_error(ErrorCode::kIo,
                      cat("what listens on '", printable(socket), "' does not speak HTTP"));
  }
  auto body = json::parse(response->body, cat("the answer of '", printable(socket), "'"));
  if (response->status != 200) {
    // Who stands in front of a daemon may answer with something else than the daemon does.
    std::string_view said = body ? (*body)["message"].text() : trim(response->body);
    return make_error(
        response->status == 404 ? ErrorCode::kNotFound : ErrorCode::kIo,
        cat("the daemon says: ", printable(said, 300), " (status ", response->status, ")"));
  }
  if (!body) {
    Error error = std::move(body).error();
    error.code = ErrorCode::kIo;
    return error;
  }
  answer.body = std::move(*body);
  return answer;
}

}  // namespace outboard
