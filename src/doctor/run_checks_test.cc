// SPDX-License-Identifier: Apache-2.0
// The runner survives whatever a check does, and the table's documents.
#include "doctor/run_checks.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "doctor/finding_json.h"
#include "doctor/report.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

Findings sleep_forever(const Facts&) {
  while (true) ::pause();
}
Findings crash(const Facts&) {
  ::_exit(3);
}
Findings pass(const Facts&) {
  return ok("fine");
}
Findings warn(const Facts&) {
  return {found(Severity::kWarning, "odd", "look", {{"true", "a b"}})};
}
Findings see_log(const Facts& facts) {
  return facts.log.lines.empty() ? Findings{} : ok(facts.log.lines.front().text);
}

const Check kPass{"pass", "t", "l", "c", "m", {}, pass};
const Check kHang{"hang", "t", "l", "c", "m", {}, sleep_forever};
const Check kCrash{"crash", "t", "l", "c", "m", {}, crash};
const Check kWarn{"warn", "t", "l", "c", "m", {}, warn};
const Check kLog{"log", "t", "l", "c", "m", {Part::kLog}, see_log};
const Check kLogAgain{"log2", "t", "l", "c", "m", {Part::kLog}, see_log};

RunOptions quick() {
  RunOptions options;
  options.deadline = std::chrono::milliseconds(150);
  return options;
}

}  // namespace

TEST_CASE("a check that hangs or crashes is unknown, and the others are answered") {
  auto results = run_checks({&kPass, &kHang, &kWarn, &kCrash, &kPass}, {}, quick());
  REQUIRE(results);
  REQUIRE(results->size() == 5);
  CHECK((*results)[0].severity() == Severity::kOk);
  CHECK((*results)[0].findings.at(0).what == "fine");
  CHECK((*results)[1].findings.at(0).what == "the check itself did not answer within 150 ms");
  CHECK((*results)[2].severity() == Severity::kWarning);
  CHECK((*results)[2].findings.at(0).consequence == "c");
  CHECK((*results)[2].findings.at(0).steps == std::vector<Step>{{"true", "a b"}});
  CHECK((*results)[3].findings.at(0).what == "the check itself crashed; please report this");
  CHECK((*results)[4].severity() == Severity::kOk);
}

TEST_CASE("a part that cannot be read costs its checks one deadline, and no other check") {
  RunOptions options = quick();
  options.read = [](Part, const Places&, Facts&) {
    while (true) ::pause();
  };
  auto start = std::chrono::steady_clock::now();
  auto results = run_checks({&kLog, &kPass, &kLogAgain}, {}, options);
  auto took = std::chrono::steady_clock::now() - start;
  REQUIRE(results);
  CHECK((*results)[0].severity() == Severity::kUnknown);
  CHECK((*results)[0].findings.at(0).what == "reading the kernel log did not answer within 150 ms");
  CHECK((*results)[1].severity() == Severity::kOk);
  CHECK((*results)[2].severity() == Severity::kUnknown);
  CHECK(took < std::chrono::seconds(2));

  options.read = [](Part part, const Places&, Facts& facts) { facts.unread[part] = "no log"; };
  results = run_checks({&kLog, &kPass, &kLogAgain}, {}, options);
  REQUIRE(results);
  CHECK((*results)[0].findings.at(0).what == "no log");
  CHECK((*results)[1].severity() == Severity::kOk);
  CHECK((*results)[2].findings.at(0).what == "no log");

  options.read = [](Part, const Places&, Facts& facts) { facts.log.lines = {{1.0, "read"}}; };
  results = run_checks({&kLog}, {}, options);
  REQUIRE(results);
  CHECK((*results)[0].findings.at(0).what == "read");
}

TEST_CASE("progress names each check once, in order") {
  std::string seen;
  RunOptions options = quick();
  options.progress = [&](size_t number, size_t count, const Check& check) {
    seen += std::to_string(number) + "/" + std::to_string(count) + std::string(check.id) + " ";
  };
  REQUIRE(run_checks({&kPass, &kWarn}, {}, options));
  CHECK(seen == "0/2pass 1/2warn ");
}

