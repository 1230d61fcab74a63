// What the output is written to, and how text becomes safe and fitting for it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace muster::ctl {

/// Where text goes. The default is a pipe: nothing is cut, nothing is coloured.
struct Terminal {
  bool is_tty = false;
  bool colour = false;
  std::size_t width = 0;  // columns; means something on a TTY only
};

/// Looks at a file descriptor and the environment (NO_COLOR, TERM, COLUMNS).
Terminal DetectTerminal(int fd, bool no_colour);

enum class Tone { kPlain, kGood, kWaiting, kBad, kFinal, kDim, kStrong };

/// The text in the tone's colour, if the terminal has colours.
std::string Paint(std::string_view text, Tone tone, const Terminal& terminal);

/// Text from elsewhere, made safe to show: control characters (C0, DEL, C1), line separators and characters
/// that reorder text become \n, \t, \xNN or \u{NNNN}; bytes that are not UTF-8 become \xNN.
std::string Printable(std::string_view text);

/// The same for a finished JSON or YAML document, where the characters can only stand inside quotes.
/// Line feeds and spaces stay; the rest becomes \uNNNN.
std::string PrintableDocument(std::string_view document);

bool IsUtf8(std::string_view text);

/// How many columns printable text takes.
std::size_t DisplayWidth(std::string_view text);

/// Cut to at most `columns`, the last of them an ellipsis where something was lost.
std::string Shorten(std::string_view text, std::size_t columns);

}  // namespace muster::ctl
