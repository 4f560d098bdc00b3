// A real bash, driven through the fds as the keeper drives it. Each session is a list of commands;
// the state goes from one to the next.
#include "tools/shell_state.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "support.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

namespace {

struct Ran {
  int status = 0;    // minus the signal's number, if one ended it
  std::string told;  // of the status, before the end
  std::string output;
  std::string state_out;
};

int memory_file(std::string_view bytes) {
  const int fd = ::memfd_create("shell_state_test", MFD_CLOEXEC);
  REQUIRE(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  ::lseek(fd, 0, SEEK_SET);
  return fd;
}

std::string read_all(int fd) {
  std::string bytes;
  char chunk[4096];
  for (ssize_t count = 0; (count = ::read(fd, chunk, sizeof chunk)) > 0;) {
    bytes.append(chunk, static_cast<std::size_t>(count));
  }
  return bytes;
}

// Started with its call, or before it and told then.
enum class Shell { cold, waiting };

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    REQUIRE(::fchmod(ends[0], 0444) == 0);
    reader = ends[0];
    writer = ends[1];
  }
  void tell(std::string_view text) {
    REQUIRE(::write(writer, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(writer);
  }
  int reader = -1, writer = -1;
};

// What a waiting shell told, once it has.
std::string start_of(int out) {
  for (;;) {
    std::string bytes(1 << 16, '\0');
    bytes.resize(static_cast<std::size_t>(::pread(out, bytes.data(), bytes.size(), 0)));
    if (const auto told = told_at_start(bytes)) return std::string(*told);
    std::this_thread::yield();
  }
}

Ran run_bash(std::string_view command, std::string_view state, const std::string& folder,
             Shell shell = Shell::cold) {
  const bool waits = shell == Shell::waiting;
  Pipe state_pipe, command_pipe;
  const int in = waits ? state_pipe.reader : memory_file(state);
  const int text = waits ? command_pipe.reader : memory_file(command);
  const int out = memory_file("");
  int pipe[2], told[2];
  REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(told, O_CLOEXEC) == 0);
  const std::string script(waits ? waiting_shell_script() : shell_script());
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_DFL);
    const int fds[] = {::open("/dev/null", O_RDONLY), pipe[1], pipe[1], in, text, out, told[1]};
    int high[7];
    for (int i = 0; i < 7; ++i) high[i] = ::fcntl(fds[i], F_DUPFD, 100);
    for (int i = 0; i < 7; ++i) ::dup2(high[i], i);
    for (int fd = 7; fd < 200; ++fd) ::close(fd);
    if (::chdir(folder.c_str()) != 0) ::_exit(99);
    char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
    char home[] = "HOME=/";
    char* environment[] = {path, home, nullptr};
    ::execle("/bin/bash", "/bin/bash", "--noprofile", "--norc", "-c", script.c_str(),
             static_cast<char*>(nullptr), environment);
    ::_exit(98);
  }
  ::close(pipe[1]);
  ::close(told[1]);
  std::string start;
  if (waits) {
    start = start_of(out);
    state_pipe.tell(changes_since(start, state));
    command_pipe.tell(command);
  }
  Ran ran;
  ran.output = read_all(pipe[0]);
  ran.told = read_all(told[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  ::lseek(out, 0, SEEK_SET);
  ran.state_out = read_all(out).substr(waits ? start.size() + kWaitingMark.size() : 0);
  for (const int fd : {in, text, out, pipe[0], told[0]}) ::close(fd);
  return ran;
}

enum class Saves { yes, no };

struct Step {
  std::string command;
  std::string output;
  int status = 0;
  Saves saves = Saves::yes;
};

struct Session {
  const char* name;
  std::vector<Step> steps;
};

// The state after each step; the folder as `@`, and without the two variables whose value bash
// shows from the second `declare -p` on only.
std::vector<std::string> play(const Session& session, Shell shell) {
  const Tree tree;
  std::filesystem::create_directory(tree.in("sub dir"));
  const std::string folder = tree.path("workspace").string();
  std::vector<std::string> states;
  std::string state;
  for (const Step& step : session.steps) {
    CAPTURE(session.name, step.command, shell == Shell::cold);
    const Ran ran = run_bash(step.command, state, folder, shell);
    CHECK(ran.output == step.output);
    CHECK(ran.status == step.status);
    CHECK(is_restored(ran.state_out));
    // Whoever leaves a state has told its status before.
    if (step.saves == Saves::yes && step.status >= 0 && step.status < 128)
      CHECK(told_status(ran.told) == step.status);
    // One that dies of a signal may have told another: only its end is sure.
    auto accepted = accepted_state(ran.state_out);
    CHECK(accepted.has_value() == (step.saves == Saves::yes));
    if (accepted) state = std::move(*accepted);
    const std::regex shown_late("declare -- (BASH_ARGV0|COMP_WORDBREAKS).*\n");
    states.push_back(
        std::regex_replace(std::regex_replace(state, std::regex(folder), "@"), shown_late, ""));
  }
  return states;
}

// A shell that waited for its call leaves what one does that was started with it.
void play(const Session& session) {
  CAPTURE(session.name);
  CHECK(play(session, Shell::waiting) == play(session, Shell::cold));
}

}  // namespace

