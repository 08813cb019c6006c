package dev.kapal.linux;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One control group: one directory in v2, one in each hierarchy of v1. All methods throw {@link
 * CgroupException}.
 */
public interface Cgroup {
  /** No group at all: it does not exist, and there is nothing in it. */
  static Cgroup none() {
    return new SystemCgroup(List.of(), "");
  }

  /** The path that it was made with. */
  String path();

  /** Whether it exists in at least one hierarchy. */
  boolean exists();

  /** Controller ("" for v2) → directory on this host. */
  Map<String, String> directories();

  /** Descriptors of cgroup.procs, one for each hierarchy, for a launcher to write itself into. */
  List<Fd> openProcs();

  /** The v2 directory, for CLONE_INTO_CGROUP; empty where there is no v2 hierarchy. */
  Optional<Fd> openUnified();

  /**
   * Moves a process into it, in all hierarchies. In v2 a group holds either processes or groups
   * with controllers.
   */
  void add(int pid);

  /**
   * Sets limits. What the caller asks for and this host cannot do comes back as a warning that
   * names the controller; a value that the kernel refuses is an exception.
   */
  List<String> set(CgroupResources resources);

  /** Stops all its processes; returns when all have stopped. Undone when time is over. */
  void freeze(Duration timeout);

  /** Lets them go on. */
  void thaw(Duration timeout);

  boolean isFrozen();

  /** Sends SIGKILL to all processes in it and below until there are none. */
  void kill(Duration timeout);

  /** Process ids in it and below. */
  List<Integer> processes();

  CgroupStats stats();

  /**
   * How many processes the kernel has killed for memory in it, and below where the kernel counts
   * so.
   */
  long oomKills();

  /**
   * Something to wait on for {@link #oomKills} to change; empty without a memory controller. With
   * v1 it is ready when memory has run out, which is a moment before the count changes.
   */
  Optional<OomSource> oomSource();

  /** Removes it and the groups below; no processes may be left. Harmless when it is gone. */
  void delete(Duration timeout);

  /** A descriptor and what makes it ready; after it was ready, {@link #acknowledge} it. */
  interface OomSource extends AutoCloseable {
    Fd fd();

    Poller.Ready event();

    /** Takes the event, so that the descriptor is not ready any more. */
    void acknowledge();

    @Override
    void close();
  }
}
