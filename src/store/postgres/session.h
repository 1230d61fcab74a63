// Where statements run: a connection of the pool for readers, the writer's own within its transaction.
#pragma once

#include <utility>
#include <vector>

#include "store/postgres/connection.h"
#include "store/postgres/failure.h"
#include "store/postgres/rows.h"

namespace muster::postgres {

class Session {
 public:
  virtual ~Session() = default;
  /// One round trip; the answers are one for each statement, in order.
  virtual Reply<std::vector<Rows>> Run(const Pipeline& pipeline) = 0;

  Reply<Rows> Run(const Sql& sql, Parameters parameters) {
    Pipeline pipeline;
    pipeline.Add(sql, std::move(parameters));
    Reply<std::vector<Rows>> answers = Run(pipeline);
    if (!answers.ok()) return std::move(answers).failure();
    return std::move(answers->front());
  }
};

}  // namespace muster::postgres