TEST_CASE("a backslash at the end of a command continues its line") {
  const Session sessions[] = {
      {"before a newline", {{"echo one\\\n", "one\n"}}},
      {"alone", {{"echo one\\", "one\n"}}},
      {"quoted", {{"echo 'one\\'", "one\\\n"}}},
  };
  for (const Session& session : sessions) play(session);
}

TEST_CASE("what a command leaves is there for the next") {
  const Tree tree;
  const std::string folder = tree.path("workspace").string();
  std::filesystem::create_directory(tree.in("sub dir"));
  const std::vector<Session> sessions = {
      {"variables",
       {{"a=1; b='x  y'; declare -i n=5; declare -u up=abc; readonly ro=7; c=$'l1\\nl2\\x80'", ""},
        {"echo \"$a|$b|$n|$up|$ro\"; [[ $c == $'l1\\nl2\\x80' ]] && echo same",
         "1|x  y|5|ABC|7\nsame\n"},
        {"n=2+3; up=q; echo $n $up; ro=1", "5 Q\n/bin/bash: line 1: ro: readonly variable\n", 1}}},
      {"exports",
       {{"export x=1; y=2", ""},
        {"/bin/bash -c 'echo $x-$y'; unset x", "1-\n"},
        {"echo ${x-gone}", "gone\n"}}},
      {"arrays",
       {{"l=(1 '2 3' [7]=z); declare -A m=(['a b']=$'c\\nd' [e]='\"'); declare -n r=l", ""},
        {"echo ${!l[*]} \"${l[1]}\" \"${m[a b]}\" ${m[e]} ${r[7]}", "0 1 7 2 3 c\nd \" z\n"}}},
      {"functions",
       {{"shopt -s extglob\nf() { case $1 in @(a|b)) echo \"m $1\";; esac; }; fn-dash() { echo "
         "dash; }",
         ""},
        {"f a; fn-dash", "m a\ndash\n"},
        {"g() { echo exported; }; export -f g", ""},
        {"/bin/bash -c g", "exported\n"}}},
      {"aliases",
       {{"shopt -s expand_aliases; alias -- ll='echo LL' -='echo dash'", ""},
        {"ll\n-", "LL\ndash\n"},
        {"unalias ll; shopt -u expand_aliases", ""},
        {"alias", "alias -- -='echo dash'\n"}}},
      {"options",
       {{"set -euo pipefail; set -f; shopt -s nullglob dotglob", ""},
        {"echo $-; set -o | grep pipefail; shopt nullglob",
         "efhuBc\npipefail       \ton\nnullglob       \ton\n"},
        {"false; echo no", "", 1},
        {"echo $nope", "/bin/bash: line 1: nope: unbound variable\n", 1},
        {"set +euf; shopt -u nullglob dotglob", ""},
        {"echo $-; shopt nullglob", "hBc\nnullglob       \toff\n", 1}}},
      {"posix mode",
       {{"set -o posix", ""},
        {"echo $SHELLOPTS; set +o posix", "braceexpand:hashall:interactive-comments:posix\n"},
        {"echo $SHELLOPTS ${POSIXLY_CORRECT-none}",
         "braceexpand:hashall:interactive-comments none\n"}}},
      {"mask and folder",
       {{"umask 027; cd 'sub dir'", ""},
        {"umask; echo ${PWD##*/} ${OLDPWD##*/}; cd ..", "0027\nsub dir workspace\n"},
        {"echo ${PWD##*/}", "workspace\n"}}},
      {"a search path for cd", {{"CDPATH=/usr:/; cd lib", "/usr/lib\n"}, {"pwd", "/usr/lib\n"}}},
      {"traps",
       {{"trap 'echo hup' HUP; trap '' USR1", ""},
        {"kill -HUP $$; kill -USR1 $$; echo on", "hup\non\n"},
        {"trap - HUP; trap 'echo err' ERR", ""},
        {"false; true", "err\n"}}},
      {"a separator of its own",
       {{"IFS=:; readonly IFS TMOUT=1", ""}, {"a=1:2; set -- $a; echo $#", "2\n"}}},
      {"tracing",
       {{"set -x", ""},
        {"echo a", "++ echo a\na\n"},
        {"echo 'b", "/bin/bash: eval: line 1: unexpected EOF while looking for matching `''\n", 2},
        {"echo c; set +x", "++ echo c\nc\n++ set +x\n"},
        {"echo d", "d\n"}}},
      {"fds 3 to 5 are the command's",
       {{"exec 3>three 4>four 5>five; echo a >&5; cat five", "a\n"},
        {": >&3", "/bin/bash: line 1: 3: Bad file descriptor\n", 1}}},
      {"nothing of ours is seen",
       {{"compgen -v | grep -c __gb; declare -F; echo $# $0 $BASH_EXECUTION_STRING",
         "0\n0 /bin/bash\n"},
        {"compgen -v | grep -c __gb; declare -F; echo $# $0 $BASH_EXECUTION_STRING",
         "0\n0 /bin/bash\n"}}},
  };
  for (const Session& session : sessions) play(session);
}

