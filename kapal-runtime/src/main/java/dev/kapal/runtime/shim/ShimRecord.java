package dev.kapal.runtime.shim;

import dev.kapal.oci.runtime.NamespaceType;
import java.util.List;
import java.util.Map;

/**
 * What is kept on disk of a sandbox, {@code state.json}.
 *
 * @param version of this format
 * @param kind always {@code shim}
 * @param id the sandbox's id
 * @param namespaces pinned namespaces and their paths
 * @param reserved process numbers up to here may have been used
 * @param containers in order of creation
 * @param own the sandbox's own shim; none, unless it makes the sandbox itself
 */
record ShimRecord(
    int version,
    String kind,
    String id,
    Map<NamespaceType, String> namespaces,
    int reserved,
    List<Entry> containers,
    List<Own> own) {
  /** How far a container has come. */
  enum Phase {
    CREATING,
    CREATED,
    RUNNING,
    PAUSED
  }

  /**
   * A container.
   *
   * @param id its id; its bundle is {@code task/ID}
   * @param number number of its first process
   * @param log number of the relay that reads its shim's log
   * @param launch number of the launch of its shim, by which what that has started can be found
   * @param cgroup path of its cgroup
   * @param phase how far it has come
   * @param protocol version of the task service; 0: the shim has not answered yet
   * @param address where its shim listens; empty: it has not answered yet
   * @param exec its further processes
   */
  record Entry(
      String id,
      int number,
      int log,
      int launch,
      String cgroup,
      Phase phase,
      int protocol,
      String address,
      List<Exec> exec) {}

  /**
   * A sandbox's own shim, as a container's.
   *
   * @param log number of the relay that reads its log
   * @param launch number of its launch
   * @param protocol version of the task service; 0: it has not answered yet
   * @param address where it listens
   */
  record Own(int log, int launch, int protocol, String address) {}

  /** A further process. */
  record Exec(int number, boolean terminal) {}
}
