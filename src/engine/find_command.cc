// SPDX-License-Identifier: Apache-2.0
#include "engine/find_command.h"

#include "base/files.h"
#include "base/text.h"
#include "engine/image_config.h"

namespace outboard::engine {

static CommandState state_of(const Root& root, const std::string& path,
                             const std::vector<std::string>& mounted) {
  for (const std::string& target : mounted) {
    bool below = path.compare(0, target.size(), target) == 0 &&
                 (path.size() == target.size() || path[target.size()] == '/');
    if (below) return CommandState::kFound;
  }
  auto status = root.status(path);
  if (!status) return CommandState::kNotFound;
  bool executable = S_ISREG(status->st_mode) && (status->st_mode & 0111) != 0;
  return executable ? CommandState::kFound : CommandState::kNotExecutable;
}

CommandState find_command(const Root& root, const std::string& program,
                          const std::string& working_directory,
                          const std::vector<std::string>& environment,
                          const std::vector<std::string>& mounted) {
  if (program.find('/') != std::string::npos) {
    return state_of(root, program[0] == '/' ? program : join_path(working_directory, program),
                    mounted);
  }
  CommandState best = CommandState::kNotFound;
  std::string path = find_variable(environment, "PATH").value_or("");
  for (std::string_view directory : split(path, ':')) {
    CommandState state =
        state_of(root, join_path(directory.empty() ? "." : directory, program), mounted);
    if (state == CommandState::kFound) return state;
    if (state == CommandState::kNotExecutable) best = state;
  }
  return best;
}

}  // namespace outboard::engine
