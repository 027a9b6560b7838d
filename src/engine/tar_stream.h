// SPDX-License-Identifier: Apache-2.0
// A tar archive that comes piece by piece, as `docker cp` sends it: the items and the first bytes
// of each one's content; the rest is passed over without being kept.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engine/tar_headers.h"

namespace outboard::engine {

class TarStream {
 public:
  /// Gets every item with the first bytes of its content (`kHead`, or all that it has); false: that
  /// is enough.
  using Visit = std::function<bool(const TarItem&, std::string_view head)>;
  static constexpr size_t kHead = 64;

  /// `name` is what errors call the archive.
  TarStream(std::string name, Visit visit)
      : name_(std::move(name)), headers_(name_), visit_(std::move(visit)) {}
  TarStream(const TarStream&) = delete;
  TarStream& operator=(const TarStream&) = delete;

  /// False: the archive has ended, or `visit` has had enough; nothing more is to come. kConflict:
  /// no archive, or one that makes no sense.
  Result<bool> feed(std::string_view bytes);

 private:
  enum class Expects { kHeader, kExtension, kHead };

  /// `part_` is complete.
  Result<bool> take_part();
  void expect(Expects what, uint64_t size);

  std::string name_;
  TarHeaders headers_;
  Visit visit_;
  TarItem item_;
  std::string part_;  ///< of what is expected, as far as it has come
  Expects expects_ = Expects::kHeader;
  uint64_t size_ = kTarBlock;  ///< of what is expected
  uint64_t skip_ = 0;          ///< bytes that come before it
};

}  // namespace outboard::engine
