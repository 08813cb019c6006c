package dev.kapal.linux;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Starting, waiting for, signalling and looking at processes. All throw {@link ErrnoException}. */
public interface Processes {
  /**
   * Starts a program with posix_spawn(3): default signal dispositions, empty signal mask, and no
   * descriptor but those given. Of 0, 1 and 2 those not given are /dev/null. The caller has to wait
   * for the process.
   *
   * @param path of the program; not searched for
   * @param arguments the first one is the program's name for itself
   * @param environment entries NAME=value
   * @param descriptors number in the child → descriptor here
   * @return the process id
   * @throws ErrnoException with the error of execve(2) when the program could not be executed
   */
  int spawn(
      String path,
      List<String> arguments,
      List<String> environment,
      Map<Integer, Fd> descriptors,
      SpawnOptions options);

  /**
   * As the other one, for an open executable (a sealed memfd, say), which the child does not keep.
   */
  int spawn(
      Fd executable,
      List<String> arguments,
      List<String> environment,
      Map<Integer, Fd> descriptors,
      SpawnOptions options);

  /** Waits for a child; blocks a platform thread. ECHILD when it is not a child. */
  ExitStatus waitpid(int pid);

  /** The status of a child if it has ended; reaps it then. */
  Optional<ExitStatus> tryWait(int pid);

  /** Waits for a child, but not for ever; empty when time is over. */
  Optional<ExitStatus> waitpid(int pid, Duration timeout);

  /**
   * From now on this thread makes files with these ids, and keeps its capabilities (setfsuid(2),
   * capabilities(7) SECBIT_NO_SETUID_FIXUP). There is no way back: for platform threads that end
   * with their work.
   *
   * @throws IllegalStateException on a virtual thread, whose carrier is others' too
   */
  void fileOwner(long uid, long gid);

  /** kill(2). */
  void kill(int pid, int signal);

  /** pidfd_open(2), Linux 5.3. */
  Fd pidfdOpen(int pid);

  /** pidfd_send_signal(2), Linux 5.1. */
  void pidfdSendSignal(Fd pidfd, int signal);

  /** waitid(P_PIDFD), Linux 5.4: waits for a child; blocks a platform thread. */
  ExitStatus waitPidfd(Fd pidfd);

  /**
   * When the process started, in clock ticks since boot: with the pid its identity. Empty when
   * there is none (or only a zombie that is being reaped).
   */
  Optional<Long> startTime(int pid);

  /** /proc/PID/stat and what top(1) needs; empty when there is no such process. */
  Optional<ProcessInfo> info(int pid);

  /** All processes that this process sees. */
  List<ProcessInfo> list();

  /** Direct children. */
  List<Integer> children(int pid);

  /** A field of /proc/PID/status, trimmed, such as "Uid" or "CapEff". */
  Optional<String> status(int pid, String field);

  /** /proc/PID/cgroup: controller list ("" for v2, "name=systemd") → path. */
  Map<String, String> cgroups(int pid);

  /** The identity of a namespace, such as "net:[4026531840]"; kind as in /proc/PID/ns. */
  Optional<String> namespace(int pid, String kind);

  /** This process's id in its own pid namespace. */
  int self();

  /** prctl(2). Affects the calling thread for most options. */
  int prctl(int option, long a, long b, long c, long d);
}
