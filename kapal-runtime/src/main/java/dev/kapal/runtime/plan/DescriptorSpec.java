package dev.kapal.runtime.plan;

import dev.kapal.oci.runtime.IdMapping;
import java.util.List;

/** A descriptor that has to come with the plan, to be opened by whoever launches it. */
public sealed interface DescriptorSpec {
  /** The caller's descriptor of that index, passed through to the process. */
  record Preserved(int index) implements DescriptorSpec {}

  /** The container's cgroup v2 directory. */
  record CgroupDirectory() implements DescriptorSpec {}

  /** The listening socket at which the process waits to be started. */
  record StartListener() implements DescriptorSpec {}

  /** A user namespace that only serves as the id map of mounts. */
  record IdMap(List<IdMapping> uids, List<IdMapping> gids) implements DescriptorSpec {
    /** Copies the lists. */
    public IdMap {
      uids = List.copyOf(uids);
      gids = List.copyOf(gids);
    }
  }
}
