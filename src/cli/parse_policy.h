// The `policy` commands of the command line.
#pragma once

#include <optional>
#include <string>

#include "cli/options.h"
#include "cli/syntax.h"

namespace glovebox::cli {

// Holds what is read, and must live until the line is parsed.
class PolicyCommands {
 public:
  explicit PolicyCommands(Syntax& syntax) : syntax_(syntax) {}

  // `pending`: what the chosen command was given.
  void declare(CLI::App& root, Options& pending);

 private:
  void control(CLI::App& policy);
  void diff(CLI::App& policy);
  void asking(CLI::App& app, std::string& policy, policy::Who& who);
  void why(CLI::App& policy);
  void suggest(CLI::App& policy);
  void test(CLI::App& policy);
  void explain(CLI::App& policy);

  Syntax& syntax_;
  Options* pending_ = nullptr;
  PolicyShowOptions show_;
  PolicyControlOptions control_;
  PolicyCheckOptions check_;
  PolicyDiffOptions diff_;
  std::optional<PolicyDiffOptions::FailOn> diff_fail_on_;
  std::optional<PolicyDiffOptions::Form> diff_form_;
  PolicyWhyOptions why_;
  PolicySuggestOptions suggest_;
  PolicyTestOptions test_;
  PolicyExplainOptions explain_;
};

}  // namespace glovebox::cli
