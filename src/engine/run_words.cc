// SPDX-License-Identifier: Apache-2.0
#include "engine/run_words.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace outboard::engine {

namespace {

/// An option of an engine: long name, letter (or 0), and whether a value follows.
struct EngineOption {
  std::string_view name;
  char letter;
  bool takes_value;
};

constexpr bool kValue = true;
constexpr bool kSwitch = false;

// `docker run --help` of Docker 20.10 to 28 and `podman run --help` of Podman 4.3 to 5.4. Where
// both have an option, they agree on whether it takes a value.
constexpr std::array kEngineOptions = {
    EngineOption{"add-host", 0, kValue},
    EngineOption{"annotation", 0, kValue},
    EngineOption{"arch", 0, kValue},
    EngineOption{"attach", 'a', kValue},
    EngineOption{"authfile", 0, kValue},
    EngineOption{"blkio-weight", 0, kValue},
    EngineOption{"blkio-weight-device", 0, kValue},
    EngineOption{"cap-add", 0, kValue},
    EngineOption{"cap-drop", 0, kValue},
    EngineOption{"cert-dir", 0, kValue},
    EngineOption{"cgroup-conf", 0, kValue},
    EngineOption{"cgroup-parent", 0, kValue},
    EngineOption{"cgroupns", 0, kValue},
    EngineOption{"cgroups", 0, kValue},
    EngineOption{"chrootdirs", 0, kValue},
    EngineOption{"cidfile", 0, kValue},
    EngineOption{"conmon-pidfile", 0, kValue},
    EngineOption{"cpu-count", 0, kValue},
    EngineOption{"cpu-percent", 0, kValue},
    EngineOption{"cpu-period", 0, kValue},
    EngineOption{"cpu-quota", 0, kValue},
    EngineOption{"cpu-rt-period", 0, kValue},
    EngineOption{"cpu-rt-runtime", 0, kValue},
    EngineOption{"cpu-shares", 'c', kValue},
    EngineOption{"cpus", 0, kValue},
    EngineOption{"cpuset-cpus", 0, kValue},
    EngineOption{"cpuset-mems", 0, kValue},
    EngineOption{"creds", 0, kValue},
    EngineOption{"decryption-key", 0, kValue},
    EngineOption{"detach", 'd', kSwitch},
    EngineOption{"detach-keys", 0, kValue},
    EngineOption{"device", 0, kValue},
    EngineOption{"device-cgroup-rule", 0, kValue},
    EngineOption{"device-read-bps", 0, kValue},
    EngineOption{"device-read-iops", 0, kValue},
    EngineOption{"device-write-bps", 0, kValue},
    EngineOption{"device-write-iops", 0, kValue},
    EngineOption{"disable-content-trust", 0, kSwitch},
    EngineOption{"dns", 0, kValue},
    EngineOption{"dns-opt", 0, kValue},
    EngineOption{"dns-option", 0, kValue},
    EngineOption{"dns-search", 0, kValue},
    EngineOption{"domainname", 0, kValue},
    EngineOption{"entrypoint", 0, kValue},
    EngineOption{"env", 'e', kValue},
    EngineOption{"env-file", 0, kValue},
    EngineOption{"env-host", 0, kSwitch},
    EngineOption{"env-merge", 0, kValue},
    EngineOption{"expose", 0, kValue},
    EngineOption{"gidmap", 0, kValue},
    EngineOption{"group-add", 0, kValue},
    EngineOption{"group-entry", 0, kValue},
    EngineOption{"health-cmd", 0, kValue},
    EngineOption{"health-interval", 0, kValue},
    EngineOption{"health-log-destination", 0, kValue},
    EngineOption{"health-max-log-count", 0, kValue},
    EngineOption{"health-max-log-size", 0, kValue},
    EngineOption{"health-on-failure", 0, kValue},
    EngineOption{"health-retries", 0, kValue},
    EngineOption{"health-start-interval", 0, kValue},
    EngineOption{"health-start-period", 0, kValue},
    EngineOption{"health-startup-cmd", 0, kValue},
    EngineOption{"health-startup-interval", 0, kValue},
    EngineOption{"health-startup-retries", 0, kValue},
    EngineOption{"health-startup-success", 0, kValue},
    EngineOption{"health-startup-timeout", 0, kValue},
    EngineOption{"health-timeout", 0, kValue},
    EngineOption{"hostname", 'h', kValue},
    EngineOption{"hosts-file", 0, kValue},
    EngineOption{"hostuser", 0, kValue},
    EngineOption{"http-proxy", 0, kSwitch},
    EngineOption{"image-volume", 0, kValue},
    EngineOption{"init", 0, kSwitch},
    EngineOption{"init-path", 0, kValue},
    EngineOption{"interactive", 'i', kSwitch},
    EngineOption{"io-maxbandwidth", 0, kValue},
    EngineOption{"io-maxiops", 0, kValue},
    EngineOption{"ip", 0, kValue},
    EngineOption{"ip6", 0, kValue},
    EngineOption{"ipc", 0, kValue},
    EngineOption{"isolation", 0, kValue},
    EngineOption{"kernel-memory", 0, kValue},
    EngineOption{"label", 'l', kValue},
    EngineOption{"label-file", 0, kValue},
    EngineOption{"link", 0, kValue},
    EngineOption{"link-local-ip", 0, kValue},
    EngineOption{"log-driver", 0, kValue},
    EngineOption{"log-opt", 0, kValue},
    EngineOption{"mac-address", 0, kValue},
    EngineOption{"memory", 'm', kValue},
    EngineOption{"memory-reservation", 0, kValue},
    EngineOption{"memory-swap", 0, kValue},
    EngineOption{"memory-swappiness", 0, kValue},
    EngineOption{"mount", 0, kValue},
    EngineOption{"name", 0, kValue},
    EngineOption{"net", 0, kValue},
    EngineOption{"net-alias", 0, kValue},
    EngineOption{"network", 0, kValue},
    EngineOption{"network-alias", 0, kValue},
    EngineOption{"no-healthcheck", 0, kSwitch},
    EngineOption{"no-hostname", 0, kSwitch},
    EngineOption{"no-hosts", 0, kSwitch},
    EngineOption{"oom-kill-disable", 0, kSwitch},
    EngineOption{"oom-score-adj", 0, kValue},
    EngineOption{"os", 0, kValue},
    EngineOption{"passwd", 0, kSwitch},
    EngineOption{"passwd-entry", 0, kValue},
    EngineOption{"personality", 0, kValue},
    EngineOption{"pid", 0, kValue},
    EngineOption{"pidfile", 0, kValue},
    EngineOption{"pids-limit", 0, kValue},
    EngineOption{"platform", 0, kValue},
    EngineOption{"pod", 0, kValue},
    EngineOption{"pod-id-file", 0, kValue},
    EngineOption{"preserve-fd", 0, kValue},
    EngineOption{"preserve-fds", 0, kValue},
    EngineOption{"privileged", 0, kSwitch},
    EngineOption{"publish", 'p', kValue},
    EngineOption{"publish-all", 'P', kSwitch},
    EngineOption{"pull", 0, kValue},
    EngineOption{"quiet", 'q', kSwitch},
    EngineOption{"rdt-class", 0, kValue},
    EngineOption{"read-only", 0, kSwitch},
    EngineOption{"read-only-tmpfs", 0, kSwitch},
    EngineOption{"replace", 0, kSwitch},
    EngineOption{"requires", 0, kValue},
    EngineOption{"restart", 0, kValue},
    EngineOption{"retry", 0, kValue},
    EngineOption{"retry-delay", 0, kValue},
    EngineOption{"rm", 0, kSwitch},
    EngineOption{"rmi", 0, kSwitch},
    EngineOption{"rootfs", 0, kSwitch},
    EngineOption{"runtime", 0, kValue},
    EngineOption{"sdnotify", 0, kValue},
    EngineOption{"seccomp-policy", 0, kValue},
    EngineOption{"secret", 0, kValue},
    EngineOption{"security-opt", 0, kValue},
    EngineOption{"shm-size", 0, kValue},
    EngineOption{"shm-size-systemd", 0, kValue},
    EngineOption{"sig-proxy", 0, kSwitch},
    EngineOption{"signature-policy", 0, kValue},
    EngineOption{"stop-signal", 0, kValue},
    EngineOption{"stop-timeout", 0, kValue},
    EngineOption{"storage-opt", 0, kValue},
    EngineOption{"subgidname", 0, kValue},
    EngineOption{"subuidname", 0, kValue},
    EngineOption{"sysctl", 0, kValue},
    EngineOption{"systemd", 0, kValue},
    EngineOption{"timeout", 0, kValue},
    EngineOption{"tls-verify", 0, kSwitch},
    EngineOption{"tmpfs", 0, kValue},
    EngineOption{"tty", 't', kSwitch},
    EngineOption{"tz", 0, kValue},
    EngineOption{"uidmap", 0, kValue},
    EngineOption{"ulimit", 0, kValue},
    EngineOption{"umask", 0, kValue},
    EngineOption{"unsetenv", 0, kValue},
    EngineOption{"unsetenv-all", 0, kSwitch},
    EngineOption{"use-api-socket", 0, kSwitch},
    EngineOption{"user", 'u', kValue},
    EngineOption{"userns", 0, kValue},
    EngineOption{"uts", 0, kValue},
    EngineOption{"variant", 0, kValue},
    EngineOption{"volume", 'v', kValue},
    EngineOption{"volume-driver", 0, kValue},
    EngineOption{"volumes-from", 0, kValue},
    EngineOption{"workdir", 'w', kValue},
};

const EngineOption* find_option(std::string_view name) {
  for (const EngineOption& option : kEngineOptions) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

const EngineOption* find_letter(char letter) {
  for (const EngineOption& option : kEngineOptions) {
    if (option.letter == letter) return &option;
  }
  return nullptr;
}

Error unknown_option(const std::string& word, const std::vector<Option>& own) {
  std::vector<std::string> names;
  for (const Option& option : own) names.push_back("--" + option.name);
  for (const EngineOption& option : kEngineOptions) names.push_back(cat("--", option.name));
  auto near = nearest_names(word, names);
  std::string hint =
      near.empty() ? cat("write '", printable(word),
                         "=VALUE' if it is a newer option of the engine, or see 'outboard run "
                         "--help'")
                   : cat("did you mean '", near.front(), "'?");
  return make_error(ErrorCode::kUsage, cat("run: unknown option '", printable(word), "'"), hint);
}

Error missing_value(std::string_view word) {
  return make_error(ErrorCode::kUsage, cat("run: option '", printable(word), "' needs a value"));
}

/// Walks over the words; `at_` is the next one.
class Splitter {
 public:
  Splitter(const std::vector<std::string>& words, const std::vector<Option>& own)
      : words_(words), own_(own) {}

  Result<RunWords> split() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_];
      if (word == "--") {
        at_++;
        break;
      }
      if (word.size() < 2 || word[0] != '-') break;
      at_++;
      if (word[1] == '-') {
        OB_CHECK(long_option(word));
      } else {
        OB_CHECK(letters(word));
      }
    }
    if (at_ < words_.size()) result_.image = words_[at_++];
    result_.arguments.assign(words_.begin() + static_cast<ptrdiff_t>(at_), words_.end());
    return std::move(result_);
  }

 private:
  Result<void> long_option(const std::string& word) {
    size_t equals = word.find('=');
    std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    std::optional<std::string> value;
    if (equals != std::string::npos) value = word.substr(equals + 1);
    for (const Option& option : own_) {
      if (option.name == name) return own_option(option, word, value.has_value());
    }
    const EngineOption* option = find_option(name);
    if (!option && !value) return unknown_option(word, own_);
    if (option && option->takes_value && !value) {
      if (at_ == words_.size()) return missing_value(word);
      value = words_[at_++];
    }
    result_.options.push_back({name, value});
    return {};
  }

  Result<void> own_option(const Option& option, const std::string& word, bool has_value) {
    result_.own.push_back(word);
    if (option.value.empty() || has_value) return {};
    if (at_ == words_.size()) return missing_value(word);
    // As one word, so that a value that starts with a dash stays a value.
    result_.own.back() += cat("=", words_[at_++]);
    return {};
  }

  Result<void> letters(const std::string& word) {
    for (size_t i = 1; i < word.size(); i++) {
      const EngineOption* option = find_letter(word[i]);
      if (!option) return unknown_option(cat("-", word[i]), own_);
      std::string rest = word.substr(i + 1);
      if (!option->takes_value) {
        if (!rest.empty() && rest[0] == '=') {
          result_.options.push_back({std::string(option->name), rest.substr(1)});
          return {};
        }
        result_.options.push_back({std::string(option->name), std::nullopt});
        continue;
      }
      if (rest.empty()) {
        if (at_ == words_.size()) return missing_value(cat("-", word[i]));
        rest = words_[at_++];
      } else if (rest[0] == '=') {
        rest.erase(0, 1);  // as docker's and podman's parser does
      }
      result_.options.push_back({std::string(option->name), rest});
      return {};
    }
    return {};
  }

  const std::vector<std::string>& words_;
  const std::vector<Option>& own_;
  size_t at_ = 0;
  RunWords result_;
};

}  // namespace

