package dev.kapal.runtime.monitor;

import dev.kapal.linux.Fd;
import dev.kapal.runtime.plan.DescriptorSpec;
import java.util.HashMap;
import java.util.Map;

/** The id maps of one launch: mounts with the same map share its namespace. Owned by one thread. */
final class IdMaps implements AutoCloseable {
  private final NativeSandbox sandbox;
  private final Map<DescriptorSpec.IdMap, Fd> open = new HashMap<>();

  IdMaps(NativeSandbox sandbox) {
    this.sandbox = sandbox;
  }

  /** The namespace's descriptor, which stays this object's. */
  Fd of(DescriptorSpec.IdMap map) {
    return open.computeIfAbsent(map, m -> new MappedNamespace(sandbox).open(m.uids(), m.gids()));
  }

  @Override
  public void close() {
    open.values().forEach(Fd::close);
  }
}