TEST_CASE("exit codes, and the report's order") {
  auto result = [](const Check& check, Severity severity, const char* what) {
    return CheckResult{&check, {{severity, what, "then this", "do that", {}}}};
  };
  std::vector<CheckResult> results = {result(kPass, Severity::kOk, "fine"),
                                      result(kLog, Severity::kUnknown, "no access")};
  CHECK(exit_code(results) == 0);
  CHECK(report_text(results, {}) ==
        "unknown  log: no access\n\n"
        "nothing wrong found, 1 unknown; 1 check of 2 passed ('--verbose' lists them)\n");
  results.push_back(result(kWarn, Severity::kWarning, "odd"));
  CHECK(exit_code(results) == 3);
  results.push_back(result(kCrash, Severity::kError, "bad\nline"));
  CHECK(exit_code(results) == 1);
  CHECK(report_text(results, {true, true}) ==
        "simulated machine: no real GPU is behind these devices\n"
        "error    crash: bad\\x0aline\n"
        "         so    then this\n"
        "         mend  do that\n"
        "warning  warn: odd\n"
        "         so    then this\n"
        "         mend  do that\n"
        "unknown  log: no access\n"
        "ok       pass: fine\n\n"
        "1 error, 1 warning, 1 unknown; 1 check of 4 passed\n");
  std::vector<CheckResult> mendable = {result(kWarn, Severity::kWarning, "odd")};
  mendable[0].findings[0].steps = {{"rm", "-f", "/a b"}};
  mendable[0].findings[0].afterwards = "at every boot: again";
  CHECK(report_text(mendable, {}) ==
        "warning  warn: odd\n"
        "         so    then this\n"
        "         mend  sudo rm -f '/a b'\n"
        "         then  at every boot: again\n\n"
        "1 warning; 0 checks of 1 passed\n");
  mendable[0].findings[0].steps = {{"rm", "1"}, {"rm", "2"}, {"rm", "3"}, {"rm", "4"}, {"rm", "5"}};
  CHECK(report_text(mendable, {false, false, "sudo outboard doctor --root /m --fix"}) ==
        "warning  warn: odd\n"
        "         so    then this\n"
        "         mend  sudo outboard doctor --root /m --fix warn\n"
        "         runs  rm 1\n"
        "               rm 2\n"
        "               rm 3\n"
        "               rm 4\n"
        "               and 1 more\n"
        "         then  at every boot: again\n\n"
        "1 warning; 0 checks of 1 passed\n");
  CHECK(finding_from_json(finding_to_json(kWarn, mendable[0].findings[0])).afterwards ==
        "at every boot: again");
  CHECK(report_json(results, true)["exitCode"].as_int() == 1);
  CHECK(report_json(results, true)["checks"].items().size() == 4);
}

TEST_CASE("a command is in one piece in the report, whatever its length") {
  std::string longest = "sudo " + std::string(70, 'x') + " --output=" + std::string(30, 'y');
  auto mend = [](const std::string& text) {
    std::string report = report_text({{&kWarn, {{Severity::kWarning, "odd", "so", text, {}}}}}, {});
    size_t from = report.find("mend  ") + 6;
    return report.substr(from, report.find("\n\n") - from);
  };
  CHECK(mend(longest) == longest);
  const std::string indent = "\n               ";
  CHECK(mend(cat("make it again ('", longest, "'), as the driver's own does, or leave it")) ==
        cat("make it again", indent, "('", longest, "'),", indent,
            "as the driver's own does, or leave it"));
  std::string words = "one two three four five six seven eight nine ten eleven twelve thirteen";
  CHECK(mend(cat(words, " 'sudo ldconfig'; then more")) ==
        cat(words, indent, "'sudo ldconfig'; then more"));
  CHECK(mend(cat(words, " 'not closed by anything")) ==
        cat(words, " 'not closed", indent, "by anything"));
}

TEST_CASE("the table of checks is whole") {
  std::set<std::string_view> ids;
  for (const Check& check : checks()) {
    INFO(check.id);
    CHECK(ids.insert(check.id).second);
    for (std::string_view text : {check.title, check.looks_at, check.consequence, check.mend}) {
      REQUIRE_FALSE(text.empty());
      CHECK(text.back() != '.');
    }
    CHECK((check.look != nullptr));
    if (check.parts.has(Part::kNvml)) CHECK(check.parts.has(Part::kMachine));
  }
}

TEST_CASE("doc/doctor.md is what the table says") {
  if (const char* update = std::getenv("OUTBOARD_UPDATE_GOLDEN"); update && update[0] == '1')
    REQUIRE(replace_file(DOCTOR_PAGE, document()));
  auto page = read_file(DOCTOR_PAGE);
  REQUIRE(page);
  CHECK(*page == document());
}
