#include "domain/fencing.h"

#include "domain/text.h"

namespace muster {
namespace {

std::string_view Place(std::string_view address) {
  return address.empty() ? std::string_view("an unknown address") : address;
}

bool WasReplaced(const Worker& worker, std::string_view instance_id) {
  return !instance_id.empty() && instance_id == worker.previous_instance_id &&
         instance_id != worker.instance_id;
}

}  // namespace

bool TakenBack(const Worker& worker, std::string_view instance_id) {
  return WasReplaced(worker, instance_id);
}

bool BeatsOn(const Worker& worker, std::string_view instance_id, ListeningTime now, absl::Duration timeout) {
  return WasReplaced(worker, instance_id) && !worker.clone_reported &&
         now - worker.registered_at_listening > timeout;
}

std::string CloneReport(std::string_view one, std::string_view one_from, std::string_view other,
                        std::string_view other_from) {
  return Concat({"two processes use this id: instance ", one, " at ", Place(one_from), " and instance ",
                 other, " at ", Place(other_from)});
}

std::string TurnsReport(std::string_view instance, std::string_view one_host, std::string_view other_host) {
  return Concat({"two processes use this id: instance ", instance, " sends from ", one_host, " and from ",
                 other_host, " in turns"});
}

}  // namespace muster
