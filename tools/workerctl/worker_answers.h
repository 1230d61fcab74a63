// The answer of a command that changes workers: a sentence for people, the worker for programs.
#pragma once

#include <string>

#include "muster/v1/worker.pb.h"
#include "workerctl/listing.h"
#include "workerctl/session.h"

namespace muster::ctl {

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
