#include "roles/stored_policy.h"

#include <format>
#include <utility>
#include <vector>

#include "audit/policy_archive.h"
#include "base/clock.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "ipc/policy_messages.h"
#include "policy/diagnostic.h"
#include "policy/load.h"
#include "roles/call_decision.h"
#include "roles/policy_calendar.h"

namespace glovebox::roles {

namespace {

using codec::Json;
using codec::JsonArray;

static_assert(audit::kMaxDocumentBytes == ipc::kMaxPolicyDocument);

constexpr std::int64_t kDocumentVersion = 1;

Error no_document() {
  return Error(ErrorKind::invalid, "this is not the document of a policy");
}

struct NamedText {
  std::string name, text;
};

Json to_json(const std::vector<NamedText>& texts) {
  JsonArray list;
  for (const auto& [name, text] : texts)
    list.push_back(Json::object({{"name", name}, {"text", text}}));
  return list;
}

Result<std::vector<NamedText>> texts_of(const Json& document, std::string_view key) {
  const JsonArray* list = document.get_array(key);
  if (list == nullptr) return no_document();
  std::vector<NamedText> texts;
  for (const Json& entry : *list) {
    const std::string* name = entry.get_string("name");
    const std::string* text = entry.get_string("text");
    if (name == nullptr || text == nullptr) return no_document();
    texts.push_back({*name, *text});
  }
  return texts;
}

std::vector<NamedText> files_of(const PolicySource& source) {
  std::vector<NamedText> texts{{source.file, source.text}};
  for (const FilterSource& file : source.files) texts.push_back({file.name, file.text});
  return texts;
}

std::vector<NamedText> filters_of(const PolicySource& source) {
  std::vector<NamedText> texts;
  for (const FilterSource& filter : source.filters) texts.push_back({filter.name, filter.text});
  return texts;
}

}  // namespace

std::string document_of(const PolicySource& source) {
  return codec::to_json(Json::object({{"v", kDocumentVersion},
                                      {"file", source.file},
                                      {"files", to_json(files_of(source))},
                                      {"filters", to_json(filters_of(source))}}));
}

Result<PolicySource> source_of(std::string_view text) {
  const Json document = TRY(codec::parse_json(text));
  const std::string* file = document.get_string("file");
  if (document.get_int("v") != kDocumentVersion || file == nullptr) return no_document();
  auto files = TRY(texts_of(document, "files"));
  if (files.empty() || files.front().name != *file) return no_document();
  PolicySource source;
  source.file = *file;
  source.text = std::move(files.front().text);
  if (!is_builtin(source.file)) source.paths.push_back(source.file);
  for (auto& [name, filter] : TRY(texts_of(document, "filters"))) {
    source.paths.push_back(name);
    source.filters.push_back({std::move(name), std::move(filter)});
  }
  std::vector<policy::SourceFile> further;
  for (std::size_t i = 1; i < files.size(); ++i) {
    source.paths.push_back(files[i].name);
    source.files.push_back({files[i].name, files[i].text});
    further.push_back({std::move(files[i].name), std::move(files[i].text)});
  }
  for (const FilterSource& filter : source.filters) further.push_back({filter.name, filter.text});
  PolicyFiles judged =
      TRY(judge_policy_text(source.file, source.text, policy::read_from(std::move(further)),
                            day_of(SystemClock().wall())));
  if (!judged.loaded.policy) return Error(ErrorKind::invalid, policy::to_text(judged.loaded));
  source.policy = *std::move(judged.loaded.policy);
  source.tables = std::move(judged.tables);
  return source;
}

Result<PolicySource> load_stored(const std::string& audit_folder, std::string_view digest) {
  const auto policy = codec::Sha256Digest::parse_hex(digest);
  if (!policy) return Error(ErrorKind::invalid, "the digest of a policy is 64 hexadecimal digits");
  return source_of(TRY(audit::read_archived(audit_folder, *policy)));
}

bool same_texts(const PolicySource& a, const PolicySource& b) {
  return document_of(a) == document_of(b);
}

Result<PolicySource> load_to_judge(const std::string& audit_folder, const std::string& digest,
                                   policy::Day day) {
  PolicySource source = TRY(load_stored(audit_folder, digest));
  BoxerSettings settings;
  settings.policy_file = source.file;
  settings.policy_text = source.text;
  settings.policy_files = source.files;
  settings.filters = source.filters;
  const std::string made = TRY(activate_policy(settings, day)).digest;
  if (made != digest)
    return Error(ErrorKind::conflict,
                 std::format("what is kept of policy {} is here policy {}\n"
                             "hint: ask the version of glovebox that recorded it; built-in filters "
                             "of another version are others",
                             digest, made));
  source.policy = source.policy.on(day);
  return source;
}

}  // namespace glovebox::roles
