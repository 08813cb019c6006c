package dev.kapal.runtime.oci;

import dev.kapal.oci.runtime.NamespaceType;
import java.util.List;
import java.util.Map;

/**
 * What is kept on disk of a sandbox, {@code state.json}.
 *
 * @param version of this format
 * @param kind always {@code oci}
 * @param id the sandbox's id
 * @param namespaces pinned namespaces and their paths
 * @param reserved process numbers up to here may have been used
 * @param containers in order of creation
 */
record OciRecord(
    int version,
    String kind,
    String id,
    Map<NamespaceType, String> namespaces,
    int reserved,
    List<Entry> containers) {
  /** How far a container has come; the middle ones are steps during which this process may die. */
  enum Phase {
    CREATING,
    CREATED,
    STARTING,
    RUNNING,
    SWITCHING,
    PAUSED
  }

  /**
   * A container.
   *
   * @param id its id
   * @param number number of its first process; its bundle is {@code bundle.N}
   * @param cgroup path of its cgroup
   * @param phase how far it has come
   * @param exec numbers of its further processes
   */
  record Entry(String id, int number, String cgroup, Phase phase, List<Integer> exec) {}
}
