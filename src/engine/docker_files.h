// SPDX-License-Identifier: Apache-2.0
// A look at an image's files through the docker command: `docker cp` out of a container that is
// made for it and never started. This works for every store and driver of the daemon's, and nothing
// of the image runs.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/delayed_signals.h"
#include "base/result.h"
#include "engine/image_outline.h"
#include "engine/tar_stream.h"

namespace outboard::engine {

/// The container; removed with this.
class DockerImageFiles {
 public:
  static Result<DockerImageFiles> open(const std::string& docker, const std::string& image);
  DockerImageFiles(DockerImageFiles&& other) noexcept;
  DockerImageFiles& operator=(DockerImageFiles&&) = delete;
  DockerImageFiles(const DockerImageFiles&) = delete;
  DockerImageFiles& operator=(const DockerImageFiles&) = delete;
  ~DockerImageFiles();

  /// The file's content, links followed; nothing if there is no such file or it is larger than
  /// `limit`.
  std::optional<std::string> file(const std::string& path, size_t limit) const;

  /// The places where CUDA's compat libraries lie: kCompatDirectories, those of `search_path`
  /// (LD_LIBRARY_PATH) that have such a name, and, if there is any, whether /etc/ld.so.conf.d is a
  /// directory. An error if there is more than an image would have, or docker does not answer.
  Result<ImageOutline> compat_outline(const std::string& search_path);

 private:
  explicit DockerImageFiles(std::string docker);
  Result<void> walk(const std::string& path, const TarStream::Visit& visit);
  Result<void> add_one(const std::string& path, ImageOutline& outline);
  Result<void> add_tree(const std::string& path, ImageOutline& outline);
  Result<const ImageOutline::Entry*> look(const std::string& path, bool whole,
                                          ImageOutline& outline);
  Result<void> follow(std::string path, ImageOutline& outline);

  DelayedSignals delayed_;  ///< the container is taken away first
  std::string docker_;
  std::string name_;
  uint64_t bytes_left_;            ///< that docker may still send
  std::set<std::string> asked_;    ///< for what is there
  std::vector<std::string> read_;  ///< with all that is below
};

}  // namespace outboard::engine
