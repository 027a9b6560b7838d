// SPDX-License-Identifier: Apache-2.0
#include "host/read_facts.h"

#include <fcntl.h>

#include <algorithm>

#include "base/fd.h"
#include "base/files.h"
#include "base/root.h"
#include "base/text.h"
#include "host/read_parts.h"

namespace outboard::host {

static Result<UniqueFd> open_root(const std::string& path, std::string_view what) {
  auto fd = open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
  if (!fd) return std::move(fd).error().in(cat("read the ", what, " root"));
  return fd;
}

Result<Facts> read_facts(const Roots& roots, const ReadOptions& options) {
  FailureWatch watch;
  Facts facts;
  facts.roots = roots;
  OB_TRY(UniqueFd proc, open_root(roots.proc, "proc"));
  OB_TRY(UniqueFd sys, open_root(roots.sys, "sys"));
  OB_TRY(UniqueFd dev, open_root(roots.dev, "dev"));
  auto driver = Root::open(roots.driver, Root::Trust::kHost);
  if (!driver) return std::move(driver).error().in("read the driver root");

  facts.simulated = driver->is_file("/outboard-sim.json");
  read_proc(proc.get(), facts);
  read_bus(sys.get(), options.whole_bus, facts);
  read_nodes(dev.get(), facts);
  read_driver_files(*driver, sys.get(), options, facts);
  if (auto failure = watch.failure()) return std::move(*failure).in("read this machine's facts");
  return facts;
}

}  // namespace outboard::host
