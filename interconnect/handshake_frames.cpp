// The frames that begin and end a session: hello, welcome, refusal, goodbye.
#include <hawser/base/assert.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/frame_header.hpp>

#include <wire.capnp.h>

#include <algorithm>

namespace hawser {
namespace {

using namespace layout;

bool is_control_character(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

template <typename Root, typename Fill>
BufferRef handshake_frame(FrameKind kind, std::uint8_t version, LaneClass lane, std::size_t words, Fill&& fill) {
  BufferRef frame = Buffer::make(preamble_bytes + words * 8);
  write_preamble(frame->data(), kind, version, lane, 0, words);
  build_header<Root>(frame->data(), words, fill);
  seal(frame.bytes());
  return frame;
}

bool read_lane(std::uint8_t number, LaneClass& lane, std::string& problem) {
  if (number >= lane_count) {
    problem = "a frame names an unknown lane";
    return false;
  }
  lane = static_cast<LaneClass>(number);
  return true;
}

bool read_cluster(capnp::Text::Reader text, std::string& cluster, std::string& problem) {
  if (text.size() == 0 || text.size() > cluster_name_max ||
      std::any_of(text.begin(), text.end(), is_control_character)) {
    problem = "a hello names no cluster";
    return false;
  }
  cluster.assign(text.begin(), text.size());
  return true;
}

}  // namespace

BufferRef encode(const Hello& hello) {
  HAWSER_ASSERT(!hello.from.empty() && !hello.to.empty(), "a hello says who it is from and whom it is for");
  HAWSER_ASSERT(!hello.cluster.empty() && hello.cluster.size() <= cluster_name_max, "a cluster's name fits a hello");
  const std::size_t words = root_words<wire::Hello>() + text_words(hello.cluster.size()) +
                            text_words(hello.from.text().size()) + text_words(hello.to.text().size());
  return handshake_frame<wire::Hello>(FrameKind::hello, hello.version_max, hello.lane, words,
                                      [&](wire::Hello::Builder out) {
                                        out.setCluster(as_text(hello.cluster));
                                        out.setFrom(as_text(hello.from.text()));
                                        out.setTo(as_text(hello.to.text()));
                                        out.setFromIncarnation(to_number(hello.from_incarnation));
                                        out.setToIncarnation(to_number(hello.to_incarnation));
                                        out.setSession(hello.session);
                                        out.setNonce(hello.nonce);
                                        out.setGenerationDigest(hello.generation_digest);
                                        out.setSentAt(hello.sent_at);
                                        out.setLane(static_cast<std::uint8_t>(hello.lane));
                                        out.setVersionMin(hello.version_min);
                                        out.setVersionMax(hello.version_max);
                                        out.setBatchesBefore(hello.batches_before);
                                      });
}

bool decode(std::span<const std::byte> frame, Hello& hello, std::string& problem) {
  return read_header<wire::Hello>(frame, FrameKind::hello, problem, [&](wire::Hello::Reader in) {
    if (!read_cluster(in.getCluster(), hello.cluster, problem)) return false;
    if (!read_node_id(in.getFrom(), hello.from, problem) || !read_node_id(in.getTo(), hello.to, problem)) return false;
    if (!read_lane(in.getLane(), hello.lane, problem)) return false;
    if (load<std::uint8_t>(frame.data() + lane_at) != in.getLane()) {
      problem = "a hello opens another lane than its preamble says";
      return false;
    }
    hello.from_incarnation = Incarnation{in.getFromIncarnation()};
    hello.to_incarnation = Incarnation{in.getToIncarnation()};
    hello.session = in.getSession();
    hello.nonce = in.getNonce();
    hello.generation_digest = in.getGenerationDigest();
    hello.sent_at = in.getSentAt();
    hello.version_min = in.getVersionMin();
    hello.version_max = in.getVersionMax();
    hello.batches_before = in.getBatchesBefore();
    if (hello.from_incarnation == Incarnation::unknown) {
      problem = "a hello comes from incarnation 0";
      return false;
    }
    if (hello.version_min == 0 || hello.version_min > hello.version_max) {
      problem = "a hello offers no wire version";
      return false;
    }
    return true;
  });
}

BufferRef encode(const Welcome& welcome) {
  HAWSER_ASSERT(!welcome.from.empty() && !welcome.to.empty(), "a welcome says who it is from and whom it is for");
  HAWSER_ASSERT(welcome.resume.size() <= resume_entries_max,
                "a welcome lists no more channels than a session may have");
  const std::size_t words = root_words<wire::Welcome>() + text_words(welcome.from.text().size()) +
                            text_words(welcome.to.text().size()) +
                            list_words<wire::ChannelResume>(welcome.resume.size());
  return handshake_frame<wire::Welcome>(FrameKind::welcome, welcome.version, LaneClass::control, words,
                                        [&](wire::Welcome::Builder out) {
                                          out.setFrom(as_text(welcome.from.text()));
                                          out.setTo(as_text(welcome.to.text()));
                                          out.setFromIncarnation(to_number(welcome.from_incarnation));
                                          out.setToIncarnation(to_number(welcome.to_incarnation));
                                          out.setSession(welcome.session);
                                          out.setPeerSession(welcome.peer_session);
                                          out.setNonce(welcome.nonce);
                                          out.setSentAt(welcome.sent_at);
                                          out.setHelloSentAt(welcome.hello_sent_at);
                                          out.setLane(static_cast<std::uint8_t>(welcome.lane));
                                          out.setVersion(welcome.version);
                                          auto list = out.initResume(static_cast<unsigned>(welcome.resume.size()));
                                          for (unsigned i = 0; i < list.size(); ++i) {
                                            const ChannelResume& from = welcome.resume[i];
                                            auto to = list[i];
                                            to.setType(to_number(from.type));
                                            to.setReceived(from.received);
                                            to.setCreditMessages(from.credit_messages);
                                            to.setCreditBytes(from.credit_bytes);
                                            to.setReceivedBytes(from.received_bytes);
                                          }
                                        });
}

bool decode(std::span<const std::byte> frame, Welcome& welcome, std::string& problem) {
  return read_header<wire::Welcome>(frame, FrameKind::welcome, problem, [&](wire::Welcome::Reader in) {
    if (!read_node_id(in.getFrom(), welcome.from, problem)) return false;
    if (!read_node_id(in.getTo(), welcome.to, problem)) return false;
    if (!read_lane(in.getLane(), welcome.lane, problem)) return false;
    welcome.from_incarnation = Incarnation{in.getFromIncarnation()};
    welcome.to_incarnation = Incarnation{in.getToIncarnation()};
    welcome.session = in.getSession();
    welcome.peer_session = in.getPeerSession();
    welcome.nonce = in.getNonce();
    welcome.version = in.getVersion();
    welcome.sent_at = in.getSentAt();
    welcome.hello_sent_at = in.getHelloSentAt();
    if (welcome.from_incarnation == Incarnation::unknown) {
      problem = "a welcome comes from incarnation 0";
      return false;
    }
    if (welcome.version != load<std::uint8_t>(frame.data() + version_at)) {
      problem = "a welcome chooses another wire version than its preamble says";
      return false;
    }
    const auto list = in.getResume();
    if (list.size() > resume_entries_max) {
      problem = "a welcome lists too many channels";
      return false;
    }
    welcome.resume.clear();
    welcome.resume.reserve(list.size());
    for (const auto entry : list) {
      welcome.resume.push_back(ChannelResume{TypeId{entry.getType()}, entry.getReceived(), entry.getReceivedBytes(),
                                             entry.getCreditMessages(), entry.getCreditBytes()});
    }
    return true;
  });
}

BufferRef encode(const Refusal& refusal) {
  HAWSER_ASSERT(!refusal.from.empty(), "a refusal says who it is from");
  const std::string text = refusal.text.substr(0, refusal_text_max);
  const std::size_t words =
      root_words<wire::Refusal>() + text_words(refusal.from.text().size()) + text_words(text.size());
  return handshake_frame<wire::Refusal>(FrameKind::refusal, refusal.version_max, LaneClass::control, words,
                                        [&](wire::Refusal::Builder out) {
                                          out.setFrom(as_text(refusal.from.text()));
                                          out.setFromIncarnation(to_number(refusal.from_incarnation));
                                          out.setReason(static_cast<std::uint8_t>(refusal.reason));
                                          out.setVersionMin(refusal.version_min);
                                          out.setVersionMax(refusal.version_max);
                                          out.setText(as_text(text));
                                        });
}

bool decode(std::span<const std::byte> frame, Refusal& refusal, std::string& problem) {
  return read_header<wire::Refusal>(frame, FrameKind::refusal, problem, [&](wire::Refusal::Reader in) {
    if (!read_node_id(in.getFrom(), refusal.from, problem)) return false;
    const auto text = in.getText();
    if (text.size() > refusal_text_max) {
      problem = "a refusal's text is too long";
      return false;
    }
    refusal.from_incarnation = Incarnation{in.getFromIncarnation()};
    // Reasons are appended over time; one that we do not know still turns us away, and its text says why.
    refusal.reason =
        in.getReason() < refusal_reason_count ? static_cast<RefusalReason>(in.getReason()) : RefusalReason::none;
    refusal.version_min = in.getVersionMin();
    refusal.version_max = in.getVersionMax();
    refusal.text.assign(text.begin(), text.size());
    // A stranger wrote it and an operator's terminal will show it.
    std::replace_if(refusal.text.begin(), refusal.text.end(), is_control_character, '?');
    return true;
  });
}

BufferRef encode(const Goodbye& goodbye) {
  HAWSER_ASSERT(!goodbye.from.empty(), "a goodbye says who it is from");
  const std::size_t words = root_words<wire::Goodbye>() + text_words(goodbye.from.text().size()) +
                            list_words<wire::ChannelResume>(goodbye.taken.size());
  return handshake_frame<wire::Goodbye>(FrameKind::goodbye, goodbye.version, LaneClass::control, words,
                                        [&](wire::Goodbye::Builder out) {
                                          out.setFrom(as_text(goodbye.from.text()));
                                          out.setFromIncarnation(to_number(goodbye.from_incarnation));
                                          out.setSettled(goodbye.settled);
                                          auto list = out.initTaken(static_cast<unsigned>(goodbye.taken.size()));
                                          for (unsigned i = 0; i < list.size(); ++i) {
                                            list[i].setType(to_number(goodbye.taken[i].type));
                                            list[i].setReceived(goodbye.taken[i].received);
                                          }
                                        });
}

bool decode(std::span<const std::byte> frame, Goodbye& goodbye, std::string& problem) {
  return read_header<wire::Goodbye>(frame, FrameKind::goodbye, problem, [&](wire::Goodbye::Reader in) {
    goodbye.from_incarnation = Incarnation{in.getFromIncarnation()};
    goodbye.version = load<std::uint8_t>(frame.data() + version_at);
    goodbye.settled = in.getSettled();
    const auto list = in.getTaken();
    if (list.size() > resume_entries_max) {
      problem = "a goodbye lists too many channels";
      return false;
    }
    goodbye.taken.clear();
    for (const auto entry : list) goodbye.taken.push_back({TypeId{entry.getType()}, entry.getReceived(), 0, 0, 0});
    return read_node_id(in.getFrom(), goodbye.from, problem);
  });
}

}  // namespace hawser
