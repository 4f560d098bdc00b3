// Records as events of the Open Cybersecurity Schema Framework, version 1.8.0.
//
//   records                         class
//   tool.*, session.*, approval.*,
//   secret.use                      API Activity 6003
//   exec.start, sys.deny            Process Activity 1007
//   fs.deny                         File System Activity 1001
//   net.*                           HTTP Activity 4002 when a request was seen, else Network
//                                   Activity 4001
//   policy.*, config, operator      Device Config State Change 5019
//   all others (boot, stop, gap …)  Application Lifecycle 6002
//
// Profiles: host and security_control. What was refused has action Denied and disposition Blocked
// in the class that it would have had. The record itself is `raw_data`; `raw_data_hash` is SHA-256
// over it, and `metadata.uid` the leaf hash, `metadata.sequence` the index in the log that
// `metadata.log_name` names.
#pragma once

#include "audit/export_record.h"
#include "codec/json.h"

namespace glovebox::audit {

inline constexpr const char* kOcsfVersion = "1.8.0";

codec::Json ocsf_event(const ExportRecord& record, const ExportOrigin& from);

}  // namespace glovebox::audit
