package dev.kapal.runtime.dropin;

import java.util.Map;

/**
 * What is kept of a container, as {@code state.json}.
 *
 * @param id its id
 * @param bundle its bundle
 * @param rootfs its root file system
 * @param created when, RFC 3339
 * @param pid of its first process; 0: it has not got so far
 * @param startTime of that process, in clock ticks since boot: with the pid its identity
 * @param creator pid of the program that makes or made it
 * @param creatorStartTime as startTime
 * @param cgroup path of its control group; empty: a rootless one has none
 * @param annotations of its config
 */
record ContainerRecord(
    String id,
    String bundle,
    String rootfs,
    String created,
    int pid,
    long startTime,
    int creator,
    long creatorStartTime,
    String cgroup,
    Map<String, String> annotations) {
  /** Absent members get their defaults. */
  @SuppressWarnings("NullAway") // a member of the file may be missing
  ContainerRecord {
    annotations = annotations == null ? Map.of() : Map.copyOf(annotations);
  }

  ContainerRecord withoutCgroup() {
    return new ContainerRecord(
        id, bundle, rootfs, created, pid, startTime, creator, creatorStartTime, "", annotations);
  }

  ContainerRecord withProcess(int nowPid, long nowStartTime) {
    return new ContainerRecord(
        id,
        bundle,
        rootfs,
        created,
        nowPid,
        nowStartTime,
        creator,
        creatorStartTime,
        cgroup,
        annotations);
  }
}
