#include <hawser/inspect/metric_page.hpp>

#include <hawser/inspect/metrics.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <utility>

namespace hawser {
namespace {

constexpr std::size_t label_bytes_max = 128;

// Bytes of the UTF-8 character at the beginning of `text`; 0 when there is none.
std::size_t character_bytes(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Longer than needed, halves of pairs, and beyond the last character.
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return bytes;
}

void append_escaped(std::string& out, std::string_view value) {
  std::size_t kept = 0;
  while (!value.empty()) {
    const std::size_t bytes = character_bytes(value);
    const std::size_t step = bytes == 0 ? 1 : bytes;
    kept += bytes == 0 ? 3 : bytes;
    if (kept > label_bytes_max) return;
    if (bytes == 0) {
      out += "\xef\xbf\xbd";
    } else if (value.front() == '\n') {
      out += "\\n";
    } else {
      if (value.front() == '"' || value.front() == '\\') out += '\\';
      out += value.substr(0, bytes);
    }
    value.remove_prefix(step);
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += "=\"";
  append_escaped(out, value);
  out += '"';
}

std::string hexadecimal(TypeId type) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%016llx", static_cast<unsigned long long>(to_number(type)));
  return text.data();
}

// The label of each row's type: its name, or its id where it has none.
template <typename Row, typename Key>
std::vector<std::string> type_labels(const std::vector<Row>& rows, Key also) {
  std::map<std::pair<std::string, bool>, int> seen;
  std::vector<std::string> labels;
  labels.reserve(rows.size());
  for (const Row& row : rows) {
    labels.push_back(metric_label("type", row.name.empty() ? hexadecimal(row.type) : row.name));
    ++seen[{labels.back(), also(row)}];
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (seen[{labels[i], also(rows[i])}] == 1) continue;
    labels[i].pop_back();
    labels[i] += "@" + hexadecimal(rows[i].type) + '"';
  }
  return labels;
}

}  // namespace

std::string metric_label(std::string_view name, std::string_view value) {
  std::string out;
  append_label(out, name, value);
  return out;
}

MetricPage::MetricPage(const NodeSnapshot& node, const HttpServerStats* admin) : node_(node), admin_(admin) {
  for (const PeerSnapshot& peer : node.peers) {
    const std::string labels = metric_label("peer", peer.health.id.text());
    peers_.push_back({&peer, labels});
    for (const LaneSnapshot& lane : peer.lanes) {
      lanes_.push_back({&lane, labels + "," + metric_label("lane", to_string(lane.lane))});
    }
    add_channels(peer, labels);
    add_inbound(peer, labels);
    add_times(peer);
  }
}

void MetricPage::add_channels(const PeerSnapshot& peer, const std::string& labels) {
  const std::vector<std::string> types = type_labels(peer.channels, [](const auto& row) { return row.replies; });
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (channels_.size() == metric_rows_max) {
      rows_omitted_ += types.size() - i;
      return;
    }
    const ChannelSnapshot& channel = peer.channels[i];
    const std::string_view role = channel.replies ? ",role=\"reply\"" : ",role=\"send\"";
    std::string row = labels + "," + types[i];
    row += role;
    channels_.push_back({&channel, std::move(row)});
  }
}

void MetricPage::add_times(const PeerSnapshot& peer) {
  const auto of = [&](const std::string& name, TypeId type) -> TypeTimes* {
    std::string label = metric_label("type", name.empty() ? hexadecimal(type) : name);
    if (types_.size() >= metric_types_max && !types_.contains(label)) return nullptr;
    return &types_[std::move(label)];
  };
  for (const ChannelSnapshot& channel : peer.channels) {
    if (channel.replies) continue;  // they wait for nothing but room on the lane
    if (TypeTimes* const times = of(channel.name, channel.type)) times->queue_waits += channel.queue_waits;
  }
  for (const InboundSnapshot& inbound : peer.inbound) {
    if (inbound.type == TypeId::none) continue;  // of replies, which no handler takes
    if (TypeTimes* const times = of(inbound.name, inbound.type)) times->handler_times += inbound.handler_times;
  }
}

void MetricPage::add_inbound(const PeerSnapshot& peer, const std::string& labels) {
  const std::vector<std::string> types = type_labels(peer.inbound, [](const auto&) { return false; });
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (inbound_.size() == metric_rows_max) {
      rows_omitted_ += types.size() - i;
      return;
    }
    inbound_.push_back({&peer.inbound[i], labels + "," + types[i]});
  }
}

void MetricPage::family(std::string_view name, std::string_view kind, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name).append(" ").append(kind).append("\n");
}

void MetricPage::line(std::string_view suffix, std::string_view labels, std::string_view label, std::string_view word) {
  text_ += name_;
  text_ += suffix;
  if (!labels.empty() || !label.empty()) {
    text_ += '{';
    text_ += labels;
    if (!label.empty()) {
      if (!labels.empty()) text_ += ',';
      append_label(text_, label, word);
    }
    text_ += '}';
  }
  text_ += ' ';
}

void MetricPage::histogram(std::string_view labels, const TimeBuckets& buckets) {
  std::uint64_t below = 0;
  for (std::size_t at = 0; at < TimeBuckets::bounded; ++at) {
    below += buckets.in_bucket(at);
    std::array<char, 40> bound{};
    const double seconds = static_cast<double>(to_us(TimeBuckets::bound(at))) / 1e6;
    const auto end = std::to_chars(bound.data(), bound.data() + bound.size(), seconds).ptr;
    line("_bucket", labels, "le", {bound.data(), static_cast<std::size_t>(end - bound.data())});
    text_ += std::to_string(below) + "\n";
  }
  const std::string all = std::to_string(below + buckets.in_bucket(TimeBuckets::bounded));
  line("_bucket", labels, "le", "+Inf");
  text_ += all + "\n";
  line("_sum", labels, {}, {});
  put(buckets.sum());
  text_ += '\n';
  line("_count", labels, {}, {});
  text_ += all + "\n";
}

void MetricPage::put(Duration value) {
  if (value == forever) {
    text_ += "+Inf";
    return;
  }
  const std::int64_t us = to_us(value);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%s%lld.%06lld", us < 0 ? "-" : "", std::abs(us / 1'000'000LL),
                std::abs(us % 1'000'000LL));
  text_ += text.data();
}

void MetricPage::put(double value) {
  if (!std::isfinite(value)) {
    text_ += std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
    return;
  }
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  text_.append(text.data(), end);
}

}  // namespace hawser
