// SPDX-License-Identifier: Apache-2.0
#include "doctor/finding_json.h"

namespace outboard::doctor {

namespace {

constexpr Severity kSeverities[] = {Severity::kOk, Severity::kNote, Severity::kUnknown,
                                    Severity::kWarning, Severity::kError};

std::string_view first_filled(std::string_view own, std::string_view general) {
  return own.empty() ? general : own;
}

}  // namespace

json::Value finding_to_json(const Check& check, const Finding& finding) {
  json::Value value = json::Value::object();
  value.set("severity", severity_name(finding.severity));
  value.set("what", finding.what);
  bool wrong = finding.severity == Severity::kWarning || finding.severity == Severity::kError;
  value.set("consequence",
            wrong ? first_filled(finding.consequence, check.consequence) : finding.consequence);
  value.set("mend", wrong ? first_filled(finding.mend, check.mend) : finding.mend);
  json::Value& steps = value.set("steps", json::Value::array());
  for (const Step& step : finding.steps) steps.push(json::Value::array(step));
  if (!finding.afterwards.empty()) value.set("afterwards", finding.afterwards);
  return value;
}

Finding finding_from_json(const json::Value& value) {
  Finding finding{Severity::kUnknown,
                  value["what"].text(),
                  value["consequence"].text(),
                  value["mend"].text(),
                  {},
                  value["afterwards"].text()};
  for (Severity severity : kSeverities) {
    if (value["severity"].text() == severity_name(severity)) finding.severity = severity;
  }
  for (const json::Value& step : value["steps"].items()) finding.steps.push_back(step.as_strings());
  return finding;
}

}  // namespace outboard::doctor
