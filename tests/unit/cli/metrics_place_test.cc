#include "cli/metrics_place.h"

#include <catch2/catch_test_macros.hpp>
#include <string_view>
#include <variant>

using namespace glovebox;
using namespace glovebox::cli;

TEST_CASE("metrics are served to this host, or nowhere") {
  struct Row {
    std::string_view text, says;
  };
  const Row refused[] = {
      {"", "ADDRESS:PORT"},
      {"9464", "ADDRESS:PORT"},
      {"localhost:9464", "IP address"},
      {"0.0.0.0:9464", "not a loopback address"},
      {"10.0.0.1:9464", "not a loopback address"},
      {"[::]:9464", "not a loopback address"},
      {"127.0.0.1:", "the port"},
      {"127.0.0.1:65536", "the port"},
      {"127.0.0.1:80x", "the port"},
      {"/", "absolute path"},
      {"/run/../tmp/x", "absolute path"},
      {"/run/glovebox/", "absolute path"},
      {"run/metrics.sock", "ADDRESS:PORT"},
  };
  for (const Row& row : refused) {
    CAPTURE(row.text);
    const auto place = parse_metrics_place(row.text);
    REQUIRE_FALSE(place);
    INFO(place.error().message());
    CHECK(place.error().message().contains(row.says));
  }
  CHECK(std::holds_alternative<NoMetrics>(parse_metrics_place("none").value()));
  CHECK(std::get<SocketPath>(parse_metrics_place("/run/m.sock").value()).path == "/run/m.sock");
  for (const std::string_view text : {"127.0.0.1:9464", "[::1]:9464", "127.9.9.9:0"}) {
    CAPTURE(text);
    CHECK(std::holds_alternative<LoopbackPort>(parse_metrics_place(text).value()));
  }
  CHECK(std::get<LoopbackPort>(parse_metrics_place("[::1]:9464").value()).port == 9464);
}
