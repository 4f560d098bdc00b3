// What a policy means, in one spelling, and the digest that every record carries.
//
// Two policies whose rules are the same in another order, with other words for the same, in other
// files or with rules that another one covers have the same form. It says nothing of why, of tests,
// of names of files, and of the day: what a date changes is in it. Secrets are in it by name,
// source and where they may go, never by value. Written as RFC 8785; the digest is SHA-256 over
// that.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "codec/json.h"
#include "policy/policy.h"

namespace glovebox::policy {

// The SHA-256 of the filter that the kernel loads for a profile, in hexadecimal.
using FilterDigest = std::function<std::string(const Profile& profile)>;

codec::Json canonical(const Policy& policy, const FilterDigest& filter);
// 64 hexadecimal digits. Errors: invalid (a text that is not UTF-8, which the reader lets nobody
// write).
Result<std::string> digest_of(const Policy& policy, const FilterDigest& filter);

}  // namespace glovebox::policy
