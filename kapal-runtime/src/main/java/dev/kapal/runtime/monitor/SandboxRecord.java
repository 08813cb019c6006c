package dev.kapal.runtime.monitor;

import dev.kapal.oci.runtime.NamespaceType;
import java.util.List;
import java.util.Map;

/**
 * What is kept on disk of a sandbox, {@code state.json}. Everything else can be asked for: the
 * monitor knows the processes, the kernel the cgroups.
 *
 * @param version of this format
 * @param id the sandbox's id
 * @param namespaces pinned namespaces and their paths
 * @param reserved process numbers up to here may have been used
 * @param containers in order of creation
 */
record SandboxRecord(
    int version,
    String id,
    Map<NamespaceType, String> namespaces,
    int reserved,
    List<ContainerRecord> containers) {
  /**
   * A container.
   *
   * @param id its id
   * @param number number of its first process; its config is in {@code config.N}
   * @param cgroup path of its cgroup
   * @param bundle told to hooks
   * @param exec numbers of its further processes
   */
  record ContainerRecord(String id, int number, String cgroup, String bundle, List<Integer> exec) {}
}
