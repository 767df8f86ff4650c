// What `hawser top` shows: the channels or peers of one or more nodes, sorted, filtered and scrolled by keys.
//
// Pure: answers and keys in, lines out. Rates are what happened between two answers of one life of a node.
#pragma once

#include "inspect_ask.hpp"
#include "screen.hpp"
#include "terminal.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::tools {

enum class TopPage : unsigned char { channels, peers };

class TopView {
 public:
  static constexpr std::size_t filter_bytes_max = 100;

  // Columns by which one can sort.
  static std::vector<std::string_view> columns(TopPage page);
  // False when the page has no such column.
  bool sort_by(std::string_view column);
  void filter_by(std::string text) { filter_ = std::move(text); }

  // The newest answers to /api/v1/{status,peers,channels}, of the same endpoints.
  void take(std::vector<Answer> status, std::vector<Answer> peers, std::vector<Answer> channels);
  // False: leave.
  bool press(const Key& key);
  bool paused() const noexcept { return paused_; }
  // What those answers say to the shell, of the `ExitCode`s: the highest.
  int code() const noexcept;

  std::vector<std::string> lines(const Terminal& terminal, std::size_t height) const;
  // One object: `node` and the API's fields in each row, with what happened per second beside them.
  nlohmann::json json() const;

 private:
  struct Row {
    std::string node;
    const nlohmann::json* said = nullptr;  // the answer it is from
    const nlohmann::json* fields = nullptr;
    std::vector<std::string> cells;
    std::vector<double> numbers;  // by which a column sorts; text sorts by the cell
    double submitted_rate = 0;
    double ended_rate = 0;
  };
  struct Counted {
    std::string incarnation;
    std::int64_t taken_at_us = 0;
    std::int64_t submitted = 0;
    std::int64_t ended = 0;
    double submitted_rate = 0;
    double ended_rate = 0;
  };

  std::vector<Row> rows() const;
  std::vector<Row> channel_rows() const;
  std::vector<Row> peer_rows() const;
  void sort(std::vector<Row>& rows) const;
  void count(const Answer& answer);
  void move(std::int64_t lines);
  bool type(const Key& key);
  std::vector<std::string> head(const Terminal& terminal) const;
  static std::string key_of(const nlohmann::json& said, const nlohmann::json& row);

  std::vector<Answer> status_;
  std::vector<Answer> peers_;
  std::vector<Answer> channels_;
  std::map<std::string, Counted> counted_;
  TopPage page_ = TopPage::channels;
  std::size_t sort_ = 0;
  bool reversed_ = false;
  bool paused_ = false;
  bool help_ = false;
  bool typing_ = false;
  std::string filter_;
  std::size_t first_ = 0;  // row shown on top
};

}  // namespace hawser::tools