std::string GivenOption::word() const {
  return value ? cat("--", name, "=", *value) : cat("--", name);
}

std::optional<std::string> RunWords::value(std::string_view name) const {
  std::optional<std::string> found;
  for (const GivenOption& option : options) {
    if (option.name == name) found = option.value.value_or("");
  }
  return found;
}

std::vector<std::string> RunWords::values(std::string_view name) const {
  std::vector<std::string> found;
  for (const GivenOption& option : options) {
    if (option.name == name) found.push_back(option.value.value_or(""));
  }
  return found;
}

bool RunWords::is_on(std::string_view name) const {
  bool on = false;
  for (const GivenOption& option : options) {
    if (option.name == name) on = option.is_on();
  }
  return on;
}

void RunWords::remove(std::string_view name) {
  std::erase_if(options, [&](const GivenOption& option) { return option.name == name; });
}

Result<RunWords> split_run_words(const std::vector<std::string>& words,
                                 const std::vector<Option>& own) {
  return Splitter(words, own).split();
}

std::vector<std::string> mount_targets(const RunWords& words) {
  std::vector<std::string> targets;
  // [SOURCE:]TARGET[:OPTIONS]
  for (const std::string& volume : words.values("volume")) {
    auto parts = split(volume, ':');
    if (!parts.empty()) targets.emplace_back(parts[parts.size() > 1 ? 1 : 0]);
  }
  for (const std::string& mount : words.values("mount")) {
    for (std::string_view field : split(mount, ',')) {
      size_t equal = field.find('=');
      std::string_view key = field.substr(0, equal);
      if (equal != std::string_view::npos &&
          (key == "target" || key == "destination" || key == "dst"))
        targets.emplace_back(field.substr(equal + 1));
    }
  }
  for (const std::string& tmpfs : words.values("tmpfs"))
    targets.emplace_back(tmpfs.substr(0, tmpfs.find(':')));
  for (std::string& target : targets) {
    while (target.size() > 1 && target.back() == '/') target.pop_back();
  }
  return targets;
}

std::vector<std::string> option_words(const std::vector<GivenOption>& options) {
  std::vector<std::string> words;
  for (const GivenOption& option : options) words.push_back(option.word());
  return words;
}

void append_image(std::vector<std::string>& argv, const RunWords& words) {
  if (!words.image.empty() && words.image[0] == '-') argv.emplace_back("--");
  argv.push_back(words.image);
  argv.insert(argv.end(), words.arguments.begin(), words.arguments.end());
}

}  // namespace outboard::engine
