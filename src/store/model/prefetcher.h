// Finds the workers of a batch, whose ids are known before, without a wait for memory at every step.
//
// In a large fleet no step from an id to its worker (the table, the slot, the worker itself) is in a cache,
// and each step waits for the one before. So the prefetcher looks ahead at the ids that follow, one step at a
// time. When the turn of an id comes, all that it needs is in the cache.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "store/model/model.h"

namespace muster {

/// The writer's thread only. The model must outlive it.
class Prefetcher {
 public:
  explicit Prefetcher(const Model& model) : model_(model) {}

  /// The next calls of Find ask for these ids, most of them in this order. The ids must live until the last
  /// call. Precondition: the model does not change before that.
  void Begin(std::span<const std::string_view> ids);
  void End() { Begin({}); }
  /// As Model::Find. Any id may be asked.
  std::optional<std::uint32_t> Find(std::string_view id);

 private:
  // How far ahead of its turn an id gets to each step.
  static constexpr std::size_t kHash = 24;
  static constexpr std::size_t kProbe = 16;
  static constexpr std::size_t kTouch = 8;
  static constexpr std::size_t kMaxSkipped = 4;
  struct Ahead {
    std::uint64_t hash;
    std::uint32_t slot;
  };

  Ahead& At(std::size_t index) { return ahead_[index % ahead_.size()]; }
  void Hash(std::size_t index);
  void Probe(std::size_t index);
  void Touch(std::size_t index);
  /// The place of the id among those to come, or the number of all ids.
  std::size_t PlaceOf(std::string_view id) const;
  std::uint32_t TakeNext();

  const Model& model_;
  std::span<const std::string_view> ids_;
  std::size_t next_ = 0;
  std::array<Ahead, 32> ahead_ = {};
};

}  // namespace muster
