#include "workerctl/listing.h"

namespace muster::ctl {

void Listing::Add(std::string_view name, absl::FunctionRef<std::vector<Cell>()> row,
                  absl::FunctionRef<Json()> document) {
  const bool first = count_++ == 0;
  std::ostream& out = session_.out();
  switch (session_.form()) {
    case OutputForm::kTable:
    case OutputForm::kWide:
      page_.push_back(row());
      return;
    case OutputForm::kJson:
      out << (first ? "[\n" : ",\n") << CompactJson(document());
      return;
    case OutputForm::kYaml:
      out << Yaml(Json::array({document()}));
      return;
    case OutputForm::kName:
      out << Printable(name) << "\n";
      return;
  }
}

void Listing::EndPage() {
  if (session_.is_table() && !page_.empty()) session_.out() << table_.Render(page_, session_.terminal());
  page_.clear();
  session_.out().flush();
}

void Listing::End() {
  EndPage();
  if (session_.form() == OutputForm::kJson) session_.out() << (count_ == 0 ? "[]\n" : "\n]\n");
  if (session_.form() == OutputForm::kYaml && count_ == 0) session_.out() << "[]\n";
}

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
