// The text that a scrape reads while it is written: families, samples, labels; and the rows that samples are about.
//
// Private to the metrics. Labels of a row are escaped once, not once per sample. Rows keep the snapshot's order; two
// types of one name at one peer are told apart by their ids, so that no series is there twice.
#pragma once

#include <hawser/inspect/admin_stats.hpp>
#include <hawser/interconnect/snapshot.hpp>

#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

class MetricPage {
 public:
  // What went on with one message type, with all peers together: histograms per channel would be the bulk of all
  // series.
  struct TypeTimes {
    TimeBuckets queue_waits;
    TimeBuckets handler_times;
  };
  template <typename Row>
  struct Labelled {
    const Row* row;
    std::string labels;  // `peer="n2",type="Order"`
  };

  // REQUIRES: snapshot and stats outlive the page. Null: nobody asked over HTTP.
  explicit MetricPage(const NodeSnapshot& node, const HttpServerStats* admin = nullptr);

  const NodeSnapshot& node() const noexcept { return node_; }
  const std::vector<Labelled<PeerSnapshot>>& peers() const noexcept { return peers_; }
  const std::vector<Labelled<LaneSnapshot>>& lanes() const noexcept { return lanes_; }
  const std::vector<Labelled<ChannelSnapshot>>& channels() const noexcept { return channels_; }
  const std::vector<Labelled<InboundSnapshot>>& inbound() const noexcept { return inbound_; }
  const HttpServerStats* admin() const noexcept { return admin_; }
  // By their label, in its order.
  const std::map<std::string, TypeTimes>& types() const noexcept { return types_; }
  std::uint64_t rows_omitted() const noexcept { return rows_omitted_; }

  // The samples that follow are of this family. The name is a literal.
  void family(std::string_view name, std::string_view kind, std::string_view help);

  template <typename Value>
  void sample(std::string_view labels, Value value) {
    line({}, labels, {}, {});
    put(value);
    text_ += '\n';
  }
  // With one label more.
  template <typename Value>
  void sample(std::string_view labels, std::string_view label, std::string_view word, Value value) {
    line({}, labels, label, word);
    put(value);
    text_ += '\n';
  }
  // All series of one histogram.
  void histogram(std::string_view labels, const TimeBuckets& buckets);
  // One sample per row.
  template <typename Row, typename Read>
  void each(const std::vector<Labelled<Row>>& rows, Read read) {
    for (const Labelled<Row>& at : rows) sample(at.labels, read(*at.row));
  }

  std::string take() { return std::move(text_); }

 private:
  void line(std::string_view suffix, std::string_view labels, std::string_view label, std::string_view word);
  void put(bool value) { text_ += value ? '1' : '0'; }
  void put(Duration value);  // in seconds, exact
  void put(double value);
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) void put(Number value) { text_ += std::to_string(value); }

  void add_channels(const PeerSnapshot& peer, const std::string& labels);
  void add_inbound(const PeerSnapshot& peer, const std::string& labels);
  void add_times(const PeerSnapshot& peer);

  const NodeSnapshot& node_;
  const HttpServerStats* admin_;
  std::vector<Labelled<PeerSnapshot>> peers_;
  std::vector<Labelled<LaneSnapshot>> lanes_;
  std::vector<Labelled<ChannelSnapshot>> channels_;
  std::vector<Labelled<InboundSnapshot>> inbound_;
  std::map<std::string, TypeTimes> types_;
  std::uint64_t rows_omitted_ = 0;
  std::string_view name_;
  std::string text_;
};

// `name="value"`, escaped. Bytes that are no UTF-8 become U+FFFD; at most 128 bytes of the value are kept.
std::string metric_label(std::string_view name, std::string_view value);

}  // namespace hawser
