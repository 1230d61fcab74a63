// What counts as text, and how a message says a duration.
#include "domain/text.h"

#include <string>

#include "catch.h"

using namespace muster;

TEST_CASE("well-formed UTF-8 is recognised at the edges of every length") {
  for (const std::string good :
       {"", "a", "\x7f", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "süß €"}) {
    INFO(Excerpt(good));
    CHECK(IsUtf8(good));
  }
}

TEST_CASE("ill-formed UTF-8 is refused: overlong, surrogate, too high, cut off, stray") {
  for (const std::string bad : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2 ", "\xE0\x9F\xBF",
                                "\xED\xA0\x80", "\xED\xBF\xBF", "\xE2\x82", "\xF0\x8F\xBF\xBF",
                                "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0\x9F\x98", "\xFF", "a\xFE"}) {
    INFO(Excerpt(bad));
    CHECK_FALSE(IsUtf8(bad));
    CHECK_FALSE(IsText(bad, Layout::kTabsAndNewlines));
  }
}

TEST_CASE("control characters are not text; tabs and newlines only where the layout has them") {
  for (int byte = 0; byte < 0x80; ++byte) {
    INFO(byte);
    const std::string text = {'a', static_cast<char>(byte)};
    const bool control = byte < 0x20 || byte == 0x7F;
    CHECK(IsText(text) == !control);
    CHECK(IsText(text, Layout::kTabsAndNewlines) == (!control || byte == '\t' || byte == '\n'));
  }
}

TEST_CASE("what a message quotes is itself text, and short") {
  CHECK(Excerpt("plain") == "plain");
  CHECK(Excerpt("a\nb") == "a\\nb");
  CHECK(Excerpt("\xFF") == "\\xff");
  CHECK(Excerpt(std::string(65, 'x')) == std::string(64, 'x') + "…");
  std::string wide;
  for (int i = 0; i < 40; ++i) wide += "€";  // 3 bytes each: 64 is inside a character
  CHECK(IsText(Excerpt(wide)));
  CHECK(Excerpt(wide).size() < 64 + 4);
  CHECK(IsText(Excerpt(std::string(1000, '\xC3'))));
}

TEST_CASE("a duration for people is never shorter than it is") {
  CHECK(RoundedUp(absl::ZeroDuration()) == "0");
  CHECK(RoundedUp(absl::Milliseconds(3301)) == "3.4s");
  CHECK(RoundedUp(absl::Seconds(10)) == "10s");
  CHECK(RoundedUp(absl::Milliseconds(90001)) == "1m31s");
}
