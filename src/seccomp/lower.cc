#include "seccomp/lower.h"

#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <format>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace glovebox::seccomp {

namespace {

constexpr std::uint64_t kLow = 0xFFFFFFFF;
constexpr std::size_t kMaxParts = 1024;
constexpr std::uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
constexpr std::uint16_t kAnd = BPF_ALU | BPF_AND | BPF_K;
constexpr std::uint16_t kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
constexpr std::uint16_t kJump = BPF_JMP | BPF_JA;
constexpr std::uint16_t kReturn = BPF_RET | BPF_K;
constexpr std::uint32_t kFirstArgument = 16;  // offset in seccomp_data

// Texts cannot ask for a tracer, so these values are free to mean "go on at part N", or, above all
// parts, "tell the listener, then refuse with error N": the kernel takes no error with that, so
// libseccomp knows none; whoever listens asks the program for it again.
constexpr std::uint32_t kNotifyMark = SCMP_ACT_TRACE(0x8000);
std::uint32_t mark(std::size_t part) {
  return SCMP_ACT_TRACE(static_cast<std::uint16_t>(part));
}

std::uint32_t to_scmp(const Action& action) {
  switch (action.kind) {
    case Action::Kind::allow:
      return SCMP_ACT_ALLOW;
    case Action::Kind::error:
      return SCMP_ACT_ERRNO(action.error);
    case Action::Kind::notify:
      return kNotifyMark | action.error;
    case Action::Kind::kill_process:
      break;
  }
  return SCMP_ACT_KILL_PROCESS;
}

Error failed(int status, std::string_view what) {
  return Error::from_errno(-status, std::format("libseccomp: {}", what));
}

// seccomp_api_set(3): 3 knows the action that kills a process (Linux 4.14).
constexpr unsigned kApiLevel = 3;

class Generator {
 public:
  static Result<Generator> make(Arch arch, std::uint32_t fallback) {
    // Said, not found out: the library would ask the kernel, which a role's own filter forbids.
    if (const int s = ::seccomp_api_set(kApiLevel); s != 0) return failed(s, "API level");
    Generator made(arch, ::seccomp_init(fallback));
    if (made.context_ == nullptr) return Error(ErrorKind::internal, "libseccomp: no context");
    if (arch != kHostArch) {
      // The library's word for an architecture is the kernel's.
      if (const int s = ::seccomp_arch_remove(made.context_.get(), SCMP_ARCH_NATIVE); s != 0)
        return failed(s, "the host's architecture");
      if (const int s = ::seccomp_arch_add(made.context_.get(), audit_number(arch)); s != 0)
        return failed(s, to_string(arch));
    }
    const auto set = [&](scmp_filter_attr attribute, std::uint32_t value) {
      return ::seccomp_attr_set(made.context_.get(), attribute, value);
    };
    if (const int s = set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS); s != 0)
      return failed(s, "action for a foreign architecture");
    if (const int s = set(SCMP_FLTATR_CTL_OPTIMIZE, 2); s != 0) return failed(s, "optimize");
    return made;
  }

  // In one transaction: outside of one, each rule costs a copy of all others.
  template <class Add>
  Result<void> rules(Add add) {
    if (const int s = ::seccomp_transaction_start(context_.get()); s != 0)
      return failed(s, "transaction");
    TRY(add());
    if (const int s = ::seccomp_transaction_commit(context_.get()); s != 0)
      return failed(s, "commit");
    return {};
  }

  Result<void> rule(std::uint32_t action, const Rule& wanted,
                    std::span<const scmp_arg_cmp> comparisons) {
    // Calls are named by the host's number of the same name, whatever the architecture.
    const int number = arch_ == kHostArch ? static_cast<int>(wanted.number)
                                          : ::seccomp_syscall_resolve_name(wanted.name.c_str());
    const int status = ::seccomp_rule_add_exact_array(context_.get(), action, number,
                                                      static_cast<unsigned>(comparisons.size()),
                                                      comparisons.data());
    if (status != 0) return failed(status, wanted.name);
    return {};
  }

