#include "audit/session_screen.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

// A session that is shown while it is made.
class Shown {
 public:
  explicit Shown(std::string_view session = "s") : screen_(session, kOrigin) {}
  void add(RecordKind kind, std::string_view call, std::string_view members,
           std::string_view session = "s") {
    codec::Json json = codec::parse_json(members).value();
    const std::string line = maker_.make(kind, session, call, std::move(*json.as_object()));
    take(screen_.add(index_++, parse_record(line).value()));
  }
  std::string finish(std::uint64_t sealed) {
    take(screen_.totals(sealed));
    return text_;
  }
  const std::string& text() const { return text_; }
  bool is_empty() const { return screen_.is_empty(); }

 private:
  void take(const SessionScreen::Lines& lines) {
    for (const std::string& line : lines) {
      CHECK(line.size() <= kScreenWidth);
      CHECK(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; }));
      text_ += line + "\n";
    }
  }
  RecordMaker maker_;
  SessionScreen screen_;
  std::uint64_t index_ = 3;
  std::string text_;
};

}  // namespace

TEST_CASE("a session is one screen: who, what, by which rule, where to, and what came of it") {
  Shown shown;
  using enum RecordKind;
  shown.add(session_open, "", R"({"agent":"agent_1","env":"env_1","work":"work_1",
    "pol":"0123456789abcdef0123456789abcdef","polfile":"/etc/glovebox/policy.toml",
    "prot":{"kernel":"6.1","landlock":4,"cgroup":"v2","roles":"ids"},"last":2})");
  shown.add(tool_intent, "t1", R"({"tool":"bash","arg":{"command":"make -j2"},"rule":"p.toml:17",
    "prof":"build","prot":{"layers":["a","b","c"],"filter":"bash"},"dec":"allow"})");
  shown.add(tool_intent, "t2", R"({"tool":"read","arg":{"file_path":"/w/a.txt"},"rule":"p.toml:9",
    "prof":"files","prot":{"layers":["a"],"filter":"file"},"dec":"allow"})");
  shown.add(net_open, "t1", R"({"host":"a.test","port":443,"l7":"inspect","meth":"GET","path":"/x",
    "rule":"p.toml:30","cred":"forge","up":512,"down":3145728,"ms":12,"dec":"allow"})");
  shown.add(net_deny, "t1", R"({"host":"evil.test","port":80,"l7":"none","why":"no rule allows it",
    "n":3,"dec":"deny"})");
  shown.add(sys_deny, "t1", R"({"call":"ptrace","errno":"EPERM","comm":"gdb","rule":"bash:12"})");
  shown.add(tool_result, "t2", R"({"outcome":"finished","exit":0,"err":false,
    "out":{"c":"00","n":5},"ns":1500000,"cpu":900000,"rss":1024})");
  shown.add(tool_result, "t1", R"({"outcome":"signalled","sig":9,"err":true,"why":"memory",
    "out":{"c":"00","n":4096},"ns":12000000000,"cpu":1000000000,"rss":2097152,"left":2})");
  shown.add(tool_deny, "t3", R"({"tool":"nothing","arg":{},"why":"no such tool",
    "outcome":"refused","rule":"p.toml:1","dec":"deny"})");
  shown.add(fs_deny, "", R"({"type":"file","name":"/workspace/.git/hooks/x","did":"moved",
    "to":"/outputs/guard/1","rule":"p.toml:40"})");
  shown.add(tool_intent, "t4", R"({"tool":"bash","rule":"p.toml:17","prof":"build"})");
  shown.add(tool_orphan, "t4", R"({"why":"interrupted"})");
  shown.add(session_close, "", R"({"why":"done"})");
  shown.add(session_close, "", R"({"why":"another"})", "other");
  CHECK(shown.finish(17) == R"(session  s
log      example.com/glovebox/m1/2026

15:42:31.001  session     opened on 2026-11-24 by agent agent_1
                          environment env_1, work item work_1
                          policy /etc/glovebox/policy.toml (digest 0123456789abcdef)
                          host: Linux 6.1, Landlock 4, cgroup v2; roles apart by ids
                          goes on after record 2, which closed it before
15:42:31.002  call 1      bash: make -j2
                          allowed by p.toml:17, profile build, 3 layers, filter bash
15:42:31.003  call 2      read: /w/a.txt
                          allowed by p.toml:9, profile files, 1 layer, filter file
15:42:31.004  call 1      -> a.test:443 GET /x 512 bytes up, 3.0 MiB down in 12 ms
                            with the credential forge
                            by p.toml:30 (inspect)
15:42:31.005  call 1      -> evil.test:80 REFUSED: no rule allows it, 3 times
15:42:31.006  call 1      REFUSED ptrace of gdb: EPERM
                            by bash:12
15:42:31.007  call 2      finished, exit 0
                          took 1.5 ms, processor 0.9 ms, memory 1.0 MiB, output 5 bytes
15:42:31.008  call 1      signalled, signal 9: memory, an error
                          took 12.0 s, processor 1.0 s, memory 2.0 GiB, output 4.0 KiB
                          left 2 processes in the background
15:42:31.009  call 3      nothing: {}
                          REFUSED (refused): no such tool
                            by p.toml:1
15:42:31.010  session     guarded file /workspace/.git/hooks/x: moved to /outputs/guard/1
                            by p.toml:40
15:42:31.011  call 4      bash: (arguments are not recorded)
                          allowed by p.toml:17, profile build
15:42:31.012  call 4      has no result: interrupted
15:42:31.013  session     closed: done

3 calls ran, 1 refused, 1 without a result, 0 going on
1 connection, 3 refused; 512 bytes up, 3.0 MiB down; 2 refusals in boxes
13 records, all under the checkpoint over 17 records
to check it: glovebox audit verify; one record whole: audit show --index N
)");
}

