#include <hawser/inspect/config_json.hpp>

#include <hawser/interconnect/config_keys.hpp>

#include <nlohmann/json.hpp>

namespace hawser {
namespace {

using Json = nlohmann::ordered_json;

Json keys_of(const Config& config) {
  const Config defaults;
  Json keys = Json::array();
  for (const ConfigKey& key : config_keys()) {
    if (key.of_types()) continue;
    const auto value = key.get(config, {});
    const auto usual = key.get(defaults, {});
    keys.push_back({{"key", key.name},
                    {"value", value ? value_text(key, *value) : ""},
                    {"default", default_text(key)},
                    {"changed", value != usual}});
  }
  return keys;
}

Json types_of(const Config& config) {
  Json types = Json::object();
  for (const auto& [name, overrides] : config.types) {
    Json said = Json::object();
    for (const ConfigKey& key : config_keys()) {
      if (!key.of_types()) continue;
      if (const auto value = key.get(config, name)) said[std::string{key.last_word()}] = value_text(key, *value);
    }
    types[name] = std::move(said);
  }
  return types;
}

}  // namespace

std::string config_fields(const Config& config) {
  Json peers = Json::array();
  for (const PeerConfig& peer : config.peers) {
    peers.push_back({{"id", peer.id.text()}, {"endpoint", peer.endpoint.text()}});
  }
  const Json all = {{"keys", keys_of(config)},
                    {"peers", std::move(peers)},
                    {"types", types_of(config)},
                    {"warnings", config.warnings()}};
  const std::string text = all.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
}

}  // namespace hawser
