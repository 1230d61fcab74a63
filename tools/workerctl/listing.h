// A list as it arrives, page by page, in any form: what is written is not kept.
//
//     Listing listing(session, columns);
//     for (...) listing.Add(id, [&] { return cells; }, [&] { return document; });
//     listing.EndPage();   // after each page
//     listing.End();       // when all went well; a JSON list that was cut off stays open, so that it
//     is not taken for whole
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "muster/v1/worker.pb.h"
#include "workerctl/session.h"

namespace muster::ctl {

class Listing {
 public:
  /// The session must outlive the listing.
  Listing(Session& session, std::vector<Column> columns) : session_(session), table_(std::move(columns)) {}

  /// Only what the form needs is made.
  void Add(std::string_view name, absl::FunctionRef<std::vector<Cell>()> row,
           absl::FunctionRef<Json()> document);
  void EndPage();
  void End();

  /// False once the output cannot be written: stop fetching.
  bool Wanted() const { return !session_.surroundings().out.fail(); }
  std::int64_t count() const { return count_; }

 private:
  Session& session_;
  TableWriter table_;
  std::vector<std::vector<Cell>> page_;
  std::int64_t count_ = 0;
};

/// The answer of a command that changes workers: a sentence for people, the worker for programs.
class WorkerAnswers {
 public:
  /// One worker reads as an object, `several` as a list (of however many there are). The session must outlive
  /// this.
  WorkerAnswers(Session& session, bool several)
      : session_(session), several_(several), listing_(session, {}) {}

  void Add(const v1::Worker& worker, const std::string& sentence);
  void End();

 private:
  Session& session_;
  bool several_;
  Listing listing_;
};

}  // namespace muster::ctl
