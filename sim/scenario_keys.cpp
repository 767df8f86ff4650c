#include <hawser/sim/scenario_keys.hpp>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

namespace hawser::sim {
namespace {

constexpr std::int64_t ms = 1'000;
constexpr std::int64_t s = 1'000 * ms;
constexpr std::int64_t h = 3'600 * s;
constexpr std::int64_t mib = 1 << 20;
constexpr std::int64_t gib = 1'024 * mib;
constexpr std::int64_t whole = 1'000'000;  // a chance of one
constexpr std::int64_t million = 1'000'000;
constexpr std::int64_t largest = Expectation::unlimited;

template <typename T>
FieldValue to_value(const T& field) {
  if constexpr (std::is_same_v<T, Duration>) {
    return std::int64_t{field.count()};
  } else if constexpr (std::is_same_v<T, bool>) {
    return field;
  } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
    return static_cast<std::int64_t>(field);
  } else {
    return field;
  }
}

template <typename T>
void from_value(FieldValue value, T& field) {
  if constexpr (std::is_same_v<T, Duration>) {
    field = Duration{std::get<std::int64_t>(value)};
  } else if constexpr (std::is_same_v<T, bool>) {
    field = std::get<bool>(value);
  } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
    field = static_cast<T>(std::get<std::int64_t>(value));
  } else {
    field = std::get<T>(std::move(value));
  }
}

template <typename Struct, typename T>
Struct struct_of(T Struct::*);

template <auto Member>
auto field(std::string_view name, FieldKind kind, std::int64_t low, std::int64_t high, std::string_view sentence,
           std::string_view choices = {}) {
  using Struct = decltype(struct_of(Member));
  Field<Struct> row;
  row.name = name;
  row.kind = kind;
  row.low = low;
  row.high = high;
  row.choices = choices;
  row.sentence = sentence;
  row.get = [](const Struct& from) { return to_value(from.*Member); };
  row.set = [](Struct& to, FieldValue value) { from_value(std::move(value), to.*Member); };
  return row;
}

using K = FieldKind;

constexpr std::string_view point_words =
    "flush_delayed flush_reordered batch_cut_small ack_withheld credit_withheld hello_delayed welcome_delayed "
    "dial_delayed handler_delayed completion_delayed";
static_assert([] {
  std::size_t at = 0;
  for (const std::string_view name : fault_point_names) {
    if (point_words.substr(at, name.size()) != name) return false;
    at += name.size() + 1;
  }
  return at == point_words.size() + 1;
}());

}  // namespace

std::span<const Field<Scenario>> scenario_fields() {
  static const std::array rows{
      field<&Scenario::name>("name", K::text, 0, 100, "What it is called."),
      field<&Scenario::about>("about", K::text, 0, 2000, "What it shows, in a sentence or two."),
      field<&Scenario::seed>("seed", K::count, 0, largest, "Chance of the run: the same seed, the same run."),
      field<&Scenario::length>("length", K::duration, ms, h, "How long traffic and timeline go on."),
      field<&Scenario::nodes>("nodes", K::nodes, 1, 64,
                              "The node ids, in the order of seniority, or how many: 3 means n1, n2, n3."),
      field<&Scenario::stable>("stable", K::names, 0, 64,
                               "The stable core: a verb that stops or pauses one of these is an error."),
  };
  return rows;
}

