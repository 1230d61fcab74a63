#include "registry/settings_box.h"

#include <thread>

#include "absl/time/time.h"
#include "tests/catch.h"

namespace muster {
namespace {

Settings WithTimeout(absl::Duration timeout) {
  Settings settings;
  settings.heartbeat_timeout = timeout;
  return settings;
}

TEST_CASE("every thread sees the latest settings, and two boxes are two") {
  SettingsBox one(WithTimeout(absl::Seconds(10)));
  SettingsBox two(WithTimeout(absl::Seconds(20)));
  for (int round = 0; round < 3; ++round) {
    CHECK(one.Get()->heartbeat_timeout == absl::Seconds(10));
    CHECK(two.Get()->heartbeat_timeout == absl::Seconds(20));
  }
  const std::shared_ptr<const Settings> before = one.Get();
  CHECK(one.Get() == before);
  one.Set(WithTimeout(absl::Seconds(30)));
  CHECK(before->heartbeat_timeout == absl::Seconds(10));
  CHECK(one.Get()->heartbeat_timeout == absl::Seconds(30));
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) one.Set(WithTimeout(absl::Seconds(40 + i)));
  });
  for (int i = 0; i < 100; ++i) CHECK(one.Get()->heartbeat_timeout >= absl::Seconds(30));
  other.join();
  CHECK(one.Get()->heartbeat_timeout == absl::Seconds(139));
}

}  // namespace
}  // namespace muster
