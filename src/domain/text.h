// What counts as text. Pure functions of bytes; the functions that return bool never allocate.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace muster {

/// Valid UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view bytes);

enum class Layout { kOneLine, kTabsAndNewlines };

/// Valid UTF-8 without control characters (U+0000 to U+001F and U+007F); tabs and newlines only if the
/// layout allows them.
bool IsText(std::string_view bytes, Layout layout = Layout::kOneLine);

/// `bytes` as an error message can quote them, whatever they contain: escaped if they are not text, cut if
/// they are long.
std::string Excerpt(std::string_view bytes);

/// The parts, joined. (absl::StrCat does not take std::string_view on every platform that we build on.)
std::string Concat(std::initializer_list<std::string_view> parts);

/// A duration for people: "3.4s", "1m31s".
std::string RoundedUp(absl::Duration duration);

}  // namespace muster
