#include "inspect/exposition.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <set>

namespace hawser::test {
namespace {

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

bool valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first >= 0x80 && (first < 0xc2 || first > 0xf4)) return false;
    if (i + more >= text.size()) return false;
    std::uint32_t point = more == 0 ? first : first & (0x3fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if ((byte & 0xc0) != 0x80) return false;
      point = point << 6 | (byte & 0x3fu);
    }
    const bool too_long = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
    if (too_long || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    i += more + 1;
  }
  return true;
}

class Reader {
 public:
  Exposition read(std::string_view text) {
    if (!text.empty() && text.back() != '\n') fault("the page does not end with a newline");
    if (!valid_utf8(text)) fault("the page is no UTF-8");
    while (!text.empty()) {
      ++number_;
      const std::size_t end = std::min(text.find('\n'), text.size());
      line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(result_);
  }

 private:
  void fault(std::string what) { result_.faults.push_back(std::to_string(number_) + ": " + std::move(what)); }

  void line(std::string_view text) {
    if (text.starts_with("# HELP ")) return help(text.substr(7));
    if (text.starts_with("# TYPE ")) return type(text.substr(7));
    if (text.empty() || text.front() == '#') return fault("neither help, type nor sample");
    sample(text);
  }

  void help(std::string_view rest) {
    const std::string name{rest.substr(0, rest.find(' '))};
    if (!helped_.insert(name).second) fault(name + " is there twice");
    if (rest.size() < name.size() + 2) fault(name + " has no help");
    if (rest.find('\\') != std::string_view::npos) fault(name + " has a backslash in its help");
    current_ = name;
    typed_ = false;
  }

  void type(std::string_view rest) {
    const std::string name{rest.substr(0, rest.find(' '))};
    const std::string kind{rest.substr(std::min(rest.size(), name.size() + 1))};
    if (name != current_) fault(name + " has its type without its help before it");
    if (kind != "counter" && kind != "gauge" && kind != "histogram") fault(name + " is a " + kind);
    if ((kind == "counter") != name.ends_with("_total"))
      fault(name + " is a " + kind + ", and its name says otherwise");
    result_.kinds[name] = kind;
    typed_ = true;
  }

  void sample(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size() && (letter(text[at]) || (digit(text[at]) && at > 0) || text[at] == ':')) ++at;
    const std::string name{text.substr(0, at)};
    if (name.empty()) return fault("a sample without a name");
    const bool histogram = typed_ && result_.kinds[current_] == "histogram";
    const bool bucket = histogram && name == current_ + "_bucket";
    const bool part = bucket || (histogram && (name == current_ + "_sum" || name == current_ + "_count"));
    if ((histogram ? !part : name != current_) || !typed_) fault(name + " stands outside of its family");
    bound_.clear();
    std::set<std::string> labels;
    if (at < text.size() && text[at] == '{') {
      at = read_labels(text, at + 1, labels, bucket);
      if (at == std::string_view::npos) return;
    }
    if (bucket && !labels.contains("le")) fault(name + " has no bound");
    if (at >= text.size() || text[at] != ' ') return fault("no blank before the value");
    const std::string series{text.substr(0, at)};
    value(series, std::string{text.substr(at + 1)});
    if (histogram && part) parts_of_histogram(series, name, bucket);
    if (result_.kinds[name] == "counter" && result_.values[series].starts_with('-')) fault(series + " is below zero");
  }

  // Buckets grow, the last has no bound, and it is the count.
  void parts_of_histogram(const std::string& series, const std::string& name, bool bucket) {
    const double number = std::strtod(result_.values[series].c_str(), nullptr);
    if (bucket) {
      const double bound = bound_ == "+Inf" ? HUGE_VAL : std::strtod(bound_.c_str(), nullptr);
      if (in_buckets_ && bound <= last_bound_) fault(series + " is out of order");
      if (in_buckets_ && number < last_count_) fault(series + " counts less than the bucket before");
      in_buckets_ = true;
      last_bound_ = bound;
      last_count_ = number;
      return;
    }
    if (in_buckets_ && last_bound_ != HUGE_VAL) fault(series + " comes before the bucket without a bound");
    in_buckets_ = false;
    if (name.ends_with("_count") && number != last_count_) fault(series + " is not what its buckets say");
  }

  // The position after the closing brace; npos after a fault.
  std::size_t read_labels(std::string_view text, std::size_t at, std::set<std::string>& labels, bool bucket) {
    while (true) {
      const std::size_t begin = at;
      while (at < text.size() && (letter(text[at]) || (digit(text[at]) && at > begin))) ++at;
      const std::string label{text.substr(begin, at - begin)};
      if (label.empty() || label.starts_with("__") || (label == "le" && !bucket) || label == "quantile") {
        fault("a label '" + label + "'");
        return std::string_view::npos;
      }
      if (!labels.insert(label).second) fault("the label " + label + " twice in one sample");
      if (text.substr(at, 2) != "=\"") {
        fault("no quoted value after " + label);
        return std::string_view::npos;
      }
      const std::size_t value_at = at + 2;
      for (at += 2; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] != '\\') continue;
        ++at;
        if (at >= text.size() || (text[at] != '\\' && text[at] != '"' && text[at] != 'n')) {
          fault("an unknown escape in " + label);
          return std::string_view::npos;
        }
      }
      if (at + 1 >= text.size()) {
        fault("the value of " + label + " does not end");
        return std::string_view::npos;
      }
      if (label == "le") bound_ = text.substr(value_at, at - value_at);
      ++at;
      if (text[at] == '}') return at + 1;
      if (text[at] != ',') {
        fault("neither ',' nor '}' after " + label);
        return std::string_view::npos;
      }
      ++at;
    }
  }

  void value(const std::string& series, const std::string& text) {
    char* end = nullptr;
    std::strtod(text.c_str(), &end);
    const bool word = text == "+Inf" || text == "-Inf" || text == "NaN";
    const bool number = !text.empty() && *end == '\0' && text.find_first_not_of("0123456789.e+-") == std::string::npos;
    if (!word && !number) fault("'" + text + "' is no value");
    if (!result_.values.emplace(series, text).second) fault(series + " is there twice");
  }

  Exposition result_;
  std::size_t number_ = 0;
  std::set<std::string> helped_;
  std::string current_;
  bool typed_ = false;
  std::string bound_;  // of the bucket that is read
  bool in_buckets_ = false;
  double last_bound_ = 0;
  double last_count_ = 0;
};

}  // namespace

Exposition read_exposition(std::string_view text) { return Reader{}.read(text); }

}  // namespace hawser::test