  Result<std::vector<Instruction>> program() const {
    // 2.6.0 copies as many bytes as the buffer has, whatever the program's size: it has to fit.
    std::size_t length = 0;
    if (const int s = ::seccomp_export_bpf_mem(context_.get(), nullptr, &length); s != 0)
      return failed(s, "size of the program");
    std::string bytes(length, '\0');
    if (const int s = ::seccomp_export_bpf_mem(context_.get(), bytes.data(), &length); s != 0)
      return failed(s, "export");
    return from_bytes(bytes);
  }

 private:
  Generator(Arch arch, scmp_filter_ctx context)
      : arch_(arch), context_(context, &::seccomp_release) {}

  Arch arch_;
  std::unique_ptr<void, void (*)(void*)> context_;
};

void add_range(std::vector<Block>& blocks, std::uint64_t first, std::uint64_t last,
               std::uint64_t all) {
  while (true) {
    // The largest aligned block that begins here and does not reach beyond the end.
    int bits =
        first == 0 ? std::popcount(all) : std::min(std::countr_zero(first), std::popcount(all));
    const auto reach = [&](int b) {
      return b >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << b) - 1;
    };
    while (reach(bits) > last - first) --bits;
    blocks.push_back({all & ~reach(bits), first});
    if (reach(bits) == last - first) return;
    first += reach(bits) + 1;
  }
}

// Two blocks of one size that differ in one bit are one block without that bit.
void merge(std::vector<Block>& blocks) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t j = i + 1; j < blocks.size(); ++j) {
      const std::uint64_t difference = blocks[i].value ^ blocks[j].value;
      if (blocks[i].mask != blocks[j].mask || std::popcount(difference) != 1) continue;
      blocks[i] = {blocks[i].mask & ~difference, blocks[i].value & ~difference};
      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(j));
      return merge(blocks);
    }
  }
}

// The alternatives of a condition as lists of comparisons, one per argument.
std::vector<std::vector<scmp_arg_cmp>> alternatives(const Predicate& predicate) {
  std::vector<std::vector<scmp_arg_cmp>> all;
  for (const Conjunction& conjunction : predicate) {
    std::vector<std::vector<scmp_arg_cmp>> product(1);
    for (const Term& term : conjunction) {
      std::vector<std::vector<scmp_arg_cmp>> longer;
      for (const auto& begun : product) {
        for (const Block& block : to_blocks(term)) {
          longer.push_back(begun);
          longer.back().push_back({term.argument, SCMP_CMP_MASKED_EQ, block.mask, block.value});
        }
      }
      product = std::move(longer);
    }
    std::ranges::move(product, std::back_inserter(all));
  }
  return all;
}

// All alternatives of a rule in the order in which they are asked.
struct Asked {
  std::vector<scmp_arg_cmp> comparisons;
  Action action;
};
std::vector<Asked> chain(const Rule& rule, const Condition& condition) {
  std::vector<Asked> all;
  const auto add = [&](const Predicate& when, const Action& action) {
    for (auto& comparisons : alternatives(when)) all.push_back({std::move(comparisons), action});
  };
  add(condition.when, rule.action);
  for (const Branch& branch : condition.between) add(branch.when, branch.action);
  return all;
}

// Takes out `load argN.high; and 0; if == 0`, which is what becomes of a comparison that does not
// look at the high half, and sets the jumps across it anew.
std::vector<Instruction> without_empty_looks(const std::vector<Instruction>& program) {
  std::vector<bool> kept(program.size(), true);
  for (std::size_t at = 0; at + 2 < program.size(); ++at) {
    const Instruction& look = program[at + 2];
    const bool empty = program[at].code == kLoad && program[at + 1] == Instruction{kAnd, 0, 0, 0} &&
                       look.code == kIfEqual && look.k == 0 && look.when_true == 0;
    if (empty) kept[at] = kept[at + 1] = kept[at + 2] = false;
  }
  std::vector<std::size_t> place(program.size() + 1);  // of each instruction in the result
  for (std::size_t at = 0; at < program.size(); ++at)
    place[at + 1] = place[at] + (kept[at] ? 1 : 0);
  std::vector<Instruction> result;
  for (std::size_t at = 0; at < program.size(); ++at) {
    if (!kept[at]) continue;
    Instruction instruction = program[at];
    const auto moved = [&](std::size_t skipped) {
      const std::size_t target = std::min(at + 1 + skipped, program.size());
      return static_cast<std::uint8_t>(place[target] - place[at + 1]);
    };
    if (BPF_CLASS(instruction.code) == BPF_JMP && instruction.code != kJump) {
      instruction.when_true = moved(instruction.when_true);
      instruction.when_false = moved(instruction.when_false);
    } else if (instruction.code == kJump) {
      instruction.k = moved(instruction.k);
    }
    result.push_back(instruction);
  }
  return result;
}

