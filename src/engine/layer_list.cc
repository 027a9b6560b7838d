// SPDX-License-Identifier: Apache-2.0
#include "engine/layer_list.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr size_t kLongestListing = 256U << 20;

bool is_plain_tar(int fd, const LayerPlace& layer) {
  char magic[5] = {};
  return ::pread(fd, magic, sizeof magic, static_cast<off_t>(layer.offset + 257)) ==
             static_cast<ssize_t>(sizeof magic) &&
         std::string_view(magic, 5) == "ustar";
}

/// The layer of an instruction that changed no file: the two blocks of zeros that end an archive.
bool is_empty_tar(int fd, const LayerPlace& layer) {
  char block[kTarBlock];
  return layer.size >= sizeof block &&
         ::pread(fd, block, sizeof block, static_cast<off_t>(layer.offset)) ==
             static_cast<ssize_t>(sizeof block) &&
         std::all_of(std::begin(block), std::end(block), [](char c) { return c == 0; });
}

/// Tar's option for what the layer begins with, which it cannot find out of a pipe; empty: none
/// that is known.
std::string compression_of(int fd, const LayerPlace& layer) {
  struct Known {
    std::string_view begin;
    const char* option;
  };
  constexpr Known kKnown[] = {{"\x1f\x8b", "--gzip"},
                              {"\x28\xb5\x2f\xfd", "--zstd"},
                              {"\xfd"
                               "7zXZ",
                               "--xz"},
                              {"BZh", "--bzip2"}};
  char head[8] = {};
  ssize_t count = ::pread(fd, head, sizeof head, static_cast<off_t>(layer.offset));
  std::string_view have(head, static_cast<size_t>(std::max<ssize_t>(count, 0)));
  for (const Known& known : kKnown) {
    if (have.substr(0, known.begin.size()) == known.begin) return known.option;
  }
  return "";
}

/// The layer's bytes alone, as a pipe that another program opens by its path: what follows them in
/// the file is no part of the compressed stream.
class LayerPipe {
 public:
  static Result<LayerPipe> open(int file, const LayerPlace& layer) {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return os_error("make a pipe");
    UniqueFd read_end(fds[0]), write_end(fds[1]);
    pid_t writer = ::fork();
    if (writer < 0) return os_error("start a process that reads a layer");
    if (writer == 0) {
      ::signal(SIGPIPE, SIG_DFL);
      read_end.reset();
      copy(file, write_end.get(), layer);
      ::_exit(0);
    }
    return LayerPipe(std::move(read_end), writer);
  }
  LayerPipe(LayerPipe&& other) noexcept
      : read_end_(std::move(other.read_end_)), writer_(std::exchange(other.writer_, -1)) {}
  LayerPipe& operator=(LayerPipe&&) = delete;
  LayerPipe(const LayerPipe&) = delete;
  LayerPipe& operator=(const LayerPipe&) = delete;
  ~LayerPipe() {
    if (writer_ < 0) return;
    read_end_.reset();
    ::kill(writer_, SIGKILL);
    ::waitpid(writer_, nullptr, 0);
  }

  std::string path() const { return cat("/proc/", ::getpid(), "/fd/", read_end_.get()); }

 private:
  LayerPipe(UniqueFd read_end, pid_t writer) : read_end_(std::move(read_end)), writer_(writer) {}

  static void copy(int file, int pipe, const LayerPlace& layer) {
    off_t place = static_cast<off_t>(layer.offset);
    uint64_t left = layer.size;
    while (left > 0) {
      ssize_t count = ::sendfile(pipe, file, &place, std::min<uint64_t>(left, 1U << 20));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return;
      left -= static_cast<uint64_t>(count);
    }
  }

  UniqueFd read_end_;
  pid_t writer_;
};

/// A line of `tar --list --verbose`: mode, owner, size, date, time, name.
std::optional<TarItem> listed_item(std::string_view line) {
  TarItem item;
  if (line.empty()) return std::nullopt;
  char type = line[0];
  std::string_view field[5];
  for (std::string_view& part : field) {
    line = line.substr(std::min(line.find_first_not_of(' '), line.size()));
    size_t end = line.find(' ');
    if (end == std::string_view::npos) return std::nullopt;
    part = line.substr(0, end);
    line.remove_prefix(end);
  }
  if (line.size() < 2) return std::nullopt;
  line.remove_prefix(1);
  if (type == 'l') line = line.substr(0, line.find(" -> "));
  if (type == 'h') line = line.substr(0, line.find(" link to "));
  item.type = type == '-' ? '0' : type == 'h' ? '1' : type == 'l' ? '2' : type == 'd' ? '5' : '3';
  item.name = line;
  if (item.type == '0') item.size = parse_number<uint64_t>(field[2]).value_or(0);
  return item;
}

}  // namespace

Result<bool> list_layer(const LayerPlace& layer, bool compressed,
                        const std::function<void(const TarItem&)>& visit) {
  OB_TRY(UniqueFd fd, open_at(AT_FDCWD, layer.file, O_RDONLY | O_NONBLOCK));
  if (is_plain_tar(fd.get(), layer)) {
    OB_CHECK(scan_tar(fd.get(), layer.offset, layer.offset + layer.size, layer.file,
                      [&](const TarItem& item) {
                        visit(item);
                        return true;
                      }));
    return true;
  }
  if (is_empty_tar(fd.get(), layer)) return true;
  if (!compressed) return false;
  auto broken = [&](std::string_view why) {
    return make_error(ErrorCode::kConflict,
                      cat("list layer '", printable(layer.file), "': ", printable(why, 300)));
  };
  OB_TRY(LayerPipe pipe, LayerPipe::open(fd.get(), layer));
  CaptureOptions limits;
  limits.limit = kLongestListing;
  limits.deadline = std::chrono::minutes(10);
  std::vector<std::string> argv = {"tar", "--list", "--verbose", "--numeric-owner",
                                   "--quoting-style=escape"};
  if (auto option = compression_of(fd.get(), layer); !option.empty()) argv.push_back(option);
  argv.insert(argv.end(), {"--force-local", "--file", pipe.path()});
  OB_TRY(Output output, run_captured({argv}, limits));
  if (!output.status.success()) {
    std::string_view why = trim(output.err);
    return broken(why.substr(0, why.find('\n')));
  }
  for (std::string_view line : split(output.out, '\n')) {
    if (auto item = listed_item(line)) visit(*item);
  }
  return true;
}

}  // namespace outboard::engine
