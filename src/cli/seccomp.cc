#include "cli/seccomp.h"

#include <expected>
#include <format>
#include <string>
#include <utility>
#include <vector>

#include "cli/message.h"
#include "cli/output_file.h"
#include "cli/seccomp_report.h"
#include "codec/json.h"
#include "os/file.h"
#include "roles/policy_source.h"
#include "seccomp/bpf.h"
#include "seccomp/explain.h"
#include "seccomp/filter.h"
#include "seccomp/import_oci.h"
#include "seccomp/parse.h"

namespace glovebox::cli {

namespace {

// A shipped filter by its name, else a file. The error is told already.
std::expected<seccomp::Proved, ExitCode> find_filter(const std::string& named, seccomp::Arch arch) {
  const std::string name =
      roles::is_builtin(named) ? std::string(roles::builtin_name(named)) : named;
  if (auto shipped = seccomp::prove_builtin(name, arch)) {
    if (*shipped) return *std::move(*shipped);
    return std::unexpected(fail(ExitCode::bug, seccomp::to_text(shipped->error())));
  }
  const auto text = os::read_file(named, seccomp::kMaxTextBytes);
  if (!text) {
    std::string names;
    for (const std::string_view known : seccomp::builtin_names())
      names += std::format("{}{}", names.empty() ? "" : ", ", known);
    return std::unexpected(
        fail(ExitCode::invalid_file, std::format("{}: no shipped filter, and no file to read: {}\n"
                                                 "hint: {}",
                                                 named, text.error().message(), names)));
  }
  auto proved = seccomp::prove_text(named, *text, seccomp::FilterUser::tool, arch);
  if (proved) return *std::move(proved);
  print_errors(seccomp::to_text(proved.error()));
  return std::unexpected(ExitCode::invalid_file);
}

FilterReport check_one(const std::string& file) {
  const auto text = os::read_file(file, seccomp::kMaxTextBytes);
  return text ? check_filter(file, *text) : unreadable_filter(file, text.error().message());
}

}  // namespace

ExitCode run_seccomp_show(const SeccompShowOptions& options) {
  const auto filter = find_filter(options.name, options.arch);
  if (!filter) return filter.error();
  const seccomp::FilterText shown = seccomp::to_text(*filter);
  print_out(shown.table + "\n" + shown.program);
  return ExitCode::done;
}

ExitCode run_seccomp_check(const SeccompCheckOptions& options) {
  ExitCode code = ExitCode::done;
  codec::JsonArray reports;
  for (const std::string& file : options.files) {
    const FilterReport report = check_one(file);
    if (!report.errors.empty()) code = ExitCode::invalid_file;
    if (options.format == SeccompFormat::json)
      reports.push_back(to_json(report));
    else if (report.errors.empty())
      print_out(visible_lines(to_text(report)));
    else
      print_errors(to_text(report));
  }
  if (options.format == SeccompFormat::json)
    print_out(ascii_json(codec::to_json(codec::Json::object({{"files", std::move(reports)}}))) +
              "\n");
  return code;
}

ExitCode run_seccomp_compile(const SeccompCompileOptions& options) {
  const auto filter = find_filter(options.name, options.arch);
  if (!filter) return filter.error();
  if (const auto written = write_output_file(options.output, filter->program, kReadableByAll);
      !written)
    return fail(ExitCode::usage, std::format("{}: {}", options.output, written.error().message()));
  print_out(visible_lines(std::format(
      "{}: {}, {} instructions, sha256 {}\n", options.output, seccomp::to_string(options.arch),
      filter->program.size() / seccomp::kInstructionBytes, filter->digest)));
  return ExitCode::done;
}

ExitCode run_seccomp_explain(const SeccompExplainOptions& options) {
  const auto question = seccomp::parse_question(options.call);
  if (!question) return fail(ExitCode::usage, question.error().message());
  const auto filter = find_filter(options.filter, options.arch);
  if (!filter) return filter.error();
  const seccomp::Explanation answer = seccomp::explain(filter->table, *question);
  if (options.format == SeccompFormat::json)
    print_out(ascii_json(codec::to_json(to_json(answer))) + "\n");
  else
    print_out(visible_lines(seccomp::to_text(answer)));
  return ExitCode::done;
}

ExitCode run_seccomp_import(const SeccompImportOptions& options) {
  const auto json = os::read_file(options.file, seccomp::kMaxOciBytes);
  if (!json)
    return fail(ExitCode::invalid_file,
                std::format("{}: {}", options.file, json.error().message()));
  const auto text = seccomp::import_oci(*json);
  if (!text)
    return fail(text.error().kind() == ErrorKind::internal ? ExitCode::bug : ExitCode::invalid_file,
                std::format("{}: {}", options.file, text.error().message()));
  print_out(*text);
  return ExitCode::done;
}

}  // namespace glovebox::cli