TEST_CASE("what a session says cannot leave its lines") {
  Shown shown;
  const std::string evil = R"(\u001b[2J\u202e\nREFUSED)";
  shown.add(RecordKind::tool_intent, "t1",
            R"({"tool":")" + evil + R"(","arg":{"command":")" + std::string(3000, 'x') + evil +
                R"("},"rule":")" + evil + R"(","prof":[1,{"a":")" + evil + R"("}],"prot":7})");
  shown.add(RecordKind::net_open, "t1",
            R"({"host":{"c":"0","n":1},"port":"x","up":-5,"down":"y"})");
  shown.add(RecordKind::tool_result, "t1", R"({"out":9,"ns":-1,"exit":null})");
  shown.add(RecordKind::session_open, "", R"({"prot":{"kernel":{}}})");
  const std::string text = shown.finish(0);
  CHECK(text.contains("xxx...\n"));
  CHECK_FALSE(text.contains("\nREFUSED"));
  CHECK(text.contains("<x1b>[2J<u202e><x0a>REFUSED"));
  CHECK(text.contains("4 records, not all sealed: the checkpoint is over 0 records"));
}

TEST_CASE("calls are numbered as they come, and one that is not known is no call of another") {
  Shown shown;
  CHECK(shown.is_empty());
  shown.add(RecordKind::tool_intent, "t", R"({})", "other");
  CHECK(shown.is_empty());
  CHECK(shown.text().empty());
  for (int i = 1; i <= 10'000; ++i) {
    const std::string call = "t" + std::to_string(i);
    shown.add(RecordKind::tool_intent, call, R"({"tool":"bash"})");
    shown.add(RecordKind::tool_result, call, R"({"exit":0})");
  }
  shown.add(RecordKind::net_deny, "t1", R"({"host":"late.test"})");
  const std::string text = shown.finish(1);
  CHECK(text.contains("call 10000  bash"));
  CHECK(text.contains("a call      -> late.test REFUSED"));
  CHECK(text.contains("10000 calls ran, 0 refused, 0 without a result, 0 going on"));
}
