// SPDX-License-Identifier: Apache-2.0
// The request syntaxes. Docker's --gpus is a CSV line of key=value fields, which is why
// `device=0,2` needs a second pair of quotes there; here a field without a known key belongs to the
// key before it, so both spellings mean the same.
#include "device/request.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace outboard::device {

namespace {

struct NamedCapability {
  std::string_view name;
  Capability capability;
};

constexpr std::array<NamedCapability, 7> kCapabilities = {{
    {"compat32", Capability::kCompat32},
    {"compute", Capability::kCompute},
    {"display", Capability::kDisplay},
    {"graphics", Capability::kGraphics},
    {"ngx", Capability::kNgx},
    {"utility", Capability::kUtility},
    {"video", Capability::kVideo},
}};

const char kExamples[] =
    "give 'all', 'none', a count, indices '0,2', UUIDs, PCI bus ids, 'mig=1g.10gb:2' or "
    "'device=0,2'";

Error bad_gpus(std::string_view text, const std::string& why) {
  return make_error(ErrorCode::kUsage, cat("--gpus '", printable(text), "': ", why), kExamples);
}

std::string without_quotes(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c != '"' && c != '\'') out += c;
  }
  return std::string(trim(out));
}

// The fields of a --gpus value after its keys have been told apart.
struct Fields {
  std::vector<std::string> names;
  std::vector<std::string> capabilities;
  std::optional<std::string> count;
};

Result<Fields> read_fields(std::string_view whole, const std::string& text) {
  Fields fields;
  std::string key = "device";
  for (std::string_view field : split(text, ',')) {
    field = trim(field);
    size_t equals = field.find('=');
    std::string_view value = field;
    if (equals != std::string_view::npos && field.substr(0, equals) != "mig" &&
        field.find('/') == std::string_view::npos) {
      key = trim(field.substr(0, equals));
      value = trim(field.substr(equals + 1));
    }
    if (value.empty()) return bad_gpus(whole, "an empty name");
    if (key == "device") {
      fields.names.emplace_back(value);
    } else if (key == "capabilities") {
      fields.capabilities.emplace_back(value);
    } else if (key == "count") {
      fields.count = std::string(value);
    } else if (key == "driver") {
      if (value != "nvidia")
        return bad_gpus(whole,
                        cat("driver '", printable(value), "' is not known, only 'nvidia' is"));
    } else {
      auto near = nearest_names(key, {"device", "capabilities", "count", "driver", "mig"});
      return bad_gpus(whole, cat("unknown key '", printable(key), "'",
                                 near.empty() ? "" : cat(", did you mean '", near.front(), "'?")));
    }
  }
  return fields;
}

Result<void> set_count(std::string_view whole, std::string_view text, Request& request) {
  if (text == "all" || text == "-1") {
    request.kind = Request::Kind::kAll;
    return {};
  }
  auto count = parse_number<uint32_t>(text);
  if (!count) return bad_gpus(whole, cat("'", printable(text), "' is no count"));
  request.kind = *count == 0 ? Request::Kind::kNothing : Request::Kind::kCount;
  request.count = *count;
  return {};
}

}  // namespace

Result<Capabilities> parse_capabilities(std::string_view list) {
  Capabilities wanted;
  bool unknown = false;
  bool any = false;
  for (std::string_view name : split(list, ',')) {
    name = trim(name);
    if (name.empty()) continue;
    any = true;
    if (name == "all") {
      wanted.bits |= kAllCapabilities.bits;
      continue;
    }
    auto known = std::find_if(kCapabilities.begin(), kCapabilities.end(),
                              [&](const auto& entry) { return entry.name == name; });
    if (known == kCapabilities.end()) {
      unknown = true;
    } else {
      wanted.add(known->capability);
    }
  }
  if (unknown) {
    return make_error(ErrorCode::kUsage,
                      cat("unsupported capabilities found in '", printable(list),
                          "' (allowed 'compat32,compute,display,graphics,ngx,utility,video')"),
                      "correct NVIDIA_DRIVER_CAPABILITIES, or set it to 'all'");
  }
  return any ? wanted : kDefaultCapabilities;
}

std::string capabilities_text(Capabilities capabilities) {
  if (capabilities == kAllCapabilities) return "all";
  std::string out;
  for (const NamedCapability& entry : kCapabilities) {
    if (capabilities.has(entry.capability)) out += cat(out.empty() ? "" : ",", entry.name);
  }
  return out;
}

Result<Request> parse_gpus_option(std::string_view whole) {
  std::string text = without_quotes(whole);
  Request request;
  if (text == "optional" || text.rfind("optional:", 0) == 0) {
    request.optional = true;
    text = text == "optional" ? "all" : std::string(trim(std::string_view(text).substr(9)));
  }
  if (text.empty()) return bad_gpus(whole, "nothing is named");
  if (text == "none" || text == "void") {
    request.kind = text == "none" ? Request::Kind::kDriverOnly : Request::Kind::kNothing;
    return request;
  }
  if (is_digits(text) || text == "-1") {
    OB_CHECK(set_count(whole, text, request));
    return request;
  }
  OB_TRY(Fields fields, read_fields(whole, text));
  bool all = fields.names.size() == 1 && fields.names[0] == "all";
  if (!all && std::find(fields.names.begin(), fields.names.end(), "all") != fields.names.end()) {
    return bad_gpus(whole, "'all' and single names exclude each other");
  }
  if (fields.count && !fields.names.empty() && !all)
    return bad_gpus(whole, "a count and names exclude each other");
  if (fields.count) {
    OB_CHECK(set_count(whole, *fields.count, request));
  } else if (all) {
    request.kind = Request::Kind::kAll;
  } else if (fields.names.empty()) {
    // Docker: capabilities without a count or a device mean one GPU.
    request.kind = Request::Kind::kCount;
    request.count = 1;
  } else {
    request.kind = Request::Kind::kNames;
    request.names = std::move(fields.names);
  }
  // "gpu" and "nvidia" are Docker's words for the kind of device, not capabilities of the driver.
  std::erase_if(fields.capabilities,
                [](const std::string& name) { return name == "gpu" || name == "nvidia"; });
  if (!fields.capabilities.empty()) {
    OB_TRY(request.capabilities, parse_capabilities(join(fields.capabilities, ",")));
  }
  return request;
}

Request parse_visible_devices(std::string_view text) {
  Request request;
  for (std::string_view name : split(text, ',')) {
    name = trim(name);
    for (std::string_view kind : {"runtime.nvidia.com/gpu=", "nvidia.com/gpu="}) {
      if (name.substr(0, kind.size()) == kind) name = trim(name.substr(kind.size()));
    }
    if (name == "void") return Request{};
    if (!name.empty()) request.names.emplace_back(name);
  }
  auto contains = [&](std::string_view word) {
    return std::find(request.names.begin(), request.names.end(), word) != request.names.end();
  };
  if (contains("all")) {
    request.kind = Request::Kind::kAll;
    request.names.clear();
  } else if (contains("none")) {
    request.kind = Request::Kind::kDriverOnly;
    request.names.clear();
  } else if (!request.names.empty()) {
    request.kind = Request::Kind::kNames;
  }
  return request;
}

}  // namespace outboard::device
