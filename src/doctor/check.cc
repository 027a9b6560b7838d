// SPDX-License-Identifier: Apache-2.0
#include "doctor/check.h"

#include <algorithm>

#include "base/text.h"
#include "doctor/tables.h"

namespace outboard::doctor {

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "ok";
    case Severity::kNote:
      return "note";
    case Severity::kUnknown:
      return "unknown";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "unknown";
}

Findings ok(std::string what) {
  return {{Severity::kOk, std::move(what), {}, {}, {}}};
}

Findings unknown(std::string why) {
  return {{Severity::kUnknown, std::move(why), {}, {}, {}}};
}

Finding found(Severity severity, std::string what, std::string mend, std::vector<Step> steps,
              std::string afterwards) {
  return {severity, std::move(what), {}, std::move(mend), std::move(steps), std::move(afterwards)};
}

std::string listed(const std::vector<std::string>& names, size_t most) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), most); i++)
    text += cat(i == 0 ? "" : ", ", printable(names[i]));
  return names.size() > most ? cat(text, " and ", names.size() - most, " more") : text;
}

const std::vector<Check>& checks() {
  static const std::vector<Check> kAll = [] {
    std::vector<Check> all;
    for (const auto& table :
         {own_checks(), platform_checks(), driver_checks(), node_checks(), service_checks(),
          log_checks(), health_checks(), bus_checks(), system_checks(), limit_checks()})
      all.insert(all.end(), table.begin(), table.end());
    for (const auto& table : {docker_checks(), engine_file_checks(), engine_cdi_checks(),
                              toolkit_checks(), cdi_checks(), running_checks()})
      all.insert(all.end(), table.begin(), table.end());
    return all;
  }();
  return kAll;
}

const Check* find_check(std::string_view id) {
  auto at = std::find_if(checks().begin(), checks().end(),
                         [&](const Check& check) { return check.id == id; });
  return at == checks().end() ? nullptr : &*at;
}

}  // namespace outboard::doctor