std::span<const Field<Link>> link_fields() {
  static const std::array rows{
      field<&Link::from>("from", K::names, 0, 64, "From these nodes; all when left out."),
      field<&Link::to>("to", K::names, 0, 64, "To these; all when left out."),
      field<&Link::both>("both", K::flag, 0, 0, "The other direction too."),
      field<&Link::delay>("delay", K::durations, 0, 60 * s, "How long a segment is under way, one way."),
      field<&Link::loss>("loss", K::chance, 0, whole,
                         "Chance that a segment is lost; TCP sends it again after 200 ms and doubles."),
      field<&Link::rate>("rate", K::size, 0, 1'024 * gib, "Bytes per second of the pair; 0 is without limit."),
      field<&Link::buffer>("buffer", K::size, 1'024, gib, "What one connection holds each way."),
  };
  return rows;
}

std::span<const Field<Stream>> stream_fields() {
  static const std::array rows{
      field<&Stream::type>("type", K::text, 1, 64, "The message type: Note, Order, Blob, Query, Signal or Job."),
      field<&Stream::from>("from", K::names, 0, 64, "From each of these nodes; all when left out."),
      field<&Stream::to>("to", K::names, 0, 64, "To these; all others when left out."),
      field<&Stream::share>("share", K::word, 0, 0, "Whom an arrival goes to: each of them, the next, or any.",
                            "each turn random"),
      field<&Stream::request>("request", K::flag, 0, 0, "A request, which waits for its answer until `ttl`."),
      field<&Stream::arrival>("arrival", K::word, 0, 0,
                              "One every `every`; the same on average; or `burst` at once every `every`.",
                              "constant poisson burst"),
      field<&Stream::every>("every", K::duration, 100, h, "Time between two arrivals at a sender."),
      field<&Stream::burst>("burst", K::count, 1, 10'000, "How many at once, for arrival = \"burst\"."),
      field<&Stream::size>("size", K::sizes, 0, 16 * mib, "Bytes of the body."),
      field<&Stream::ttl>("ttl", K::duration, 5 * ms, 24 * h, "TTL of a message, deadline of a request."),
      field<&Stream::work>("work", K::duration, 0, h, "How long a handler takes."),
      field<&Stream::failing>("failing", K::chance, 0, whole, "Chance that a handler fails."),
      field<&Stream::start>("start", K::duration, 0, h, "First arrival not before this."),
      field<&Stream::stop>("stop", K::duration, 0, h, "No arrival after this; 0 means the end."),
  };
  return rows;
}

std::span<const Field<Fault>> fault_fields() {
  static const std::array rows{
      field<&Fault::at>("at", K::duration, 0, h, "When. Entries stand in the order of time."),
      field<&Fault::verb>("do", K::text, 1, 64, "The verb; those below."),
      field<&Fault::lasts>("for", K::duration, 0, h, "Undone after so long; without it, it stays."),
      field<&Fault::on>("on", K::names, 0, 64, "The nodes it happens to."),
      field<&Fault::from>("from", K::names, 0, 64, "Links from these nodes."),
      field<&Fault::to>("to", K::names, 0, 64, "Links to these."),
      field<&Fault::both>("both", K::flag, 0, 0, "The other direction too."),
      field<&Fault::groups>("groups", K::groups, 0, 64, "The sides; nodes in none of them keep all their links."),
      field<&Fault::cut>("cut", K::word, 0, 0,
                         "blackhole: what is sent is lost, connections stay up; jam: it arrives at the end; reset: "
                         "connections end first; slow: it takes a second more each way.",
                         "blackhole jam reset slow"),
      field<&Fault::delay>("delay", K::durations, 0, 60 * s, "How long a segment is under way, one way."),
      field<&Fault::loss>("loss", K::chance, 0, whole, "Chance that a segment is lost."),
      field<&Fault::enter>("enter", K::chance, 0, whole, "Chance per frame that a bad time begins."),
      field<&Fault::leave>("leave", K::chance, 0, whole, "Chance per frame that it ends."),
      field<&Fault::extra_delay>("extra_delay", K::duration, 0, 60 * s, "Of each frame in a bad time."),
      field<&Fault::rate>("rate", K::size, 1, 1'024 * gib, "Bytes per second."),
      field<&Fault::buffer>("buffer", K::size, 1'024, gib, "What one connection holds each way."),
      field<&Fault::frame_bytes_max>("frames_up_to", K::size, 1, gib, "Larger frames get stuck."),
      field<&Fault::lane>("lane", K::word, 0, 0, "The lane that it happens to.", "control ordinary bulk"),
      field<&Fault::duplicate>("duplicate", K::chance, 0, whole, "Chance that a frame comes twice."),
      field<&Fault::replay>("replay", K::chance, 0, whole, "Chance that an older frame comes before it."),
      field<&Fault::corrupt>("corrupt", K::chance, 0, whole, "Chance that one bit is flipped."),
      field<&Fault::truncate>("truncate", K::chance, 0, whole, "Chance that its end is missing."),
      field<&Fault::notice>("notice", K::word, 0, 0, "Who is told of a reset.", "both first second"),
      field<&Fault::down>("down", K::duration, ms, h, "How long it is cut or off each time."),
      field<&Fault::up>("up", K::duration, ms, h, "How long it works in between."),
      field<&Fault::how>("how", K::word, 0, 0,
                         "silent: power loss, nobody is told; with_reset: its machine resets the connections.",
                         "silent with_reset"),
      field<&Fault::keep_disk>("keep_disk", K::flag, 0, 0, "Whether what it had stored is there at the restart."),
      field<&Fault::cost>("cost", K::duration, 0, s, "How long each turn keeps it busy."),
      field<&Fault::ppm>("ppm", K::count, -200'000, 200'000, "Rate error of its clock, in millionths."),
      field<&Fault::by>("by", K::signed_duration, -24 * h, 24 * h, "How far a clock jumps."),
      field<&Fault::late>("late", K::duration, 0, 60 * s, "How late a timer may be."),
      field<&Fault::limit>("limit", K::count, 0, million, "Connections that it may have."),
      field<&Fault::instead>("instead", K::text, 0, 64, "The node that new connections end at."),
      field<&Fault::type>("type", K::text, 0, 64, "The message type: Note, Order, Blob, Query, Signal or Job."),
      field<&Fault::point>("point", K::word, 0, 0, "The point of the code, as `base/fault_point.hpp` explains it.",
                           point_words),
      field<&Fault::chance>("chance", K::chance, 0, whole, "Chance that the point fires when the code passes it."),
      field<&Fault::held>("held", K::size, 1, 1'024 * gib, "Bytes of messages that the process may hold."),
      field<&Fault::port>("port", K::count, 1, 65'535, "The port that it listens at from then on."),
      field<&Fault::version_min>("version_min", K::count, 1, 255, "The lowest wire version that the build speaks."),
      field<&Fault::version_max>("version_max", K::count, 1, 255, "The highest one."),
  };
  return rows;
}

namespace {

// `at` is a span of no length: both ends, or neither.
Field<Expectation> at_field() {
  Field<Expectation> row = field<&Expectation::from>("at", K::duration, 0, h, "When it is looked at.");
  row.get = [](const Expectation& from) { return to_value(from.from == from.to ? from.from : Duration{0}); };
  row.set = [](Expectation& to, FieldValue value) {
    from_value(value, to.from);
    to.to = to.from;
  };
  return row;
}

Field<Expectation> from_field() {
  Field<Expectation> row = field<&Expectation::from>("from", K::duration, 0, h, "Beginning of the time that counts.");
  row.get = [](const Expectation& from) { return to_value(from.from == from.to ? Duration{0} : from.from); };
  return row;
}

Field<Expectation> to_field() {
  Field<Expectation> row = field<&Expectation::to>("to", K::duration, 0, h, "End of it; 0 means the end.");
  row.get = [](const Expectation& from) { return to_value(from.from == from.to ? Duration{0} : from.to); };
  return row;
}

}  // namespace

std::span<const Field<Expectation>> expectation_fields() {
  static const std::array rows{
      field<&Expectation::kind>("kind", K::word, 0, 0, "What is expected; those below.",
                                "peer stance alive outcome event handled recovery rest"),
      at_field(),
      from_field(),
      to_field(),
      field<&Expectation::how>("how", K::word, 0, 0, "All that time, at some time in it, or at none.",
                               "always eventually never"),
      field<&Expectation::nodes>("nodes", K::names, 0, 64, "The nodes that are asked; all when left out."),
      field<&Expectation::peers>("peers", K::names, 0, 64, "The peers they are asked of; all others when left out."),
      field<&Expectation::state>("state", K::text, 0, 64, "connecting, up, suspect or unreachable."),
      field<&Expectation::stance>("stance", K::text, 0, 64, "joining, serving or isolated."),
      field<&Expectation::alive>("alive", K::flag, 0, 0, "Whether they run."),
      field<&Expectation::type>("type", K::text, 0, 64, "Messages of this type; all when left out."),
      field<&Expectation::outcome>("outcome", K::text, 0, 64, "How they ended: delivered, expired, unreachable, ..."),
      field<&Expectation::event>("event", K::text, 0, 64, "A kind of event: peer_state, breaker, lane, dial, ..."),
      field<&Expectation::cause>("cause", K::text, 0, 64, "Its cause; any when left out."),
      field<&Expectation::min>("min", K::count, 0, largest, "At least so many, all nodes together."),
      field<&Expectation::max>("max", K::count, 0, largest, "At most so many."),
      field<&Expectation::within>("within", K::duration, ms, h, "How long after the end it may take."),
  };
  return rows;
}

std::span<const ExpectRow> expect_rows() {
  static constexpr std::array rows{
      ExpectRow{ExpectKind::peer, "state", "at from to how nodes peers",
                "What nodes hold of peers. A node that does not run holds nothing, which is inconclusive."},
      ExpectRow{ExpectKind::stance, "stance", "at from to how nodes", "May the nodes act for the cluster."},
      ExpectRow{ExpectKind::alive, "alive", "at from to how nodes", "Whether the nodes run."},
      ExpectRow{ExpectKind::outcome, "outcome", "from to nodes peers type min max",
                "How many messages from nodes to peers ended so. Inconclusive when none was sent."},
      ExpectRow{ExpectKind::event, "event", "from to nodes peers cause min max",
                "How many entries the event logs of the nodes got, about those peers where any are named."},
      ExpectRow{ExpectKind::handled, "", "from to nodes peers type min max",
                "How many messages from nodes the handlers of peers saw. Inconclusive when none was sent."},
      ExpectRow{
          ExpectKind::recovery, "", "within",
          "After the end, with traffic going on: every node that runs takes every other one for up, breakers closed."},
      ExpectRow{ExpectKind::rest, "", "within", "After that, without traffic: nothing is held, the books are closed."},
  };
  return rows;
}

}  // namespace hawser::sim
