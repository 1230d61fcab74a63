// Whether a number that another daemon counts up while it lives stands still.
//
// No clock of another machine is compared with ours: we count how often we looked, a tick apart. A daemon
// that was itself stopped has not looked meanwhile, so it takes nobody for dead when it wakes up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::postgres {

class StandsStill {
 public:
  /// Notes a look. Returns how many looks in a row, this one not counted, found the same.
  int Look(std::string_view whose, std::int64_t number) {
    if (whose != whose_ || number != number_) {
      whose_ = whose;
      number_ = number;
      same_ = 0;
    } else {
      ++same_;
    }
    return same_;
  }

 private:
  std::string whose_;
  std::int64_t number_ = -1;
  int same_ = 0;
};

}  // namespace muster::postgres
