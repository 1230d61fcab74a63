#include "workerctl/read_yaml.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "workerctl/terminal.h"

namespace muster::ctl {
namespace {

using Json = nlohmann::json;
using YAML::anchor_t;
using YAML::Mark;

constexpr std::size_t kMaxFromAliases = std::size_t{16} << 20;

// A registration has three levels. What is deeper than this could end the stack.
constexpr std::size_t kMaxDepth = 50;

/// How many lists and maps are inside of each other.
std::size_t DepthOf(const Json& value) {
  std::size_t depth = 0;
  if (!value.is_structured()) return depth;
  for (const Json& inner : value) depth = std::max(depth, DepthOf(inner));
  return depth + 1;
}

/// About how many bytes the value takes.
std::size_t SizeOf(const Json& value) {
  std::size_t size = sizeof value;
  if (value.is_string()) return size + value.get_ref<const std::string&>().size();
  if (value.is_structured()) {
    for (const auto& [key, inner] : value.items()) size += key.size() + SizeOf(inner);
  }
  return size;
}

/// Puts the documents together as the parser comes to their parts. (YAML::LoadAll does not end on some text
/// that is not YAML, and what it returns may contain itself.)
class Builder final : public YAML::EventHandler {
 public:
  Json TakeDocuments() { return std::move(documents_); }

  void OnDocumentStart(const Mark& mark) override {
    // From some text that is not YAML the parser takes nothing, and finds documents there for ever.
    if (mark.pos == document_at_) throw YAML::ParserException(mark, "this is not a part of a document");
    document_at_ = mark.pos;
    anchors_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const Mark& mark, anchor_t anchor) override { Add(mark, anchor, nullptr); }
  void OnScalar(const Mark& mark, const std::string& /*tag*/, anchor_t anchor,
                const std::string& value) override {
    if (!IsUtf8(value)) {  // yaml-cpp makes one byte of \_ and \N
      throw YAML::ParserException(mark, "an escape is not understood: write the character itself");
    }
    Add(mark, anchor, value);
  }
  void OnAlias(const Mark& mark, anchor_t anchor) override {
    const auto named = anchors_.find(anchor);
    if (named == anchors_.end()) throw YAML::ParserException(mark, "an alias stands inside of what it names");
    CheckDepth(mark, DepthOf(named->second));
    from_aliases_ += SizeOf(named->second);
    if (from_aliases_ > kMaxFromAliases)
      throw YAML::ParserException(mark, "the aliases make too much of the text");
    Add(mark, YAML::NullAnchor, named->second);
  }

  void OnSequenceStart(const Mark& mark, const std::string& /*tag*/, anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Begin(mark, anchor, Json::array());
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const Mark& mark, const std::string& /*tag*/, anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Begin(mark, anchor, Json::object());
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Open {
    Mark mark;
    anchor_t anchor;
    Json value;
    std::optional<std::string> key;  // of a map, once it was read
  };

  void Begin(const Mark& mark, anchor_t anchor, Json empty) {
    CheckDepth(mark, 1);
    open_.push_back({mark, anchor, std::move(empty), std::nullopt});
  }

  void CheckDepth(const Mark& mark, std::size_t added) const {
    if (open_.size() + added > kMaxDepth)
      throw YAML::ParserException(mark, "too much is inside of each other");
  }

  void Close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    Add(closed.mark, closed.anchor, std::move(closed.value));
  }

  void Add(const Mark& mark, anchor_t anchor, Json value) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = value;
    if (open_.empty()) return documents_.push_back(std::move(value));
    Open& into = open_.back();
    if (into.value.is_array()) return into.value.push_back(std::move(value));
    if (into.key) {
      into.value[*std::exchange(into.key, std::nullopt)] = std::move(value);
    } else if (value.is_string()) {
      into.key = value.get<std::string>();
    } else {
      throw YAML::ParserException(mark, "a key must be text");
    }
  }

  Json documents_ = Json::array();
  std::vector<Open> open_;            // the outermost first
  std::map<anchor_t, Json> anchors_;  // of the document
  std::size_t from_aliases_ = 0;
  int document_at_ = -1;
};

}  // namespace

nlohmann::json ReadYaml(const std::string& text) {
  // In plain text yaml-cpp takes a NUL for the beginning of an escape.
  if (text.find('\0') != std::string::npos) throw YAML::ParserException(YAML::Mark(), "there is a NUL in it");
  std::istringstream input(text);
  YAML::Parser parser(input);
  Builder builder;
  while (parser.HandleNextDocument(builder)) {
  }
  return builder.TakeDocuments();
}

}  // namespace muster::ctl
