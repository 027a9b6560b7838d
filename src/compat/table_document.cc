// SPDX-License-Identifier: Apache-2.0
#include "compat/table_document.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "compat/framework_builds.h"
#include "compat/verdict.h"

namespace outboard::compat {

namespace {

using Cells = std::vector<std::string>;

// The sources of a page, each with a number; rows refer to them.
class Sources {
 public:
  std::string number(Text source, Text confidence) {
    std::string key(source);
    auto there = numbers_.emplace(key, numbers_.size() + 1);
    if (there.second) in_order_.push_back(key);
    return cat(there.first->second, confidence == "high" ? "" : cat(" (", confidence, ")"));
  }
  std::string list() const {
    std::string out;
    for (size_t i = 0; i < in_order_.size(); i++) out += cat(i + 1, ". ", in_order_[i], "\n");
    return out;
  }

 private:
  std::map<std::string, size_t> numbers_;
  Cells in_order_;
};

std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string line(const Cells& cells) {
  std::string out = "|";
  for (const std::string& one : cells) out += one.empty() ? " |" : cat(" ", cell(one), " |");
  return out + "\n";
}

std::string head(const Cells& names) {
  std::string out = line(names) + "|";
  for (size_t i = 0; i < names.size(); i++) out += "---|";
  return out + "\n";
}

std::string section(std::string_view title, std::string_view text) {
  return cat("\n## ", title, "\n\n", text, "\n\n");
}

std::string toolkits(const Tables& tables, Sources& sources) {
  std::string out = section(
      "Toolkits and drivers",
      "All of a CUDA toolkit works from the driver in the second column on; most of it from the "
      "one "
      "in the third on (minor-version compatibility: no PTX of this toolkit, no newer calls).");
  out += head({"Toolkit", "All from driver", "Most from driver", "Released", "Source"});
  for (const ToolkitRow& row : tables.toolkits) {
    out +=
        line({std::string(row.version), std::string(row.full_driver), std::string(row.minor_driver),
              std::string(row.released), sources.number(row.source, row.confidence)});
  }
  return out;
}

std::string branches(const Tables& tables, Sources& sources) {
  std::string out = section("Driver branches",
                            "The CUDA version that drivers of a branch report. Kinds: LTS, PB "
                            "(production), NFB (new features), legacy, dev.");
  out += head({"Branch", "CUDA", "Kind", "Supported until", "Source"});
  for (const BranchRow& row : tables.branches) {
    out += line({std::string(row.branch), std::string(row.cuda), std::string(row.kind),
                 std::string(row.end_of_life), sources.number(row.source, row.confidence)});
  }
  return out;
}

std::string capabilities(const Tables& tables, Sources& sources) {
  std::string out = section("Compute capabilities",
                            "Which toolkits have code for a GPU and which drivers drive it. An "
                            "empty cell: the newest still does.");
  out += head({"Compute capability", "Architecture", "For example", "First toolkit", "Last toolkit",
               "Last driver branch", "Source"});
  for (const CapabilityRow& row : tables.capabilities) {
    out += line({std::string(row.compute_capability), std::string(row.architecture),
                 std::string(row.products), std::string(row.first_toolkit),
                 std::string(row.last_toolkit), std::string(row.last_branch),
                 sources.number(row.source, row.confidence)});
  }
  return out;
}

std::string forward(const Tables& tables, Sources& sources) {
  std::string out = section(
      "Forward compatibility",
      "Driver branches on which the libraries of a cuda-compat package may be used, with data "
      "center GPUs and NGC-ready ones. In the third column those that the support matrix does not "
      "list, but the requirements of NVIDIA's published images allow.");
  std::vector<std::string> order;
  struct Package {
    Cells allowed, by_image;
    std::set<std::string> sources;
  };
  std::map<std::string, Package> packages;
  std::vector<const ForwardRow*> rows;
  for (const ForwardRow& row : tables.forward) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(), [](const ForwardRow* a, const ForwardRow* b) {
    int cuda = compare_versions(b->cuda, a->cuda);
    return cuda != 0 ? cuda < 0 : compare_versions(a->branch, b->branch) < 0;
  });
  for (const ForwardRow* row : rows) {
    bool listed = row->status == "compatible", image = row->status == "allowed_by_image_require";
    if (!listed && !image) continue;
    std::string name(row->package);
    if (packages.count(name) == 0) order.push_back(name);
    Package& package = packages[name];
    (listed ? package.allowed : package.by_image).emplace_back(row->branch);
    package.sources.insert(sources.number(row->source, row->confidence));
  }
  out += head({"Package", "Branches", "Also by published images", "Source"});
  for (const std::string& name : order) {
    const Package& package = packages[name];
    out += line({name, join(package.allowed, ", "), join(package.by_image, ", "),
                 join({package.sources.begin(), package.sources.end()}, ", ")});
  }
  return out;
}

std::string classes(const Tables& tables, Sources& sources) {
  std::string out =
      section("Kinds of GPU",
              "By product name (a last * stands for any rest; the longest fitting name counts). "
              "Data center and ngc-ready GPUs may use forward compatibility, others may not.");
  out += head({"Name", "Kind", "Note", "Source"});
  for (const ClassRow& row : tables.classes) {
    out += line({cat("`", row.name, "`"), std::string(row.gpu_class), std::string(row.note),
                 sources.number(row.source, row.confidence)});
  }
  return out;
}

std::string frameworks(const Tables& tables, Sources& sources) {
  std::string out = section("Frameworks",
                            "Published packages; * is what the plain package name installs, + any "
                            "later CUDA of the same major version. GPUs: compute capabilities that "
                            "the package has code for, where it is known.");
  for (Framework framework :
       {Framework::kPytorch, Framework::kTensorflow, Framework::kJax, Framework::kMxnet}) {
    out += cat("\n### ", framework_name(framework), "\n\n");
    out += head({"Version", "CUDA", "cuDNN", "Python", "GPUs", "Source"});
    auto builds = framework_builds(tables, framework);
    for (auto build = builds.rbegin(); build != builds.rend(); ++build) {
      bool range = build->first != build->version;
      Cells cells = {range ? cat(build->first, " to ", build->version) : build->version,
                     cat(build->cuda, build->cuda_or_newer ? "+" : "",
                         build->is_default && framework != Framework::kTensorflow ? " *" : ""),
                     build->cudnn, build->python};
      cells.push_back(build->architectures);
      std::string source = sources.number(build->source, build->confidence);
      if (!build->architectures.empty() && !build->architectures_source.empty()) {
        source += cat("; GPUs ",
                      sources.number(build->architectures_source, build->architectures_confidence));
      }
      cells.push_back(source);
      out += line(cells);
    }
  }
  return out;
}

std::string cudnn(const Tables& tables, Sources& sources) {
  std::string out = section("cuDNN", "What a version needs with a CUDA version.");
  out += head({"cuDNN", "CUDA", "Driver from", "Compute capability from", "Source"});
  for (const CudnnRow& row : tables.cudnn) {
    out +=
        line({std::string(row.cudnn), std::string(row.cuda), std::string(row.min_driver),
              std::string(row.min_compute_capability), sources.number(row.source, row.confidence)});
  }
  return out;
}

}  // namespace