TEST_CASE("a command that ends the shell keeps its status and the state") {
  const Tree tree;
  const std::vector<Session> sessions = {
      {"exit", {{"x=1; exit 3", "", 3}, {"echo $x", "1\n"}}},
      {"exit in a function", {{"f() { x=2; exit 4; }; f", "", 4}, {"echo $x", "2\n"}}},
      {"set -e", {{"set -e; x=3; false; echo no", "", 1}, {"echo $x", "3\n"}}},
      {"an unset parameter",
       {{"x=4; : ${gone:?not there}", "/bin/bash: line 1: gone: not there\n", 127},
        {"echo $x", "4\n"}}},
      {"a syntax error",
       {{"x=5\necho )",
         "/bin/bash: eval: line 2: syntax error near unexpected token `)'\n/bin/bash: eval: line "
         "2: `echo )'\n",
         2},
        {"echo $x", "5\n"}}},
      {"an open quote",
       {{"echo \"abc", "/bin/bash: eval: line 1: unexpected EOF while looking for matching `\"'\n",
         2},
        {"echo on", "on\n"}}},
      {"an open if",
       {{"if true", "/bin/bash: eval: line 2: syntax error: unexpected end of file\n", 2},
        {"echo on", "on\n"}}},
      {"an open here-document",
       {{"cat <<EOF\nhello",
         "/bin/bash: line 2: warning: here-document at line 1 delimited by end-of-file (wanted "
         "`EOF')\nhello\n"},
        {"echo on", "on\n"}}},
      {"no such command", {{"\nnosuch", "/bin/bash: line 2: nosuch: command not found\n", 127}}},
      {"return",
       {{"x=6; return 6",
         "/bin/bash: line 1: return: can only `return' from a function or sourced script\n", 2},
        {"echo $x", "6\n"}}},
      {"a signal that can be caught", {{"x=7; kill -TERM $$", "", -SIGTERM}, {"echo $x", "7\n"}}},
      {"a child in the background", {{"x=8; sleep 0.2 & exit 5", "", 5}, {"echo $x", "8\n"}}},
  };
  for (const Session& session : sessions) play(session);
}

