#include <hawser/sim/trace.hpp>

#include <algorithm>
#include <ostream>

namespace hawser::sim {
namespace {

// Eight bytes, least significant first, whatever the machine; fewer at the end.
std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t offset) noexcept {
  std::uint64_t word = 0;
  const std::size_t end = std::min(bytes.size(), offset + 8);
  for (std::size_t i = offset; i < end; ++i) word |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * (i - offset));
  return word;
}

constexpr std::size_t sampled_bytes = 32;

// One row is one line, and its columns are separated by tabs, whatever a program notes.
std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    line += plain ? c : ' ';
  }
  return line;
}

}  // namespace

std::string_view to_string(TraceKind kind) noexcept {
  switch (kind) {
    case TraceKind::sent:
      return "sent";
    case TraceKind::arrived:
      return "arrived";
    case TraceKind::lost:
      return "lost";
    case TraceKind::dial:
      return "dial";
    case TraceKind::link_up:
      return "link_up";
    case TraceKind::link_down:
      return "link_down";
    case TraceKind::closed:
      return "closed";
    case TraceKind::process:
      return "process";
    case TraceKind::hardship:
      return "hardship";
    case TraceKind::note:
      return "note";
  }
  return "?";
}

void Trace::name_host(Owner host, std::string name) {
  if (host >= names_.size()) names_.resize(host + 1);
  names_[host] = std::move(name);
}

std::string_view Trace::name(Owner host) const { return host < names_.size() ? std::string_view{names_[host]} : "-"; }

void Trace::add(WorldTime at, TraceKind kind, Owner host, Owner other, std::uint64_t number, std::string_view text) {
  mix_row(at, kind, host, other, number);
  const std::span bytes = std::as_bytes(std::span{text});
  for (std::size_t offset = 0; offset < bytes.size(); offset += 8) mix(word_at(bytes, offset));
  mix(text.size());
  if (keeps()) keep({at, kind, host, other, number, std::string{text}});
}

void Trace::add_sent(WorldTime at, Owner host, Owner other, std::span<const std::byte> frame) {
  mix_row(at, TraceKind::sent, host, other, frame.size());
  const std::size_t sampled = std::min(frame.size(), sampled_bytes);
  for (std::size_t offset = 0; offset < sampled; offset += 8) mix(word_at(frame, offset));
  if (keeps()) keep({at, TraceKind::sent, host, other, frame.size(), {}});
}

void Trace::keep(TraceRow row) {
  if (printed_to_ != nullptr) print(*printed_to_, row);
  if (rows_max_ == 0) return;
  if (kept_.size() < rows_max_) {
    kept_.push_back(std::move(row));
    return;
  }
  kept_[oldest_] = std::move(row);
  oldest_ = (oldest_ + 1) % rows_max_;
}

std::vector<TraceRow> Trace::rows() const {
  std::vector<TraceRow> rows;
  rows.reserve(kept_.size());
  for (std::size_t i = 0; i < kept_.size(); ++i) rows.push_back(kept_[(oldest_ + i) % kept_.size()]);
  return rows;
}

void Trace::print(std::ostream& out) const {
  for (std::size_t i = 0; i < kept_.size(); ++i) print(out, kept_[(oldest_ + i) % kept_.size()]);
}

void Trace::print(std::ostream& out, const TraceRow& row) const {
  out << to_us(row.at) << '\t' << name(row.host) << '\t' << to_string(row.kind) << '\t' << name(row.other) << '\t'
      << row.number << '\t' << one_line(row.text) << '\n';
}

}  // namespace hawser::sim
