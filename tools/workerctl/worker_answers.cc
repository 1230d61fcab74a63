#include "workerctl/worker_answers.h"

namespace muster::ctl {

void WorkerAnswers::Add(const v1::Worker& worker, const std::string& sentence) {
  if (session_.is_table()) {
    session_.out() << Printable(sentence) << "\n";
  } else if (several_ || session_.form() == OutputForm::kName) {
    listing_.Add(
        worker.id(), [] { return std::vector<Cell>(); }, [&worker] { return DocumentOf(worker); });
  } else {
    session_.Print(DocumentOf(worker));
  }
}

void WorkerAnswers::End() {
  if (several_) listing_.End();
}

}  // namespace muster::ctl