// A filter for one alternative. The main part has looked at architecture and number already, so
// what comes before the first look at an argument is left out.
Result<std::vector<Instruction>> lower_alternative(Arch arch, const Rule& rule,
                                                   std::span<const scmp_arg_cmp> comparisons,
                                                   std::uint32_t action, std::uint32_t otherwise) {
  Generator generator = TRY(Generator::make(arch, otherwise));
  TRY(generator.rule(action, rule, comparisons));
  std::vector<Instruction> program = TRY(generator.program());
  const auto first = std::ranges::find_if(
      program, [](const Instruction& i) { return i.code == kLoad && i.k >= kFirstArgument; });
  if (first == program.end())
    return Error(ErrorKind::internal, std::format("{}: no comparison was generated", rule.name));
  program.erase(program.begin(), first);
  // The return for a foreign architecture is last, and nothing of this part goes there any more
  // unless it can kill by itself.
  if (action != SCMP_ACT_KILL_PROCESS && otherwise != SCMP_ACT_KILL_PROCESS &&
      program.back() == Instruction{kReturn, 0, 0, SCMP_ACT_KILL_PROCESS})
    program.pop_back();
  return without_empty_looks(program);
}

Result<std::vector<Instruction>> join(const std::vector<std::vector<Instruction>>& parts) {
  std::vector<std::size_t> begins;
  std::size_t size = 0;
  for (const auto& part : parts) {
    begins.push_back(size);
    size += part.size();
  }
  std::vector<Instruction> program;
  for (const auto& part : parts) {
    for (Instruction instruction : part) {
      if (instruction.code == kReturn &&
          (instruction.k & (0xFFFF0000 | kNotifyMark)) == kNotifyMark) {
        instruction.k = SECCOMP_RET_USER_NOTIF | (instruction.k & ~kNotifyMark & 0xFFFF);
      } else if (instruction.code == kReturn && (instruction.k & 0xFFFF0000) == mark(0)) {
        const std::size_t target = begins.at(instruction.k & 0xFFFF);
        if (target <= program.size())
          return Error(ErrorKind::internal, "a part goes on in an earlier one");
        instruction = {kJump, 0, 0, static_cast<std::uint32_t>(target - program.size() - 1)};
      }
      program.push_back(instruction);
    }
  }
  return program;
}

}  // namespace

std::vector<Block> to_blocks(const Term& term) {
  const std::uint64_t all = term.width == Width::low32 ? kLow : ~std::uint64_t{0};
  if (term.mask) return {{all & ~*term.mask, 0}};
  std::vector<Block> blocks;
  for (const Range& range : term.ranges) add_range(blocks, range.first, range.last, all);
  merge(blocks);
  return blocks;
}

Result<std::vector<Instruction>> lower(const Table& table) {
  std::vector<std::vector<Instruction>> parts(1);
  Generator main = TRY(Generator::make(table.arch, to_scmp(table.fallback)));
  TRY(main.rules([&]() -> Result<void> {
    for (const Rule& rule : table.rules) {
      if (!rule.condition) {
        // libseccomp refuses a rule that says what its default says.
        if (rule.action != table.fallback) TRY(main.rule(to_scmp(rule.action), rule, {}));
        continue;
      }
      TRY(main.rule(mark(parts.size()), rule, {}));
      const auto all = chain(rule, *rule.condition);
      for (std::size_t i = 0; i < all.size(); ++i) {
        const std::uint32_t next =
            i + 1 < all.size() ? mark(parts.size() + 1) : to_scmp(rule.condition->otherwise);
        parts.push_back(TRY(
            lower_alternative(table.arch, rule, all[i].comparisons, to_scmp(all[i].action), next)));
        if (parts.size() > kMaxParts)
          return Error(ErrorKind::limit, std::format("more than {} comparisons", kMaxParts));
      }
    }
    return {};
  }));
  parts[0] = TRY(main.program());
  return join(parts);
}

}  // namespace glovebox::seccomp
