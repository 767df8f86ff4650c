// Registry: what this node knows of message types: how they travel and who handles them.
//
// Policies may be read on any thread (a first send of a type makes its channel there); handlers belong to the loop.
#pragma once

#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/handler.hpp>
#include <hawser/interconnect/type_policy.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hawser {

class Registry {
 public:
  explicit Registry(const Config& config) : config_(config), overrides_(config.types) {}

  void set_policy(TypeInfo type, const TypePolicy& policy);
  // What the program set, changed by what the configuration says for the type's name.
  TypePolicy policy(TypeInfo type) const;
  // What the configuration says from now on. Any thread.
  void set_overrides(std::map<std::string, TypeOverrides> overrides);
  // Those known here. The names are good as long as this. Loop only.
  std::vector<TypeInfo> types() const;

  void set_handler(TypeInfo type, std::unique_ptr<Handler> handler);
  // Null when nobody handles the type. Loop only.
  Handler* handler(TypeId type) const;
  // Where the type's handler is, or will be; null while the type is not known here. Stays for good. Loop only.
  const std::unique_ptr<Handler>* handler_place(TypeId type) const;
  // The type's name if it is known here, else its id in hexadecimal. Loop only.
  std::string name(TypeId type) const;

 private:
  struct Entry {
    std::string name;
    TypePolicy policy;
    std::unique_ptr<Handler> handler;
  };
  Entry& entry(TypeInfo type);

  const Config& config_;
  mutable std::mutex mutex_;
  std::map<std::string, TypeOverrides> overrides_;
  std::map<TypeId, Entry> entries_;
  std::vector<std::unique_ptr<Handler>> retired_;  // replaced, perhaps by themselves while they ran
};

}  // namespace hawser
