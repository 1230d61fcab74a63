// Text from elsewhere cannot steer the terminal, and its width is what the terminal makes of it.
#include "workerctl/terminal.h"

#include <clocale>

#include "catch.h"

using namespace muster::ctl;

TEST_CASE("hostile text becomes visible text") {
  CHECK(Printable("\033[2Jgone") == "\\x1b[2Jgone");
  CHECK(Printable("a\nb\tc\rd") == "a\\nb\\tc\\x0dd");
  CHECK(Printable("\xC2\x9B"
                  "31m") == "\\x9b31m");  // C1: CSI in one character
  CHECK(Printable("\x7F") == "\\x7f");
  CHECK(Printable("evil\xE2\x80\xAEtxt") == "evil\\u{202e}txt");  // turns the reading order around
  CHECK(Printable("\xE2\x80\xA8") == "\\u{2028}");                // a line separator
  CHECK(Printable("\xFF\xC0\xAF") == "\\xff\\xc0\\xaf");          // no UTF-8
  CHECK(Printable("\xED\xA0\x80") == "\\xed\\xa0\\x80");          // a surrogate
  CHECK(Printable("\xE2\x82") == "\\xe2\\x82");                   // cut off
}

TEST_CASE("harmless text stays as it is") {
  CHECK(Printable("Zürich 東京 🚀") == "Zürich 東京 🚀");
}

TEST_CASE("a document keeps its line feeds and escapes the rest as JSON and YAML read it") {
  CHECK(PrintableDocument("{\n  \"a\": \"\xC2\x9B\"\n}") == "{\n  \"a\": \"\\u009b\"\n}");
  CHECK(PrintableDocument("\xE2\x80\xAE") == "\\u202e");
}

TEST_CASE("UTF-8 is told from what is not") {
  CHECK(IsUtf8("Zürich 東京 🚀"));
  CHECK(IsUtf8(""));
  CHECK_FALSE(IsUtf8("\xFF"));
  CHECK_FALSE(IsUtf8("a\xC3"));
}

TEST_CASE("widths are columns, not bytes") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  CHECK(DisplayWidth("abc") == 3);
  CHECK(DisplayWidth("Zürich") == 6);
  CHECK(DisplayWidth("東京") == 4);
  CHECK(DisplayWidth("e\xCC\x81") == 1);  // e and a combining acute
}

TEST_CASE("text is cut at a column, never inside a character") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  CHECK(Shorten("worker-1", 8) == "worker-1");
  CHECK(Shorten("worker-1", 7) == "worker…");
  CHECK(Shorten("東京都", 6) == "東京都");
  CHECK(Shorten("東京都", 5) == "東京…");
  CHECK(Shorten("東京都", 4) == "東…");  // 京 would need two columns, one is left
  CHECK(Shorten("ae\xCC\x81z!", 3) == "ae\xCC\x81…");
  CHECK(Shorten("abc", 0).empty());
}

TEST_CASE("colours are for terminals that have them") {
  Terminal terminal;
  CHECK(Paint("Active", Tone::kGood, terminal) == "Active");
  terminal.colour = true;
  CHECK(Paint("Active", Tone::kGood, terminal) == "\033[32mActive\033[0m");
  CHECK(Paint("plain", Tone::kPlain, terminal) == "plain");
}
