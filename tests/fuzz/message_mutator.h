// Changes messages field by field, so that a fuzzer comes to requests that are right but for one thing. What
// cannot be said by fields is left to the changes of bytes.
#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

// Of libFuzzer.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace muster::fuzz {

class MessageMutator {
 public:
  explicit MessageMutator(unsigned seed) : chance_(seed) {}

  std::size_t Below(std::size_t end) { return chance_() % end; }

  std::string Bytes(std::string bytes, std::size_t most = 300) {
    const std::size_t size = std::min(bytes.size(), most);
    bytes.resize(most);
    bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, most));
    return bytes;
  }

  void Change(google::protobuf::Message& message) {
    const auto& type = *message.GetDescriptor();
    const auto& reflect = *message.GetReflection();
    if (type.field_count() == 0) return;
    const auto* field = type.field(static_cast<int>(Below(static_cast<std::size_t>(type.field_count()))));
    if (!field->is_repeated())
      return Below(8) == 0 ? reflect.ClearField(&message, field) : Set(message, field);
    const int size = reflect.FieldSize(message, field);
    if (size == 0 || Below(2) == 0) return Add(message, field);
    if (Below(3) == 0) return reflect.RemoveLast(&message, field);
    const int at = static_cast<int>(Below(static_cast<std::size_t>(size)));
    if (field->message_type() != nullptr) Change(*reflect.MutableRepeatedMessage(&message, field, at));
  }

 private:
  using Field = google::protobuf::FieldDescriptor;

  /// Few names, so that requests meet.
  std::string Name() {
    static const char* const kNames[] = {"w1", "w2", "w3", "a", "b",      "eu",  "us",
                                         "i1", "i2", "^",  "",  "active", "gpu", "x/y"};
    return kNames[Below(std::size(kNames))];
  }
  std::int64_t Number() {
    static constexpr std::int64_t kNumbers[] = {0,   1,    2,    3,  4,         5,        7,
                                                100, 1000, 1001, -1, INT32_MAX, INT64_MAX};
    return kNumbers[Below(std::size(kNumbers))];
  }

  void Set(google::protobuf::Message& message, const Field* field) {
    const auto& reflect = *message.GetReflection();
    switch (field->cpp_type()) {
      case Field::CPPTYPE_STRING: {
        const std::string text = Below(3) == 0 ? Bytes(reflect.GetString(message, field)) : Name();
        return reflect.SetString(&message, field, text);
      }
      case Field::CPPTYPE_INT32:
        return reflect.SetInt32(&message, field, static_cast<std::int32_t>(Number()));
      case Field::CPPTYPE_INT64:
        return reflect.SetInt64(&message, field, Number());
      case Field::CPPTYPE_BOOL:
        return reflect.SetBool(&message, field, Below(2) == 0);
      case Field::CPPTYPE_ENUM:
        return reflect.SetEnumValue(&message, field, static_cast<int>(Below(6)));
      case Field::CPPTYPE_MESSAGE:
        return Change(*reflect.MutableMessage(&message, field));
      default:
        return;  // the contract has no other type in a request
    }
  }

  void Add(google::protobuf::Message& message, const Field* field) {
    const auto& reflect = *message.GetReflection();
    if (field->cpp_type() == Field::CPPTYPE_STRING) return reflect.AddString(&message, field, Name());
    if (field->cpp_type() == Field::CPPTYPE_ENUM)
      return reflect.AddEnumValue(&message, field, static_cast<int>(Below(6)));
    if (field->message_type() == nullptr) return;
    auto& added = *reflect.AddMessage(&message, field);
    for (int i = 0; i < added.GetDescriptor()->field_count(); ++i)
      Set(added, added.GetDescriptor()->field(i));
  }

  std::minstd_rand chance_;
};

}  // namespace muster::fuzz
