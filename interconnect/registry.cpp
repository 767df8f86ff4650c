#include <hawser/interconnect/registry.hpp>

#include <cstdio>
#include <utility>

namespace hawser {

Registry::Entry& Registry::entry(TypeInfo type) {
  const auto [at, fresh] = entries_.try_emplace(type.id);
  if (fresh) at->second.name = std::string{type.name};
  return at->second;
}

void Registry::set_policy(TypeInfo type, const TypePolicy& policy) {
  const std::lock_guard lock{mutex_};
  entry(type).policy = policy;
}

TypePolicy Registry::policy(TypeInfo type) const {
  TypePolicy policy;
  {
    const std::lock_guard lock{mutex_};
    if (const auto found = entries_.find(type.id); found != entries_.end()) policy = found->second.policy;
    if (const auto found = overrides_.find(std::string{type.name}); found != overrides_.end()) {
      found->second.apply_to(policy);
    }
  }
  if (policy.ttl <= Duration::zero()) policy.ttl = config_.ttl;
  return policy;
}

void Registry::set_overrides(std::map<std::string, TypeOverrides> overrides) {
  const std::lock_guard lock{mutex_};
  overrides_ = std::move(overrides);
}

std::vector<TypeInfo> Registry::types() const {
  std::vector<TypeInfo> types;
  for (const auto& [id, entry] : entries_) types.push_back({id, entry.name});
  return types;
}

void Registry::set_handler(TypeInfo type, std::unique_ptr<Handler> handler) {
  const std::lock_guard lock{mutex_};
  std::swap(entry(type).handler, handler);
  if (handler != nullptr) retired_.push_back(std::move(handler));
}

const std::unique_ptr<Handler>* Registry::handler_place(TypeId type) const {
  const auto found = entries_.find(type);
  return found == entries_.end() ? nullptr : &found->second.handler;
}

Handler* Registry::handler(TypeId type) const {
  const auto* const place = handler_place(type);
  return place == nullptr ? nullptr : place->get();
}

std::string Registry::name(TypeId type) const {
  if (const auto found = entries_.find(type); found != entries_.end()) return found->second.name;
  char text[24];
  std::snprintf(text, sizeof text, "@0x%016llx", static_cast<unsigned long long>(to_number(type)));
  return text;
}

}  // namespace hawser
