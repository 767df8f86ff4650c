// Every word by which a node says how something is and why: its meaning, and what a person does about it.
//
// The words are those of reasons, events and states as the API, the metrics and the commands show them; the same word
// may mean different things of different subjects. docs/operations.md has the table, made from the one here, and a test
// holds it against the sources. Words of outcomes are in docs/delivery.md.
#pragma once

#include <hawser/interconnect/config.hpp>

#include <span>
#include <string>
#include <string_view>

namespace hawser {

struct WordMeaning {
  std::string_view subject;  // peer, connection, refusal, breaker, stance, itself, intake, event, happening
  std::string_view word;
  std::string_view meaning;  // of the subject, as the end of a sentence
  std::string_view remedy;   // a sentence in the imperative; empty: nothing is to be done
  // Of an event with that cause, or of that kind where its cause does not decide: see level_of() in log_line.hpp.
  LogLevel weight = LogLevel::warn;
};

std::span<const WordMeaning> vocabulary();
// Null when the word is not one of that subject's.
const WordMeaning* find_word(std::string_view subject, std::string_view word);

// The tables of docs/operations.md.
std::string vocabulary_markdown();

}  // namespace hawser
