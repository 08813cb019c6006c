package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The real processes. */
final class SystemProcesses implements Processes {
  private static final int WNOHANG = 1;
  private static final int WEXITED = 4;
  private static final int P_PIDFD = 3;
  private static final int PR_SET_SECUREBITS = 28;
  private static final int SECBIT_NO_SETUID_FIXUP = 1 << 2;

  private final KernelFeatures features;

  SystemProcesses(KernelFeatures features) {
    this.features = features;
  }

  @Override
  public int spawn(
      String path,
      List<String> arguments,
      List<String> environment,
      Map<Integer, Fd> descriptors,
      SpawnOptions options) {
    return ProcessSpawner.spawn(path, arguments, environment, descriptors, options);
  }

  @Override
  public int spawn(
      Fd executable,
      List<String> arguments,
      List<String> environment,
      Map<Integer, Fd> descriptors,
      SpawnOptions options) {
    // Through our own process, which waits meanwhile: the child keeps no descriptor of it.
    String path = "/proc/" + procSelf() + "/fd/" + executable.number();
    return spawn(path, arguments, environment, descriptors, options);
  }

  /** Our process id as the mounted /proc counts. */
  private static String procSelf() {
    return SystemDescriptors.linkText(Fd.CWD, "/proc/self");
  }

  @Override
  public void fileOwner(long uid, long gid) {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("a virtual thread cannot have credentials of its own");
    }
    Sys.check(Sys.call(Nr.PRCTL, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0), "prctl", "");
    // These two never fail: asked for no id, they say which one there is.
    fileId(Nr.SETFSGID, "setfsgid", gid);
    fileId(Nr.SETFSUID, "setfsuid", uid);
  }

  private static void fileId(long number, String name, long id) {
    Sys.check(Sys.call(number, id, 0, 0, 0), name, Long.toString(id));
    if (Sys.call(number, -1, 0, 0, 0) != id) {
      throw new ErrnoException(name, Long.toString(id), Errno.EPERM);
    }
  }

  @Override
  public ExitStatus waitpid(int pid) {
    return wait4(pid, 0).orElseThrow();
  }

  @Override
  public Optional<ExitStatus> tryWait(int pid) {
    return wait4(pid, WNOHANG);
  }

  private static Optional<ExitStatus> wait4(int pid, int options) {
    if (pid <= 0) {
      throw new IllegalArgumentException("not a process id: " + pid);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = arena.allocate(JAVA_INT);
      long result =
          Sys.check(
              Sys.call(Nr.WAIT4, pid, status.address(), options),
              "waitpid",
              () -> Integer.toString(pid));
      return result == 0
          ? Optional.empty()
          : Optional.of(ExitStatus.ofWaitStatus(status.get(JAVA_INT, 0)));
    }
  }

  @Override
  public Optional<ExitStatus> waitpid(int pid, Duration timeout) {
    long end = System.nanoTime() + timeout.toNanos();
    Optional<ExitStatus> status = tryWait(pid);
    if (status.isEmpty() && features.pidfdOpen()) {
      try (Fd pidfd = pidfdOpen(pid)) {
        Polling.awaitReadable(pidfd, Math.max(0, end - System.nanoTime()));
      }
      return tryWait(pid);
    }
    long pause = 100_000;
    while (status.isEmpty() && System.nanoTime() < end) {
      Polling.pause(Math.min(pause, Math.max(0, end - System.nanoTime())));
      pause = Math.min(pause * 2, 10_000_000);
      status = tryWait(pid);
    }
    return status;
  }

  @Override
  public void kill(int pid, int signal) {
    Sys.check(Sys.call(Nr.KILL, pid, signal, 0), "kill", () -> Signals.name(signal) + " to " + pid);
  }

  @Override
  public Fd pidfdOpen(int pid) {
    require(features.pidfdOpen(), "pidfd_open");
    return Fd.of(
        (int)
            Sys.check(
                Sys.call(Nr.PIDFD_OPEN, pid, 0, 0), "pidfd_open", () -> Integer.toString(pid)));
  }

  @Override
  public void pidfdSendSignal(Fd pidfd, int signal) {
    require(features.pidfdSendSignal(), "pidfd_send_signal");
    Sys.check(
        Sys.call(Nr.PIDFD_SEND_SIGNAL, pidfd.number(), signal, 0, 0),
        "pidfd_send_signal",
        () -> Signals.name(signal));
  }

  @Override
  public ExitStatus waitPidfd(Fd pidfd) {
    require(features.waitPidfd(), "waitid(P_PIDFD)");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(128, 8);
      Sys.check(
          Sys.call(Nr.WAITID, P_PIDFD, pidfd.number(), info.address(), WEXITED, 0, 0),
          "waitid(P_PIDFD)",
          pidfd::toString);
      int value = info.get(JAVA_INT, 24);
      return switch (info.get(JAVA_INT, 8)) {
        case 1 -> new ExitStatus.Exited(value);
        case 3 -> new ExitStatus.Signaled(value, true);
        default -> new ExitStatus.Signaled(value, false);
      };
    }
  }

  @Override
  public Optional<Long> startTime(int pid) {
    return ProcFiles.textIfExists("/proc/" + pid + "/stat")
        .map(text -> ProcessStat.parse(text).startTime());
  }

  @Override
  public Optional<ProcessInfo> info(int pid) {
    return ProcessTable.info(pid);
  }

  @Override
  public List<ProcessInfo> list() {
    return ProcessTable.list();
  }

  @Override
  public List<Integer> children(int pid) {
    return ProcessTable.children(pid);
  }

  @Override
  public Optional<String> status(int pid, String field) {
    return ProcFiles.textIfExists("/proc/" + pid + "/status")
        .flatMap(text -> ProcFiles.field(text, field));
  }

  @Override
  public Map<String, String> cgroups(int pid) {
    return ProcessTable.cgroups(ProcFiles.text("/proc/" + pid + "/cgroup"));
  }

  @Override
  public Optional<String> namespace(int pid, String kind) {
    try {
      return Optional.of(SystemDescriptors.linkText(Fd.CWD, "/proc/" + pid + "/ns/" + kind));
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT, Errno.ESRCH)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public int self() {
    return (int) Sys.call(Nr.GETPID, 0, 0, 0);
  }

  @Override
  public int prctl(int option, long a, long b, long c, long d) {
    return (int)
        Sys.check(
            Sys.call(Nr.PRCTL, option, a, b, c, d, 0), "prctl", () -> Integer.toString(option));
  }

  private static void require(boolean available, String call) {
    if (!available) {
      throw new ErrnoException(call, "", Errno.ENOSYS);
    }
  }
}
