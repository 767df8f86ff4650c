#include <hawser/inspect/stream_feed.hpp>

#include <hawser/inspect/json.hpp>
#include <hawser/inspect/matrix.hpp>

#include <charconv>
#include <utility>

namespace hawser {
namespace {

bool read(std::string_view text, std::uint64_t& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc{} && end == text.data() + text.size();
}

// One event; `data` is JSON on one line.
void say(std::string& out, std::string_view event, std::string_view data) {
  out += "event: ";
  out += event;
  out += "\ndata: ";
  out += data;
  out += "\n\n";
}

// What of the matrix is news: not the times, which change with every look.
std::string shape_of(const Matrix& matrix) {
  std::string shape;
  for (const MatrixRow& row : matrix.rows) {
    shape += row.node.text() + (row.fresh ? "!" : "?");
    for (const auto& [node, state] : row.hears) {
      shape += node.text();
      shape += static_cast<char>('0' + static_cast<int>(state));
    }
  }
  for (const MatrixCut& cut : matrix.cuts) shape += cut.from.text() + '>' + cut.to.text();
  return shape;
}

}  // namespace

std::optional<StreamPlace> StreamPlace::parse(std::string_view id) {
  StreamPlace place;
  const std::size_t dash = id.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  if (!read(id.substr(0, dash), place.incarnation) || !read(id.substr(dash + 1), place.event)) return std::nullopt;
  return place;
}

void StreamFeed::look(std::shared_ptr<const NodeSnapshot> node) {
  node_ = std::move(node);
  silence_.reset();
  ++looks_;
  snapshot_ = stream_json(*node_, stream_channels_max);
  const Matrix matrix = matrix_of(*node_);
  std::string seen = shape_of(matrix);
  if (matrix_version_ > 0 && seen == matrix_seen_) return;
  matrix_seen_ = std::move(seen);
  matrix_ = matrix_json(*node_, matrix);
  ++matrix_version_;
}

void StreamFeed::silent(Duration waited) {
  silence_ = waited;
  ++looks_;
}

std::string StreamFeed::news(StreamPlace& place) const {
  std::string out;
  if (std::exchange(place.look, looks_) == looks_) return ": nothing new\n\n";
  if (silence_) {
    say(out, "silent",
        R"({"api":)" + std::to_string(api_version) + R"(,"waited_us":)" + std::to_string(to_us(*silence_)) + "}");
    return out;
  }
  if (node_ == nullptr) return ": nothing yet\n\n";
  say_transitions(out, place);
  say(out, "snapshot", snapshot_);
  if (std::exchange(place.matrix, matrix_version_) != matrix_version_) say(out, "matrix", matrix_);
  return out;
}

void StreamFeed::say_transitions(std::string& out, StreamPlace& place) const {
  const std::uint64_t incarnation = to_number(node_->incarnation);
  // Numbers of another life of the node say nothing about this one.
  if (std::exchange(place.incarnation, incarnation) != incarnation) place.event = 0;
  for (const Event& event : node_->events) {
    if (event.number <= place.event) continue;
    if (place.event > 0 && event.number > place.event + 1) {
      say(out, "gap",
          R"({"from":)" + std::to_string(place.event + 1) + R"(,"to":)" + std::to_string(event.number - 1) + "}");
    }
    place.event = event.number;
    out += "id: " + std::to_string(incarnation) + "-" + std::to_string(event.number) + "\n";
    say(out, "transition", to_json(event));
  }
}

}  // namespace hawser
