#include "http/api/problem.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "domain/text.h"
#include "http/api/render.h"

namespace muster::http {
namespace {

// The store comes back by itself, or the daemon starts again. It is not known when.
constexpr absl::Duration kRetryStore = absl::Seconds(1);

struct Kind {
  int status;
  std::string_view title;
};

/// Returns an error's status and title, and adds the members of its document.
struct Describe {
  Json& members;

  Kind operator()(const WorkerAlreadyExists& e) {
    members["workerId"] = e.id;
    return {409, "Worker already exists"};
  }
  Kind operator()(const WorkerNotFound& e) {
    members["workerId"] = e.id;
    return {404, "Worker not found"};
  }
  Kind operator()(const InvalidArgument& e) {
    members["errors"] = Json::array({{{"field", e.field}, {"reason", e.reason}}});
    return {400, "Invalid argument"};
  }
  Kind operator()(const InvalidWorkerState& e) {
    members["workerId"] = e.id;
    members["actual"] = e.actual;
    members["expected"] = e.expected;
    return {409, "Worker is not as expected"};
  }
  Kind operator()(const InvalidStateTransition& e) {
    members["workerId"] = e.id;
    members["from"] = StatusName(e.from);
    members["to"] = StatusName(e.to);
    return {409, "No such move"};
  }
  Kind operator()(const InstanceSuperseded& e) {
    members["workerId"] = e.id;
    members["instanceId"] = e.instance_id;
    return {409, "Instance superseded"};
  }
  Kind operator()(const Overloaded& e) {
    members["retryAfter"] = Render(e.retry_after);
    return {429, "Overloaded"};
  }
  Kind operator()(const StoreUnavailable& e) {
    members["retryAfter"] = Render(kRetryStore);
    if (e.in_doubt) members["inDoubt"] = true;
    return {503, "Store unavailable"};
  }
};

std::string_view Phrase(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return status < 500 ? "Refused" : "Failed";
  }
}

/// "Not Found" -> "NOT_FOUND".
std::string ReasonFrom(std::string_view phrase) {
  std::string reason = absl::AsciiStrToUpper(std::string(phrase));
  std::replace(reason.begin(), reason.end(), ' ', '_');
  return reason;
}

Json Document(std::string type, std::string_view title, int status, std::string_view detail,
              std::string_view reason) {
  return {{"type", std::move(type)},
          {"title", title},
          {"status", status},
          {"detail", detail},
          {"reason", reason}};
}

Response ResponseWith(Json document, const Request* request) {
  if (request != nullptr && !request->path.empty()) document["instance"] = request->path;
  if (request != nullptr && !request->request_id.empty()) document["requestId"] = request->request_id;
  return {document["status"].get<int>(), "application/problem+json", Dump(document) + "\n", {}};
}

/// Whole seconds, as the header requires. Rounded up, so that no client comes back too early.
std::string RetryAfter(absl::Duration pause) {
  return absl::StrCat(std::max<std::int64_t>(1, absl::ToInt64Seconds(absl::Ceil(pause, absl::Seconds(1)))));
}

}  // namespace

std::string JsonName(std::string_view field) {
  std::string_view path;  // "heartbeats[3]."
  if (const std::size_t dot = field.find("]."); dot != std::string_view::npos) {
    path = field.substr(0, dot + 2);
    field.remove_prefix(path.size());
  }
  const std::string_view index =
      field.substr(std::min(field.size(), field.find('[')));  // the text in brackets is data
  const std::string_view name = field.substr(0, field.size() - index.size());
  if (name == "worker_id") return Concat({path, "id"});
  if (name == "after_cursor") return Concat({path, "after"});
  std::string camel;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool next_word = name[i] == '_' && i + 1 < name.size();
    camel.push_back(next_word ? absl::ascii_toupper(static_cast<unsigned char>(name[++i])) : name[i]);
  }
  return Concat({path, camel, index});
}

WorkerError InJsonNames(const WorkerError& error) {
  const auto* invalid = std::get_if<InvalidArgument>(&error);
  if (invalid == nullptr) return error;
  return InvalidArgument{JsonName(invalid->field), invalid->reason};
}

Json ProblemOf(const WorkerError& error) {
  Json members = Json::object();
  const Kind kind = std::visit(Describe{members}, error);
  const std::string_view reason = ReasonOf(error);
  Json document =
      Document(Concat({"urn:muster:problem:", reason}), kind.title, kind.status, MessageOf(error), reason);
  document.update(members);
  return document;
}

Response Refusal(const WorkerError& error, const Request* request) {
  Response response = ResponseWith(ProblemOf(error), request);
  if (const auto* overloaded = std::get_if<Overloaded>(&error)) {
    response.headers.emplace_back("Retry-After", RetryAfter(overloaded->retry_after));
  }
  if (std::holds_alternative<StoreUnavailable>(error)) {
    response.headers.emplace_back("Retry-After", RetryAfter(kRetryStore));
  }
  return response;
}

Response Refusal(int status, std::string_view detail, const Request* request) {
  const std::string_view phrase = Phrase(status);
  return ResponseWith(Document("about:blank", phrase, status, detail, ReasonFrom(phrase)), request);
}

}  // namespace muster::http
