#pragma GCC system_header
#pragma once
#include <cstdint>
#include <string_view>
#include <hawser/base/reason.hpp>
#include <hawser/detector/peer_state.hpp>
namespace hawser {
struct PhiConfig{Duration interval{200000}; Duration acceptable_pause{400000}; Duration deviation_min{20000}; std::size_t window=500;};
struct JudgeConfig{PhiConfig phi; double suspect=5; double unreachable=8; Duration never_heard_hold{3000000};};
class PeerJudge{public:
  PeerJudge(const JudgeConfig& c,Instant now):c_(c),began_(now),last_(now){reason_.since=now;reason_.cause="starting";}
  void session_open(Instant now){last_=now;heard_=true;want_=PeerState::up;cause_="recovered";}
  void connection_lost(Instant,std::string_view cause){if(!heard_) lost_=cause;}
  void reply(Instant now){last_=now; want_=PeerState::up;cause_="recovered";}
  void peer_restarted(Instant now){last_=now;}
  void convict(Instant now,std::string_view cause){last_=now-Duration{100000000};state_=want_=PeerState::unreachable;reason_={now,cause,{},{}};}
  bool tick(Instant now){
    PeerState s=want_; std::string_view cause=cause_;
    if(!heard_){ s= now-began_>=c_.never_heard_hold?PeerState::unreachable:PeerState::connecting; cause=lost_; }
    else { auto d=now-last_; if(d>=unreach()) {s=PeerState::unreachable;cause="silent";} else if(d>=susp()&&state_!=PeerState::unreachable){s=PeerState::suspect;cause="silent";} else s=want_; }
    if(s==state_) return false; if(s==PeerState::unreachable) want_=s; state_=s; reason_={now,cause,{},{}}; return true; }
  Instant next_wake() const { if(!heard_) return state_==PeerState::unreachable?never:later(began_,c_.never_heard_hold); if(state_==PeerState::unreachable) return never; if(state_==PeerState::suspect) return later(last_,unreach()); return later(last_,susp()); }
  PeerState state() const {return state_;} const Reason& reason() const {return reason_;} double phi(Instant now) const {return double((now-last_).count())/double(unreach().count())*8;} std::uint32_t flaps() const{return 0;} void excuse(Duration d){last_+=d;}
 private: Duration susp() const{return c_.phi.interval+c_.phi.acceptable_pause+c_.phi.interval/2;} Duration unreach() const{return c_.phi.interval*2+c_.phi.acceptable_pause;}
  JudgeConfig c_; Instant began_,last_; bool heard_=false; PeerState state_=PeerState::connecting,want_=PeerState::connecting; std::string_view cause_="",lost_="never_heard"; Reason reason_;
};
}
