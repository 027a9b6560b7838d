// SPDX-License-Identifier: Apache-2.0
// What the readers of engines' files share.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "doctor/engine_facts.h"
#include "doctor/places.h"

namespace outboard::doctor {

/// Of this process; empty if it is not set.
std::string variable(const char* name);
/// A program in the system's directories; never where an environment's PATH says.
std::optional<std::string> program_below(const Places& places, const std::string& name);
/// Whether the program of a runtime exists: absolute, or in the system's directories.
bool runtime_exists(const Places& places, const std::string& path);

/// What "PROGRAM --version" says: the first word that is a version, without a "v" before it. It is
/// run without a shell. kBusy: no answer in time; kIo: it failed, or named none.
Result<std::string> version_of(const std::string& program, std::chrono::milliseconds deadline);
/// The first word of a text that begins like a version ("1.6.20~ds1", "v1.7.27"). Pure.
std::optional<std::string> version_in(std::string_view text);
/// The version of a program in the system's directories, of the running system alone.
std::optional<std::string> own_version(const Places& places, const std::string& name);
/// Asks the engine's program, if it is one of the running system: programs of a machine in a
/// directory are not run. Podman takes 30 ms, containerd 10 (medians of Debian 12's on two busy
/// cores: 50 and 20).
void ask_version(const Places& places, EngineFiles& engine,
                 std::chrono::milliseconds deadline = std::chrono::milliseconds(300));

/// Reads a TOML file and adds it to `engine.files`; nothing if it does not exist or is none.
std::optional<json::Value> read_document(const std::string& path, EngineFiles& engine);
/// Paths of the files in a directory below the machine whose name ends so, in the order of names.
std::vector<std::string> files_in(const Places& places, const std::string& directory,
                                  std::string_view end);

/// The files that containers.conf(5) names, in the order in which they count; `users`: also those
/// of the user who runs this. CONTAINERS_CONF and CONTAINERS_CONF_OVERRIDE as Podman takes them.
std::vector<std::string> podman_files(const Places& places, bool users);

void add_runtime(EngineFiles& engine, EngineRuntime runtime);
/// Registers the default runtime, if no file does and it is one of those that the engine knows
/// without, or a path.
void add_known_default(const Places& places, const std::vector<std::string>& known,
                       EngineFiles& engine);
/// A text, where the document has one.
void set_text(std::string& value, const json::Value& given);
/// Its socket, whether somebody listens, and who.
void read_socket(const Places& places, const std::string& path, EngineFiles& engine);

/// Sets the directories, and reads the specifications in those that others do not read anyway.
void read_cdi_directories(const Places& places, std::vector<std::string> directories,
                          EngineCdi& cdi);

}  // namespace outboard::doctor
