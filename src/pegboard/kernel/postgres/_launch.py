"""Becomes the database user and then a program of PostgreSQL. Run as a script: `python -I -S _launch.py`.

A process of its own, since changing user and capabilities is no business of a process with threads, and
since code between fork and exec must not run Python. Only the standard library, for a start in ~15 ms.

The plan comes as one JSON argument (see `Plan` in `launcher.py`). The status pipe closes silently when
`exec` succeeded; otherwise it carries `{"code": …, "message": …}`, so the parent never has to guess
from an exit code.

Linux sources: capabilities(7) "Ambient", prctl(2) PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_SET_PDEATHSIG.
"""

import ctypes
import json
import os
import signal
import sys
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilityData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


_libc = ctypes.CDLL(None, use_errno=True)
_linux = sys.platform == "linux"


def _prctl(option: int, *arguments: int) -> None:
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc.prctl(option, *padded) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")


def _permitted_capabilities() -> int:
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    data = (_CapabilityData * 2)()
    if _libc.capget(ctypes.byref(header), data) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"capget: {os.strerror(number)}")
    return int(data[0].permitted)


def _set_capabilities(*, effective: int, permitted: int, inheritable: int) -> None:
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    data = (_CapabilityData * 2)(_CapabilityData(effective, permitted, inheritable))
    if _libc.capset(ctypes.byref(header), data) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"capset: {os.strerror(number)}")


def _unreachable(needs: list[tuple[str, int]]) -> str | None:
    """The first path that cannot be used as needed with the capabilities in effect now."""
    for path, mode in needs:
        if not os.access(path, mode, effective_ids=True):
            return path
    return None


def _become(uid: int, gid: int, needs: list[tuple[str, int]]) -> None:
    """Change to the database user; keep one capability only where plain rights do not reach `needs`."""
    if _linux:
        _prctl(_PR_SET_KEEPCAPS, 1)
    try:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    except PermissionError as error:
        raise _Refused("postgres.no_access", f"cannot change to the database user {uid}: {error}") from error
    blocked = _unreachable(needs)
    if not _linux:
        if blocked is not None:
            raise _Refused("postgres.no_access", f"the database user {uid} cannot reach {blocked}")
        return
    available = _permitted_capabilities()
    # Reading and searching is the smaller power (the files below are the user's own), but containers are
    # often given only the greater one.
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
        if blocked is None:
            break
        bit = 1 << capability
        if not available & bit:
            continue
        _set_capabilities(effective=bit, permitted=available, inheritable=0)
        if _unreachable(needs) is not None:
            continue
        _set_capabilities(effective=bit, permitted=bit, inheritable=bit)
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)
        return
    if blocked is not None:
        raise _Refused(
            "postgres.no_access",
            f"the database user {uid} cannot reach {blocked}, and this process may not lend it"
            " CAP_DAC_READ_SEARCH or CAP_DAC_OVERRIDE",
        )
    _set_capabilities(effective=0, permitted=0, inheritable=0)


def _die_with_parent(parent: int, signal_number: int) -> None:
    """Have the kernel send us `signal_number` when the parent ends, also by kill -9.

    Must follow the change of user, which clears it. The parent may have ended just before.
    """
    if _linux:
        _prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:
        sys.exit(0)


def _processes_in(directory: str, pids: list[int]) -> list[int]:
    wanted = os.stat(directory)
    found = []
    for pid in pids:
        try:
            current = os.stat(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if (current.st_dev, current.st_ino) == (wanted.st_dev, wanted.st_ino):
            found.append(pid)
    return found


def _run(plan: dict[str, Any], status: int) -> NoReturn:
    os.umask(0o077)
    if plan["uid"] is not None:
        _become(plan["uid"], plan["gid"], [(path, mode) for path, mode in plan["needs"]])
    if plan["action"] == "processes_in":
        found = _processes_in(plan["directory"], plan["pids"])
        os.write(status, json.dumps({"pids": found}).encode())
        sys.exit(0)
    if _linux:
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _die_with_parent(plan["parent"], plan["death_signal"])
    for number in (signal.SIGINT, signal.SIGPIPE):
        # Python changed these two; an ignored signal would stay ignored through exec.
        signal.signal(number, signal.SIG_DFL)
    os.chdir("/")
    os.execve(plan["argv"][0], plan["argv"], plan["environment"])


def _main() -> None:
    plan = json.loads(sys.argv[1])
    status: int = plan["status_fd"]
    os.set_inheritable(status, False)
    try:
        _run(plan, status)
    except _Refused as error:
        refusal = {"code": error.code, "message": str(error)}
    except OSError as error:
        refusal = {"code": "postgres.start_failed", "message": f"cannot run {plan['argv'][:1]}: {error}"}
    os.write(status, json.dumps(refusal).encode())
    sys.exit(1)


if __name__ == "__main__":
    _main()
