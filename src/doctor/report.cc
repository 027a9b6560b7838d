// SPDX-License-Identifier: Apache-2.0
#include "doctor/report.h"

#include <algorithm>

#include "base/process.h"
#include "base/text.h"
#include "doctor/finding_json.h"

namespace outboard::doctor {

namespace {

constexpr std::string_view kIndent = "         ";

struct Shown {
  const Check* check;
  const Finding* finding;
  std::string ids;  ///< of the check, and of others with the same unknown
};

// Errors, warnings, notes, unknowns; in the table's order within each.
std::vector<Shown> by_weight(const std::vector<CheckResult>& results) {
  std::vector<Shown> all;
  for (Severity severity :
       {Severity::kError, Severity::kWarning, Severity::kNote, Severity::kUnknown}) {
    for (const CheckResult& result : results) {
      for (const Finding& finding : result.findings) {
        if (finding.severity != severity) continue;
        auto same = std::find_if(all.begin(), all.end(), [&](const Shown& shown) {
          return severity == Severity::kUnknown && shown.finding->severity == severity &&
                 shown.finding->what == finding.what;
        });
        if (same != all.end()) {
          same->ids += cat(", ", result.check->id);
        } else {
          all.push_back({result.check, &finding, std::string(result.check->id)});
        }
      }
    }
  }
  return all;
}

// A text that is broken at blanks so that it fits 100 columns below its first line's indentation.
std::string wrapped(std::string_view text, size_t indent) {
  constexpr size_t kColumns = 100;
  std::string out;
  size_t column = indent;
  for (std::string_view word : words(text)) {
    if (column > indent && column + 1 + word.size() > kColumns) {
      out += cat("\n", std::string(indent, ' '));
      column = indent;
    } else if (column > indent) {
      out += ' ';
      column++;
    }
    out += word;
    column += word.size();
  }
  return out;
}

std::string padded(std::string_view text, size_t width) {
  return cat(text, std::string(text.size() < width ? width - text.size() : 0, ' '));
}

std::string line(std::string_view label, std::string_view text) {
  return cat(kIndent, padded(label, 6), wrapped(printable(text, 2000), kIndent.size() + 6), "\n");
}

std::string mend_of(const Finding& finding, const Check& check) {
  if (finding.steps.empty()) return finding.mend;
  std::string text = cat("sudo ", shell_text(finding.steps.front()));
  if (finding.steps.size() == 1) return cat(text, "; or: sudo outboard doctor --fix");
  return cat(text, " and ", finding.steps.size() - 1, " more; sudo outboard doctor --fix ",
             check.id);
}

std::string counted(size_t count, std::string_view one, std::string_view many) {
  return cat(count, " ", count == 1 ? one : many);
}

std::string closing_line(const std::vector<CheckResult>& results, bool verbose) {
  size_t counts[5] = {};
  size_t passed = 0;
  for (const CheckResult& result : results) {
    if (result.severity() == Severity::kOk) passed++;
    for (const Finding& finding : result.findings) counts[static_cast<size_t>(finding.severity)]++;
  }
  auto count = [&](Severity severity) { return counts[static_cast<size_t>(severity)]; };
  std::vector<std::string> parts;
  if (count(Severity::kError) > 0)
    parts.push_back(counted(count(Severity::kError), "error", "errors"));
  if (count(Severity::kWarning) > 0)
    parts.push_back(counted(count(Severity::kWarning), "warning", "warnings"));
  if (parts.empty()) parts.emplace_back("nothing wrong found");
  if (count(Severity::kNote) > 0) parts.push_back(counted(count(Severity::kNote), "note", "notes"));
  if (count(Severity::kUnknown) > 0) parts.push_back(cat(count(Severity::kUnknown), " unknown"));
  return cat(join(parts, ", "), "; ", counted(passed, "check", "checks"), " of ", results.size(),
             " passed", verbose || passed == 0 ? "" : " ('--verbose' lists them)", "\n");
}

}  // namespace

std::string report_text(const std::vector<CheckResult>& results, bool simulated, bool verbose) {
  std::string out;
  if (simulated) out += "simulated machine: no real GPU is behind these devices\n";
  for (const Shown& shown : by_weight(results)) {
    const Finding& finding = *shown.finding;
    out += cat(padded(severity_name(finding.severity), kIndent.size()),
               wrapped(cat(shown.ids, ": ", printable(finding.what, 2000)), kIndent.size()), "\n");
    if (finding.severity == Severity::kUnknown) continue;
    if (!finding.consequence.empty()) out += line("so", finding.consequence);
    std::string mend = mend_of(finding, *shown.check);
    if (!mend.empty()) out += line("mend", mend);
    if (!finding.afterwards.empty()) out += line("then", finding.afterwards);
  }
  if (verbose) {
    for (const CheckResult& result : results) {
      if (result.severity() != Severity::kOk) continue;
      std::string said = result.findings.empty() ? "" : result.findings.front().what;
      out += cat(padded("ok", kIndent.size()), result.check->id, ": ",
                 said.empty() ? std::string(result.check->title) : printable(said, 300), "\n");
    }
  }
  if (!out.empty()) out += "\n";
  return out + closing_line(results, verbose);
}

json::Value report_json(const std::vector<CheckResult>& results, bool simulated) {
  json::Value root = json::Value::object();
  root.set("simulated", simulated);
  root.set("exitCode", exit_code(results));
  json::Value& list = root.set("checks", json::Value::array());
  for (const CheckResult& result : results) {
    json::Value& entry = list.push(json::Value::object());
    entry.set("id", result.check->id);
    entry.set("title", result.check->title);
    entry.set("severity", severity_name(result.severity()));
    entry.set("page", cat("doc/doctor.md#", result.check->id));
    json::Value& findings = entry.set("findings", json::Value::array());
    for (const Finding& finding : result.findings)
      findings.push(finding_to_json(*result.check, finding));
  }
  return root;
}

int exit_code(const std::vector<CheckResult>& results) {
  Severity worst = Severity::kOk;
  for (const CheckResult& result : results) worst = std::max(worst, result.severity());
  if (worst == Severity::kError) return 1;
  return worst == Severity::kWarning ? 3 : 0;
}

std::string list_text() {
  size_t width = 0;
  for (const Check& check : checks()) width = std::max(width, check.id.size());
  std::string out;
  for (const Check& check : checks()) out += cat(padded(check.id, width + 2), check.title, "\n");
  return out;
}

std::string describe_check(const Check& check) {
  constexpr size_t kIn = 14;
  auto field = [&](std::string_view name, std::string_view text) {
    return cat("  ", padded(name, kIn - 2), wrapped(text, kIn), "\n");
  };
  return cat(check.id, ": ", check.title, "\n", field("looks at", check.looks_at),
             field("if not", check.consequence), field("mend", check.mend));
}

namespace {

void add_sections(const std::vector<Check>& list, std::string_view heading, std::string& out) {
  for (const Check& check : list) {
    out += cat("\n", heading, check.id, "\n\n", "Passed: ", check.title, ".\n\n",
               "- Looks at: ", check.looks_at, ".\n- Otherwise: ", check.consequence,
               ".\n- Mend: ", check.mend, ".\n");
  }
}

}  // namespace

std::string document() {
  std::string out =
      "# What `outboard doctor` looks at\n\n"
      "<!-- Made from the table of checks in src/doctor; OUTBOARD_UPDATE_GOLDEN=1 and doctor_test "
      "write "
      "it. -->\n\n"
      "`outboard doctor` asks each of these about this machine and prints what is wrong, what it "
      "leads "
      "to and what mends it. A finding is an *error* (containers do not get a working GPU), a "
      "*warning* "
      "(it costs time, speed or a failure later), a *note*, or *unknown* with the reason. `--fix` "
      "shows "
      "and runs the commands that mend what can be mended without risk; the rest is left to a "
      "person.\n\n"
      "Exit codes: 0 nothing wrong, 1 errors (or doctor itself could not run), 2 wrong command "
      "line, 3 "
      "warnings only.\n\n"
      "| check | says that |\n|---|---|\n";
  for (const Check& check : checks())
    out += cat("| [`", check.id, "`](#", check.id, ") | ", check.title, " |\n");
  add_sections(checks(), "## ", out);
  out +=
      "\n## A running container\n\n"
      "`outboard doctor --container NAME` looks from the host at a container of Docker, Podman, "
      "runc, crun, the built-in engine, containerd or CRI-O, by the name or id that its engine "
      "shows or, in Kubernetes, by that of the container or the pod: what it got, and what of that "
      "it can use now.\n";
  add_sections(container_checks(), "### ", out);
  out +=
      "\n## Inside a container\n\n"
      "Started in a container (/.dockerenv, /run/.containerenv, or files of the driver that are "
      "mounts), `outboard doctor` asks these and none of the host; checks that are named are asked "
      "all the same.\n";
  add_sections(inside_checks(), "### ", out);
  return out;
}

}  // namespace outboard::doctor
