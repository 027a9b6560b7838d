// SPDX-License-Identifier: Apache-2.0
// What is read of an image that somebody made: tar archives' items, fat binaries' heads, names. An
// ELF file goes to the reader of fat binaries, everything else is an archive.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "elf/fat_binary.h"
#include "engine/image_files.h"
#include "engine/image_outline.h"
#include "engine/tar_index.h"
#include "engine/tar_stream.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;

static constexpr const char* kOfVersions =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+!_-";

// One file in memory for all inputs.
static int file_of(std::string_view bytes) {
  static const int fd = ::memfd_create("image", MFD_CLOEXEC);
  FUZZ_REQUIRE(fd >= 0 && ::ftruncate(fd, 0) == 0);
  FUZZ_REQUIRE(::pwrite(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return fd;
}

static void check_fat_binary(std::string_view bytes) {
  auto found = elf::read_fat_binary(file_of(bytes), "input");
  if (!found) return require_readable(found.error());
  for (unsigned number : found->machine_code) FUZZ_REQUIRE(number < 1000);
  for (unsigned number : found->ptx) FUZZ_REQUIRE(number < 1000);
}

static std::string seen(const engine::TarItem& item) {
  return cat(std::string(1, item.type), item.size, " ", item.name, "\n", item.link, "\n");
}

// The same archive in pieces, of any size, has the same items.
static void check_stream(std::string_view bytes, const std::string& indexed) {
  std::string streamed;
  engine::TarStream stream("input", [&](const engine::TarItem& item, std::string_view head) {
    FUZZ_REQUIRE(head.size() == std::min<uint64_t>(item.size, engine::TarStream::kHead));
    streamed += seen(item);
    return true;
  });
  for (size_t piece = 1; !bytes.empty(); piece = piece * 2 + 1) {
    auto more = stream.feed(bytes.substr(0, piece));
    FUZZ_REQUIRE(more.has_value());
    if (!*more) break;
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  FUZZ_REQUIRE(streamed == indexed, streamed, indexed);
}

// A tree of names has a directory above each, and is the same when it is read back.
static void check_outline(const engine::ImageOutline& outline) {
  using Kind = engine::ImageOutline::Kind;
  for (const auto& [path, entry] : outline.entries()) {
    FUZZ_REQUIRE(path.find("/../") == std::string::npos && path[0] == '/', path);
    auto above = outline.find(path.substr(0, path.rfind('/')));
    FUZZ_REQUIRE(path.rfind('/') == 0 || (above && above->kind == Kind::kDirectory), path);
  }
  auto again = engine::ImageOutline::from_json(outline.to_json());
  FUZZ_REQUIRE(again && *again == outline);
}

static void check_archive(std::string_view bytes) {
  uint64_t place = 0;
  std::string indexed;
  engine::ImageOutline outline;
  auto scanned =
      engine::scan_tar(file_of(bytes), 0, bytes.size(), "input", [&](const engine::TarItem& item) {
        // Contents lie in the archive, one behind the other.
        FUZZ_REQUIRE(item.offset >= place + 512 && item.offset <= bytes.size());
        FUZZ_REQUIRE(item.size <= bytes.size() - item.offset, item.name);
        place = item.offset + item.size;
        indexed += seen(item);
        using Kind = engine::ImageOutline::Kind;
        outline.add("/" + item.name, item.type == '2'
                                         ? engine::ImageOutline::Entry{Kind::kLink, item.link}
                                         : engine::ImageOutline::Entry{Kind::kFile, "", 64});
        auto file = engine::versioned_file(item.name);
        if (file) {
          FUZZ_REQUIRE(file->path == item.name);
          FUZZ_REQUIRE(!file->version.empty() && !file->name.empty());
          FUZZ_REQUIRE(file->version.find_first_not_of(kOfVersions) == std::string::npos,
                       item.name);
          // What follows a "+" can be told in other words by the name of a conda package.
          std::string version = file->version.substr(0, file->version.find('+'));
          FUZZ_REQUIRE(item.name.find(version) != std::string::npos, item.name);
        }
        return true;
      });
  if (scanned) {
    check_stream(bytes, indexed);
  } else {
    require_readable(scanned.error());
  }
  check_outline(outline);
  // An end that lies behind the file's is somebody's word, and wrong.
  FUZZ_REQUIRE(!engine::scan_tar(file_of(bytes), 0, UINT64_MAX, "input",
                                 [](const engine::TarItem&) { return true; }));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes = text_of(data, size);
  if (bytes.substr(0, 4) == "\177ELF") {
    check_fat_binary(bytes);
  } else {
    check_archive(bytes);
  }
  return 0;
}
