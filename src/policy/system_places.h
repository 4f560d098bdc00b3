// What every box has without a line of the policy: one list, for who decides about paths
// (file_place.h) and for who makes boxes (box/plan.h).
#pragma once

#include <array>
#include <string_view>

namespace glovebox::policy {

// With root = "host". Folders of a distribution's root that programs need: shown read-only.
inline constexpr std::array<std::string_view, 9> kSystemFolders = {
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix"};

// Of the host's /etc: name look-up, certificates, the dynamic linker, and language run times.
inline constexpr std::array<std::string_view, 16> kSystemConfiguration = {
    "/etc/alternatives",    "/etc/ca-certificates", "/etc/crypto-policies", "/etc/fonts",
    "/etc/java-11-openjdk", "/etc/java-17-openjdk", "/etc/ld.so.cache",     "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",    "/etc/localtime",       "/etc/mime.types",      "/etc/pki",
    "/etc/protocols",       "/etc/python3.11",      "/etc/services",        "/etc/ssl"};

// Written by glovebox, the same on every host.
inline constexpr std::array<std::string_view, 7> kMadeFiles = {
    "/etc/passwd",        "/etc/group",       "/etc/hostname",  "/etc/hosts",
    "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/machine-id"};

inline constexpr std::array<std::string_view, 5> kSystemDevices = {
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};
inline constexpr std::array<std::string_view, 2> kTerminals = {"/dev/pts", "/dev/ptmx"};
// Links into /proc.
inline constexpr std::array<std::string_view, 4> kStreams = {"/dev/fd", "/dev/stdin", "/dev/stdout",
                                                             "/dev/stderr"};
inline constexpr std::string_view kProcessFiles = "/proc";
inline constexpr std::string_view kSharedMemory = "/dev/shm";
inline constexpr std::string_view kOutputsFolder = "/outputs";

}  // namespace glovebox::policy
