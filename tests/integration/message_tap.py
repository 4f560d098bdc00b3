"""Sees, holds and lets go the messages between the processes of glovebox, from outside.

The product has no switch for this. The test, as root, puts a seccomp filter of its own under the
program before it starts it: every sendmsg(2) of the program and its descendants then waits until
this process has let it go on (seccomp_unotify(2)). What is about to be sent is read from the memory
of the sender, which takes CAP_SYS_PTRACE: only root can hold glovebox so, whoever glovebox runs as.
A message that a test asks for stays held, so its sender stands at a known point, and whatever waits
for the message does as well. The filters of the roles come on top and stay as they are.
"""
import ctypes
import os
import platform
import select
import socket
import struct
import subprocess
import sys
import threading

LIBC = ctypes.CDLL(None, use_errno=True)
SYS_SECCOMP, SYS_SENDMSG = {"x86_64": (317, 46), "aarch64": (277, 211)}[platform.machine()]
SYS_PIDFD_GETFD = 438
SET_MODE_FILTER, NEW_LISTENER = 1, 1 << 3
RECEIVE, SEND = 0xC0502100, 0xC0182101  # ioctls of the listener
NOTICE_SIZE, ARGUMENTS, CONTINUE = 80, 32, 1
USER_NOTIFY, ALLOW = 0x7FC00000, 0x7FFF0000
LOOKED_AT = 4096  # bytes of a message

# As in src/ipc/messages.h and src/box/keeper_wire.h.
TYPES = {"Settled": 0x205, "CallDone": 0x208, "Append": 0x300, "Appended": 0x301,
         "BoxStarted": 0x403, "BoxDone": 0x404}


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def enter(synchronise, command):
    """In the program's process: takes the filter, tells the listener's number, becomes `command`."""
    def instruction(code, jump_true, jump_false, value):
        return struct.pack("HBBI", code, jump_true, jump_false, value)
    load_number, jump_if_equal, give = 0x20, 0x15, 0x06
    program = (instruction(load_number, 0, 0, 0) +
               instruction(jump_if_equal, 0, 1, SYS_SENDMSG) +
               instruction(give, 0, 0, USER_NOTIFY) +
               instruction(give, 0, 0, ALLOW))
    code = ctypes.create_string_buffer(program)
    described = struct.pack("HP", len(program) // 8, ctypes.addressof(code))
    listener = checked(LIBC.syscall(SYS_SECCOMP, SET_MODE_FILTER, NEW_LISTENER,
                                    ctypes.c_char_p(described)))
    os.write(synchronise, b"%d" % listener)
    os.read(synchronise, 1)
    os.closerange(3, 256)
    os.execvp(command[0], command)


class Message:
    def __init__(self, sender, data):
        self.sender = sender
        self.type = int.from_bytes(data[:2], "little")
        self.body = data[3:]

    def is_a(self, name):
        return self.type == TYPES[name]


class TappedProcess(subprocess.Popen):
    """As Popen. hold() before the message can come; then `held` is set until release()."""

    def __init__(self, command, **more):
        ours, its = socket.socketpair()
        with ours, its:
            super().__init__([sys.executable, __file__, str(its.fileno()), *command],
                             pass_fds=[its.fileno()], **more)
            number = int(ours.recv(16))
            pidfd = os.pidfd_open(self.pid)
            self.listener = checked(LIBC.syscall(SYS_PIDFD_GETFD, pidfd, number, 0))
            os.close(pidfd)
            ours.send(b"g")
        self.lock = threading.Lock()
        self.wanted, self.message, self.held = None, None, threading.Event()
        self.server = threading.Thread(target=self.serve, daemon=True)
        self.server.start()

    def hold(self, wanted):
        """Holds the next message for which `wanted(message)` is true."""
        with self.lock:
            self.wanted = wanted

    def release(self):
        """Lets the held message go, if its sender still lives."""
        if self.message is not None:
            self.let_go(self.message[0])

    def serve(self):
        poller = select.poll()
        poller.register(self.listener, select.POLLIN)
        while True:
            events = poller.poll()[0][1]
            if not events & select.POLLIN:
                break  # the last process with the filter has ended
            notice = ctypes.create_string_buffer(NOTICE_SIZE)
            if LIBC.ioctl(self.listener, RECEIVE, notice) < 0:
                continue  # its sender was killed
            identity, sender = struct.unpack_from("QI", notice)
            address = struct.unpack_from("Q", notice, ARGUMENTS + 8)[0]
            message = Message(sender, sent_bytes(sender, address))
            with self.lock:
                if self.wanted and self.wanted(message):
                    self.wanted, self.message = None, (identity, message)
                    self.held.set()
                    continue
            self.let_go(identity)
        os.close(self.listener)

    def let_go(self, identity):
        answer = struct.pack("QqiI", identity, 0, 0, CONTINUE)
        LIBC.ioctl(self.listener, SEND, answer)  # fails if its sender was killed


def sent_bytes(sender, address):
    """The beginning of the first part of a struct msghdr's message."""
    try:
        with open(f"/proc/{sender}/mem", "rb", 0) as memory:
            parts = struct.unpack("Q", os.pread(memory.fileno(), 8, address + 16))[0]
            begin, size = struct.unpack("QQ", os.pread(memory.fileno(), 16, parts))
            return os.pread(memory.fileno(), min(size, LOOKED_AT), begin)
    except (OSError, struct.error):
        return b""  # it was killed meanwhile


if __name__ == "__main__":
    enter(int(sys.argv[1]), sys.argv[2:])
