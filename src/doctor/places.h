// SPDX-License-Identifier: Apache-2.0
// Where doctor looks. Everything can lie elsewhere, so that a simulated machine and a fixture are
// examined by the same code as the real one.
#pragma once

#include <functional>
#include <string>

#include "doctor/container_facts.h"
#include "doctor/own_facts.h"
#include "host/facts.h"
#include "host/nvml_client.h"

namespace outboard::doctor {

struct Places {
  host::Roots roots;
  /// Directory that holds the system's etc, run, usr, lib and var: "/", or a simulated machine's.
  std::string system = "/";
  host::NvmlOptions nvml;
  bool may_ask_nvml = true;
  ContainerPlace container;  ///< the one that `doctor --container` is about; pid 0: none
  std::function<void(OwnFacts&)> read_own;  ///< reads Outboard's own files; empty: not looked at
  std::string engine;  ///< the one that the user named: it is an error if it is not there
};

}  // namespace outboard::doctor
