// SPDX-License-Identifier: Apache-2.0
#include "base/privilege.h"

#include <unistd.h>

#include "base/files.h"
#include "base/user_namespace.h"

namespace outboard {

bool is_real_root() {
  if (::geteuid() != 0) return false;
  auto map = read_file("/proc/self/uid_map");
  if (!map) return true;
  return parse_id_map(*map) == std::vector<IdRange>{{0, 0, 4294967295}};
}

}  // namespace outboard
