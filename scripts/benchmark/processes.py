"""Child processes: what they took, and that none outlives the bench."""

import contextlib
import ctypes
import os
import pathlib
import signal
import subprocess

PR_SET_PDEATHSIG = 1


def start(command, **options):
    """Starts a program. The system kills it when the bench is gone, however it went."""
    def end_with_us():
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=end_with_us, **options)


@contextlib.contextmanager
def running(command, **options):
    """A program that is measured: `reap` it inside. If the bench is interrupted there, it is killed, so that it writes nothing more."""
    process = start(command, **options)
    try:
        yield process
    except BaseException:
        process.kill()
        process.wait()
        raise


def reap(process):
    """Waits for a process. Returns its CPU seconds, peak memory and written bytes."""
    # Left as a zombie, it still has its counters.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    written = written_by(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return (usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, usage.ru_oublock * 512 if written is None else written)


def so_far(pid):
    """CPU seconds, peak memory and written bytes of a process that runs; None if it has ended."""
    fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")")[1].split()
    status = dict(line.split(":", 1) for line in pathlib.Path("/proc/%d/status" % pid).read_text().splitlines())
    if "VmHWM" not in status:
        return None
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK"), int(status["VmHWM"].split()[0]) * 1024, written_by(pid)


def written_by(pid):
    """Bytes that a process had the disk write; None where /proc does not tell."""
    try:
        counters = pathlib.Path("/proc/%d/io" % pid).read_text()
    except OSError:
        return None
    return int(dict(line.split(": ") for line in counters.splitlines())["write_bytes"])
