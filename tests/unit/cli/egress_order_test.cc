#include "cli/egress_order.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

using namespace glovebox;
using namespace glovebox::cli;

namespace {

class Folder {
 public:
  Folder() {
    std::string made = std::filesystem::temp_directory_path() / "glovebox-egress-order-XXXXXX";
    REQUIRE(::mkdtemp(made.data()) != nullptr);
    path_ = made;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const char* name, std::string_view text, mode_t mode) const {
    const std::string path = path_ / name;
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
  }

 private:
  std::filesystem::path path_;
};

std::string held(const EgressOrder& order, std::string_view name) {
  for (const auto& [known, secret] : order.secrets.held)
    if (known == name) return std::string(secret.reveal());
  return "";
}

roles::SecretReference file_reference(const std::string& path) {
  return {roles::SecretReference::From::file, path};
}

// As the control plane is reached.
WorkerOrder around() {
  WorkerOrder order;
  order.settings.no_proxy = ".around";
  order.settings.ca_path = "/around.pem";
  order.settings.ca_pem = "around";
  order.secrets.emplace_back(std::string(roles::kEnvironmentKey), Secret::take("sk-env"));
  order.secrets.emplace_back(std::string(roles::kHttpsProxy), Secret::take("http://u:p@secure:1"));
  order.secrets.emplace_back(std::string(roles::kHttpProxy), Secret::take("http://plain:2"));
  order.secrets.emplace_back(std::string(roles::kProxyAuth), Secret::take("user:around"));
  order.secret_files.emplace_back(std::string(roles::kProxyAuth),
                                  roles::SecretFile{.path = "/word"});
  return order;
}

}  // namespace

TEST_CASE("what egress names and cannot be read ends the start") {
  const Folder folder;
  Configuration configuration;
  configuration.egress.ca_file = "/nonexistent/ca.pem";
  auto order = egress_order(configuration, around());
  REQUIRE_FALSE(order);
  CHECK(order.error().code == ExitCode::unconfigured);
  CHECK(order.error().message.starts_with("[egress] ca_file: "));
  configuration.egress.ca_file.reset();

  for (const std::string& path :
       {std::string("/nonexistent/word"), folder.file("open", "u:p", 0644)}) {
    configuration.egress.proxy_auth = file_reference(path);
    order = egress_order(configuration, around());
    REQUIRE_FALSE(order);
    CHECK(order.error().code == ExitCode::unconfigured);
    CHECK(order.error().message.starts_with("[egress] proxy_auth: "));
  }
}

TEST_CASE("egress that says nothing goes the control plane's way, without its key") {
  auto from = around();
  from.proxy_command = {"/bin/word"};
  const auto order = egress_order({}, from);
  REQUIRE(order);
  CHECK_FALSE(order->settings.proxy);
  CHECK(order->settings.no_proxy == ".around");
  CHECK(order->settings.ca_path == "/around.pem");
  CHECK(order->settings.ca_pem == "around");
  CHECK(order->settings.resolvers.empty());
  CHECK(held(*order, roles::kHttpsProxy) == "http://u:p@secure:1");
  CHECK(held(*order, roles::kHttpProxy) == "http://plain:2");
  CHECK(held(*order, roles::kProxyAuth) == "user:around");
  CHECK(held(*order, roles::kEnvironmentKey).empty());
  REQUIRE(order->secrets.files.size() == 1);
  CHECK(order->secrets.files[0].second.path == "/word");
  CHECK(order->secrets.proxy_command == std::vector<std::string>{"/bin/word"});
  from.settings.proxy = "";
  CHECK(egress_order({}, from)->settings.proxy == "");
}

TEST_CASE("a proxy that egress names gets no credentials of another one") {
  for (const char* proxy : {"http://own:3", ""}) {
    Configuration configuration;
    configuration.egress.proxy = proxy;
    auto from = around();
    from.proxy_command = {"/bin/word"};
    const auto order = egress_order(configuration, from);
    REQUIRE(order);
    CHECK(order->settings.proxy == proxy);
    CHECK(order->secrets.held.empty());
    CHECK(order->secrets.files.empty());
    CHECK(order->secrets.proxy_command.empty());
  }
}

TEST_CASE("what egress says of its own comes first") {
  const Folder folder;
  Configuration configuration;
  configuration.egress.proxy = "http://own:3";
  configuration.egress.no_proxy = ".own";
  configuration.egress.ca_file = folder.file("ca.pem", "own", 0644);
  configuration.egress.proxy_auth = file_reference(folder.file("word", "own:word\n", 0600));
  configuration.egress.resolvers = {{*codec::IpAddress::parse("192.0.2.1"), 5353}};
  const auto order = egress_order(configuration, around());
  REQUIRE(order);
  CHECK(order->settings.no_proxy == ".own");
  CHECK(order->settings.ca_pem == "own");
  CHECK(held(*order, roles::kProxyAuth) == "own:word");
  REQUIRE(order->secrets.files.size() == 1);
  const auto back = roles::EgressSettings::from_json(order->settings.to_json());
  REQUIRE(back);
  CHECK(back->proxy == "http://own:3");
  CHECK(back->no_proxy == ".own");
  CHECK(back->resolvers == *configuration.egress.resolvers);

  configuration.egress.proxy_auth.reset();
  configuration.egress.proxy_command = {"/bin/own"};
  const auto printed = egress_order(configuration, around());
  REQUIRE(printed);
  CHECK(printed->secrets.held.empty());
  CHECK(printed->secrets.proxy_command == std::vector<std::string>{"/bin/own"});
}

TEST_CASE("a word that both name is read once") {
  Configuration configuration;
  configuration.proxy_auth = configuration.egress.proxy_auth =
      roles::SecretReference{roles::SecretReference::From::variable, "GLOVEBOX_TEST_TAKEN"};
  const auto order = egress_order(configuration, around());
  REQUIRE(order);
  CHECK(held(*order, roles::kProxyAuth) == "user:around");
}

TEST_CASE("the environment alone says where a command without a configuration goes") {
  for (const char* name : {"https_proxy", "HTTP_PROXY", "http_proxy", "no_proxy"}) ::unsetenv(name);
  ::setenv("HTTPS_PROXY", "socks5://u:p@proxy", 1);
  const auto refused = read_surroundings();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ExitCode::unconfigured);
  CHECK(refused.error().message.starts_with("HTTPS_PROXY: "));

  const Folder folder;
  ::setenv("HTTPS_PROXY", "http://u:p@proxy:3128", 1);
  ::setenv("NO_PROXY", ".example", 1);
  ::setenv("SSL_CERT_FILE", folder.file("ca.pem", "pem", 0644).c_str(), 1);
  const auto found = read_surroundings();
  ::unsetenv("NO_PROXY");
  ::unsetenv("SSL_CERT_FILE");
  REQUIRE(found);
  CHECK(::getenv("HTTPS_PROXY") == nullptr);
  const auto order = egress_order({}, *found);
  REQUIRE(order);
  CHECK(held(*order, roles::kHttpsProxy) == "http://u:p@proxy:3128");
  CHECK(order->settings.no_proxy == ".example");
  CHECK(order->settings.ca_pem == "pem");
}
