// SPDX-License-Identifier: Apache-2.0
// The embedded files (their paths come from CMakeLists.txt) and the table that is written into two
// of them.
#include "sim/stub_binaries.h"

#include <cstring>

#define OB_EMBED(symbol, path)                     \
  __asm__(".pushsection .rodata." #symbol          \
          ", \"a\"\n"                              \
          ".global ob_sim_" #symbol                \
          "_start\n"                               \
          ".global ob_sim_" #symbol                \
          "_end\n"                                 \
          "ob_sim_" #symbol                        \
          "_start:\n"                              \
          ".incbin \"" path                        \
          "\"\n"                                   \
          "ob_sim_" #symbol                        \
          "_end:\n"                                \
          ".popsection\n");                        \
  extern "C" const char ob_sim_##symbol##_start[]; \
  extern "C" const char ob_sim_##symbol##_end[]

#define OB_EMBEDDED(symbol)                 \
  std::string_view(ob_sim_##symbol##_start, \
                   static_cast<size_t>(ob_sim_##symbol##_end - ob_sim_##symbol##_start))

OB_EMBED(libcuda, OB_SIM_LIBCUDA);
OB_EMBED(libnvidia_ml, OB_SIM_LIBNVIDIA_ML);
OB_EMBED(nvidia_smi, OB_SIM_NVIDIA_SMI);
OB_EMBED(program, OB_SIM_PROGRAM);

namespace outboard::sim {

std::string_view libcuda_binary() {
  return OB_EMBEDDED(libcuda);
}
std::string_view libnvidia_ml_binary() {
  return OB_EMBEDDED(libnvidia_ml);
}
std::string_view nvidia_smi_binary() {
  return OB_EMBEDDED(nvidia_smi);
}
std::string_view other_program_binary() {
  return OB_EMBEDDED(program);
}

Result<std::string> with_gpu_table(std::string_view library, const std::string& driver_version,
                                   int cuda_version, const std::vector<sim_gpu>& gpus) {
  std::string file(library);
  const size_t at = file.find(OB_SIM_TABLE_MAGIC);
  sim_gpu_table table = {};
  if (at == std::string::npos || file.size() - at < sizeof table ||
      file.find(OB_SIM_TABLE_MAGIC, at + 1) != std::string::npos) {
    return make_error(ErrorCode::kBug, "the simulated library has not exactly one table of GPUs");
  }
  std::memcpy(&table, file.data() + at, sizeof table);
  if (table.size != sizeof table || gpus.size() > kSimMaxGpus ||
      driver_version.size() >= sizeof table.driver_version) {
    return make_error(ErrorCode::kBug, "the table of GPUs does not fit the simulated library");
  }
  table.gpu_count = static_cast<uint32_t>(gpus.size());
  table.cuda_version = static_cast<uint32_t>(cuda_version);
  std::memset(table.driver_version, 0, sizeof table.driver_version);
  std::memcpy(table.driver_version, driver_version.data(), driver_version.size());
  std::memcpy(table.gpus, gpus.data(), gpus.size() * sizeof(sim_gpu));
  std::memcpy(file.data() + at, &table, sizeof table);
  return file;
}

}  // namespace outboard::sim