TEST_CASE("a shell that does not come to its end leaves the state before") {
  const Tree tree;
  const std::vector<Session> sessions = {
      {"killed", {{"x=1", ""}, {"x=2; kill -9 $$", "", -SIGKILL, Saves::no}, {"echo $x", "1\n"}}},
      {"replaced", {{"x=1", ""}, {"x=2; exec true", "", 0, Saves::no}, {"echo $x", "1\n"}}},
      {"own EXIT trap",
       {{"x=1", ""},
        {"x=2; trap 'echo bye' EXIT; exit 5", "bye\n", 5, Saves::no},
        {"echo $x", "1\n"}}},
      {"closed the way out",
       {{"x=1", ""}, {"x=2; exec 42>&-", "", 0, Saves::no}, {"echo $x", "1\n"}}},
      {"readonly POSIXLY_CORRECT",
       {{"x=1", ""}, {"x=2; readonly POSIXLY_CORRECT", "", 0, Saves::no}, {"echo $x", "1\n"}}},
  };
  for (const Session& session : sessions) play(session);
}

TEST_CASE("functions and aliases named like builtins neither stop nor lose the state") {
  const Tree tree;
  const char* define =
      "declare() { echo D; }; unset() { echo U; }; printf() { echo P; }; set() { echo S; }; "
      "cd() { command cd \"$@\" && echo in; }; eval() { echo E; }; exec() { echo X; }; "
      "trap() { echo T; }; shopt() { echo H; }; umask() { echo M; }; read() { echo R; }; y=9";
  const std::vector<Session> sessions = {
      {"functions",
       {{define, ""},
        {"echo $y; declare; printf; set; unset; cd /; eval; exec; trap; shopt; umask; read",
         "9\nD\nP\nS\nU\nin\nE\nX\nT\nH\nM\nR\n"},
        {"pwd; builtin type -t declare", "/\nfunction\n"}}},
      {"aliases",
       {{"shopt -s expand_aliases; alias declare='echo A' printf=false trap=false set=false "
         "unset=false builtin=false alias='echo ALIAS' if=false; z=3",
         ""},
        {"echo $z; declare x", "3\nA x\n"},
        {"\\builtin type -t declare", "alias\n"}}},
      {"a function named builtin is not carried",
       {{"builtin() { echo B; }; builtin; x=1", "B\n"},
        {"echo $x; builtin echo real", "1\nreal\n"}}},
  };
  for (const Session& session : sessions) play(session);
}

