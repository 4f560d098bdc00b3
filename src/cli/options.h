// The command line as data: one struct for each command, filled by parse.cc, read by the command.
//
// A new command adds its struct here or in a header of its own, an entry to Options, a parser in
// parse.cc and a file of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/units.h"

namespace glovebox::cli {

enum class OutputForm : std::uint8_t { text, json };

struct ExecOptions {
  std::string policy;
  std::optional<std::string> workdir;
  std::optional<std::string> state;
  std::string environment = "local";
  std::string agent = "local";
  std::optional<std::string> session;  // named: it and its folders are kept
  std::optional<std::string> call;     // its id; random otherwise
  std::optional<std::string> tool;
  std::string input = "-";  // a file, or - for stdin: the tool's input, JSON
  std::optional<milliseconds> timeout;
  enum class Show : std::uint8_t { run, plan } show = Show::run;
  OutputForm form = OutputForm::text;
  std::vector<std::string> command;
};

struct DoctorOptions {
  std::string policy = "builtin:default";
  std::optional<std::string> state;
  OutputForm form = OutputForm::text;
};

struct AuditVerifyOptions {
  std::string directory;
  std::optional<std::string> key;  // a public key, or a file that holds one
};

struct AuditShowOptions {
  std::string directory;
  OutputForm form = OutputForm::text;
};

struct PolicyShowOptions {
  std::string name;
};

struct SeccompShowOptions {
  std::string name;
};

struct PlaneOptions {
  std::string listen = "127.0.0.1:0";     // ADDRESS:PORT, loopback only; port 0: a free one
  std::optional<std::string> rehearsals;  // a folder of *.toml
  std::optional<std::string> faults;      // a JSON file of fault rules (plane/fault.h)
  seconds ttl{90};                        // of leases
  std::size_t page = 1000;                // the largest page of a list
};

struct VersionOptions {};

struct HelpText {
  std::string text;
};

using Options =
    std::variant<HelpText, VersionOptions, ExecOptions, DoctorOptions, AuditVerifyOptions,
                 AuditShowOptions, PolicyShowOptions, SeccompShowOptions, PlaneOptions>;

}  // namespace glovebox::cli
