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

bool opens_quote(std::string_view word) {
  return word.rfind('\'', 0) == 0 || word.rfind("('", 0) == 0;
}

bool closes_quote(std::string_view word) {
  size_t last = word.find_last_not_of(".,;:)");
  return last != std::string_view::npos && last > 0 && word[last] == '\'';
}

// Words, but what is quoted ('sudo ldconfig') in one piece: a person copies it.
std::vector<std::string> pieces(std::string_view text) {
  std::vector<std::string_view> list = words(text);
  std::vector<std::string> out;
  for (size_t i = 0; i < list.size(); i++) {
    out.emplace_back(list[i]);
    if (!opens_quote(list[i])) continue;
    size_t end = i;
    while (end < list.size() && !closes_quote(list[end])) end++;
    if (end == list.size()) continue;
    for (; i < end; i++) out.back() += cat(" ", list[i + 1]);
  }
  return out;
}

// A text that is broken between its pieces so that it fits 100 columns below its first line's
// indentation; a longer piece has a line of its own.
std::string wrapped(std::string_view text, size_t indent) {
  constexpr size_t kColumns = 100;
  std::string out;
  size_t column = indent;
  for (const std::string& piece : pieces(text)) {
    if (column > indent && column + 1 + piece.size() > kColumns) {
      out += cat("\n", std::string(indent, ' '));
      column = indent;
    } else if (column > indent) {
      out += ' ';
      column++;
    }
    out += piece;
    column += piece.size();
  }
  return out;
}

std::string padded(std::string_view text, size_t width) {
  return cat(text, std::string(text.size() < width ? width - text.size() : 0, ' '));
}

std::string line(std::string_view label, std::string_view text) {
  return cat(kIndent, padded(label, 6), wrapped(printable(text, 2000), kIndent.size() + 6), "\n");
}

// A command, to be copied: whole, whatever its length.
std::string command_line(std::string_view label, std::string_view command) {
  return cat(kIndent, padded(label, 6), printable(command, 4000), "\n");
}

// What to do. Where --fix does it in several steps, one command that runs them, and what they are.
std::string mend_lines(const Finding& finding, const Check& check, const std::string& fix) {
  constexpr std::string_view kSudo = "sudo ";
  constexpr size_t kShown = 4;
  if (finding.steps.empty()) {
    if (finding.mend.empty()) return "";
    bool is_command = finding.mend.rfind(kSudo, 0) == 0;
    return is_command ? command_line("mend", finding.mend) : line("mend", finding.mend);
  }
  if (finding.steps.size() == 1)
    return command_line("mend", cat(kSudo, shell_text(finding.steps.front())));
  std::string out = command_line("mend", cat(fix, " ", check.id));
  for (size_t i = 0; i < std::min(finding.steps.size(), kShown); i++)
    out += command_line(i == 0 ? "runs" : "", shell_text(finding.steps[i]));
  if (size_t rest = finding.steps.size(); rest > kShown)
    out += line("", cat("and ", rest - kShown, " more"));
  return out;
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

std::string report_text(const std::vector<CheckResult>& results, const ReportOptions& options) {
  std::string out;
  if (options.simulated) out += "simulated machine: no real GPU is behind these devices\n";
  for (const Shown& shown : by_weight(results)) {
    const Finding& finding = *shown.finding;
    out += cat(padded(severity_name(finding.severity), kIndent.size()),
               wrapped(cat(shown.ids, ": ", printable(finding.what, 2000)), kIndent.size()), "\n");
    if (finding.severity == Severity::kUnknown) continue;
    if (!finding.consequence.empty()) out += line("so", finding.consequence);
    out += mend_lines(finding, *shown.check, options.fix);
    if (!finding.afterwards.empty()) out += line("then", finding.afterwards);
  }
  if (options.verbose) {
    for (const CheckResult& result : results) {
      if (result.severity() != Severity::kOk) continue;
      std::string said = result.findings.empty() ? "" : result.findings.front().what;
      out += cat(padded("ok", kIndent.size()), result.check->id, ": ",
                 said.empty() ? std::string(result.check->title) : printable(said, 300), "\n");
    }
  }
  if (!out.empty()) out += "\n";
  return out + closing_line(results, options.verbose);
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