TEST_CASE("a waiting shell is told only what is not so already") {
  const std::string start =
      "shopt -s a b \numask 0077\ndeclare -x HOME=\"/\"\ndeclare -- v=\"1\"\n";
  const struct {
    const char* name;
    const char* state;
    const char* told;
  } rows[] = {
      {"nothing", "", ""},
      {"the same",
       "shopt -u x\nshopt -s a b \numask 0077\ncd -- / || y\ndeclare -x HOME=\"/\"\nend\n",
       "cd -- / || y\nend\n"},
      {"another option", "shopt -u x\nshopt -s a \numask 0077\n", "shopt -u x\nshopt -s a \n"},
      {"another value", "declare -- v=\"2\"\n", "declare -- v=\"2\"\n"},
      {"another attribute", "declare -x v=\"1\"\n", "declare -x v=\"1\"\n"},
      {"in a function", "f () \n{\ndeclare -- v=\"1\"\n}\n", "f () \n{\ndeclare -- v=\"1\"\n}\n"},
      {"no end of line", "declare -- v=\"1\"", "declare -- v=\"1\""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(changes_since(start, row.state) == row.told);
    CHECK(changes_since("", row.state) == row.state);
  }
}

TEST_CASE("which words about the status are taken") {
  CHECK(told_status("0\n") == 0);
  CHECK(told_status("127\n") == 127);
  for (const char* words : {"", "0", "\n", "128\n", "-1\n", "+1\n", " 1\n", "1 \n", "0\n0\n", "x\n",
                            "99999999999\n", "0\n\n"}) {
    CAPTURE(words);
    CHECK_FALSE(told_status(words));
  }
}

TEST_CASE("what a waiting shell tells at its start") {
  CHECK_FALSE(told_at_start(""));
  CHECK_FALSE(told_at_start("umask 0077\n"));
  CHECK(told_at_start("umask 0077\n" + std::string(kWaitingMark)) == "umask 0077\n");
  CHECK(told_at_start("a\n" + std::string(kWaitingMark) + "b\n") == "a\n");
}

TEST_CASE("a folder that is gone is told, and the shell goes on where it was started") {
  const Tree tree;
  const std::string folder = tree.path("workspace").string();
  const Ran first = run_bash("mkdir d; cd d; rmdir ../d", "", folder);
  const Ran second = run_bash("echo ${PWD##*/}", *accepted_state(first.state_out), folder);
  CHECK(second.output == "workspace\n");
  CHECK(is_folder_gone(second.state_out));
  const Ran third = run_bash("echo ${PWD##*/}", *accepted_state(second.state_out), folder);
  CHECK(third.output == "workspace\n");
  CHECK_FALSE(is_folder_gone(third.state_out));
}

TEST_CASE("a forged state breaks its own session only") {
  const Tree tree;
  const std::string folder = tree.path("workspace").string();
  const Ran loud = run_bash("echo hi", "echo forged; echo forged >&2\n(((\n", folder);
  CHECK(loud.output == "hi\n");
  CHECK(loud.status == 0);
  const Ran quits = run_bash("echo hi", "exit 9\n", folder);
  CHECK(quits.output.empty());
  CHECK_FALSE(is_restored(quits.state_out));  // the keeper drops such a state
  CHECK_FALSE(accepted_state(quits.state_out));
}

TEST_CASE("which states are accepted") {
  const std::string mark(kRestoredMark);
  const std::string end(kStateEndMark);
  const struct {
    const char* name;
    std::string out;
    bool is_accepted;
  } rows[] = {
      {"nothing", "", false},
      {"no marks", "x=1\n", false},
      {"the first mark only", mark, false},
      {"the last mark only", "x=1\n" + end, false},
      {"text behind the end", mark + "x=1\n" + end + "y", false},
      {"a NUL", mark + std::string("x=\0\n", 4) + end, false},
      {"too large", mark + std::string(kMaxShellState + 1, 'x') + end, false},
      {"as large as may be", mark + std::string(kMaxShellState, 'x') + end, true},
      {"a state", mark + "x=1\n" + end, true},
      {"what is not carried", mark + "declare -i RANDOM=\"1\"\ndeclare -- __gb_x\n" + end, true},
      {"one that moved", mark + std::string(kMovedMark) + "x=1\n" + end, true},
      {"an empty one", mark + end, true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(accepted_state(row.out).has_value() == row.is_accepted);
  }
  CHECK(*accepted_state(mark + "x=1\n" + end) == "x=1\n");
  CHECK(*accepted_state(mark + std::string(kMovedMark) + "x=1\n" + end) == "x=1\n");
  CHECK(*accepted_state(mark + "declare -- a\ndeclare -ir PPID=\"1\"\ndeclare -i SECONDS\n" +
                        "declare -- __gb_s=\"\"\nf\ndeclare -i RANDOM=\"1\"\n" + end) ==
        "declare -- a\nf\ndeclare -i RANDOM=\"1\"\n");
  const std::string whole = mark + "x=1\n" + end;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK_FALSE(accepted_state(std::string_view(whole).substr(0, length)));
  }
}
