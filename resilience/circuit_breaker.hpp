#pragma GCC system_header
#pragma once
#include <optional>
#include <hawser/base/reason.hpp>
#include <hawser/base/time.hpp>
namespace hawser {
struct BreakerConfig{std::uint32_t consecutive_failures=5,failure_percent=50,calls_min=20; Duration window{10000000},open_for{1000000},open_max{30000000}; std::uint32_t successes_to_close=2; Duration slow_limit{2000000}; std::uint32_t slow_percent=80;};
struct Permit{std::uint64_t generation,id;};
enum class Verdict:std::uint8_t{success,failure,neutral};
enum class BreakerState:std::uint8_t{closed,open,half_open,ramping};
inline std::string_view to_string(BreakerState s){switch(s){case BreakerState::closed:return "closed";case BreakerState::open:return "open";case BreakerState::half_open:return "half_open";default:return "ramping";}}
class CircuitBreaker{public: CircuitBreaker(BreakerConfig c,std::uint64_t):c_(c){}
 std::optional<Permit> try_acquire(Instant){ if(s_==BreakerState::open) return {}; return Permit{0,0};}
 void record(Permit,Instant now,Verdict v,Duration){ record_batch(now,v==Verdict::success,v==Verdict::failure,0);}
 BreakerState state(Instant) const{return s_;} Instant retry_at() const{return until_;} const Reason& reason() const{return r_;}
 void trip(Instant now,std::string_view cause,std::string d,bool ev){ if(s_==BreakerState::open)return; s_=BreakerState::open; ++n_; until_=ev?never:later(now,c_.open_for); r_={now,cause,d,{}}; evid_=0;}
 void evidence(Instant now){ if(s_==BreakerState::open&&until_==never&&++evid_>=2){s_=BreakerState::half_open; r_={now,"evidence",{},{}}; s_=BreakerState::closed;} }
 void record_batch(Instant now,std::uint32_t s,std::uint32_t f,std::uint32_t){ if(f){fails_+=f; if(s_==BreakerState::half_open||fails_>=c_.consecutive_failures) trip(now,"consecutive_failures",{},false);} if(s){fails_=0; if(s_==BreakerState::half_open&&(ok_+=s)>=c_.successes_to_close){s_=BreakerState::closed;r_={now,"probes_succeeded",{},{}};}}}
 Instant next_wake() const{return s_==BreakerState::open?until_:never;} void tick(Instant now){ if(s_==BreakerState::open&&until_<=now){s_=BreakerState::half_open;ok_=0;r_={now,"open_time_over",{},{}};} } std::uint64_t opened() const{return n_;}
 private: BreakerConfig c_; BreakerState s_=BreakerState::closed; Instant until_=never; Reason r_; std::uint64_t n_=0; std::uint32_t evid_=0,fails_=0,ok_=0;};
}
