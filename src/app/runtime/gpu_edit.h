// SPDX-License-Identifier: Apache-2.0
// The one thing that the runtime does itself: give the bundle of a container that asks for a GPU
// what it needs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/policy.h"
#include "app/runtime/container_record.h"
#include "base/result.h"

namespace outboard::runtime {

struct EditRequest {
  std::string bundle;       ///< directory; relative to the working directory
  std::string config;       ///< specification file; empty: config.json in the bundle
  bool as_default = false;  ///< reached as an engine's default runtime
  ContainerKey container;   ///< for the record of what is made in its root
  bool keep_record = true;  ///< false: there will be no delete through us
};

/// What happened, for the log.
struct EditOutcome {
  bool edited = false;             ///< false: the specification is byte for byte as it was
  std::vector<std::string> notes;  ///< sentences about what was left out
};

/// True if the specification's text can concern us at all: a search for the few words without which
/// it does not ask for a GPU. Everything else is passed on unread, whatever state it, the policy
/// file or the driver is in.
bool may_concern_gpu(std::string_view spec_text);

/// Reads config.json, plans, makes what is missing on the host, writes the root's ld.so.cache and
/// replaces config.json by rename. On an error config.json is as it was.
Result<EditOutcome> edit_bundle(const EditRequest& request, const std::string& spec_text,
                                const app::Policy& policy);

/// Reads the specification. One of more than 64 MiB is kUnsupported if it may concern a GPU, else
/// nothing is read (an empty text): it is the low-level runtime's affair.
Result<std::string> read_spec(const EditRequest& request);

/// After the low-level runtime has deleted the container: takes the empty mount targets and the
/// cache entries of the create out of its root again, and forgets the record. Nothing here is an
/// error; a root that is gone needs nothing.
void clean_root(const std::string& state_directory, const ContainerKey& key,
                const ContainerRecord& record);

}  // namespace outboard::runtime
