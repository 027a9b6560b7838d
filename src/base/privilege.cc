// SPDX-License-Identifier: Apache-2.0
#include "base/privilege.h"

#include <unistd.h>

#include "base/files.h"
#include "base/text.h"

namespace outboard {

bool is_real_root() {
  if (::geteuid() != 0) return false;
  auto map = read_file("/proc/self/uid_map");
  if (!map) return true;
  auto fields = words(*map);
  return fields.size() == 3 && fields[0] == "0" && fields[1] == "0" && fields[2] == "4294967295";
}

}  // namespace outboard
