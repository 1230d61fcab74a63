// The secret that a roll signs its page tokens with, made once in its life.
#pragma once

#include <string>

#include "muster/random.h"

namespace muster {

/// 32 bytes that nobody can guess.
std::string NewTokenKey(Random& random);

}  // namespace muster