std::string table_document(const Tables& tables) {
  Sources sources;
  std::string out =
      "# Compatibility data\n\n"
      "What Outboard knows of versions that fit together. This page is written "
      "from the tables in `data/`, which are compiled into the programs. "
      "Numbers in the last columns name the sources at the end; a word beside them says where the "
      "source is not NVIDIA's or the project's own word (medium) or a guess from several (low).\n\n"
      "Rows of your own go into `/etc/outboard/compat.d/TABLE.csv` (or `TABLE.ANYTHING.csv`), for "
      "the command line alone also into `~/.config/outboard/compat.d`. The first line is the "
      "header "
      "of the table's file in `data/`; a row with the key of a row that is there takes its place. "
      "A "
      "row that is wrong is skipped with a warning that names file and line. Newer versions than "
      "these tables know are warned of and never refused.\n\n"
      "The tables: ";
  std::vector<std::string> names;
  for (std::span<const TableFormat> formats : {table_formats(), gpu_table_formats()}) {
    for (const TableFormat& format : formats) names.push_back(cat("`", format.name, "`"));
  }
  out +=
      cat(join(names, ", "),
          ". A card that is newer than this program takes a row of `pci_gpus`, one of a new chip "
          "another of `gpu_chips`.\n");
  out += toolkits(tables, sources);
  out += branches(tables, sources);
  out += capabilities(tables, sources);
  out += forward(tables, sources);
  out += classes(tables, sources);
  out += frameworks(tables, sources);
  out += cudnn(tables, sources);
  out += cat("\n## Sources\n\n", sources.list());
  return out;
}

}  // namespace outboard::compat
