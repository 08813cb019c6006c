package dev.kapal.engine.cdi;

import dev.kapal.oci.runtime.Hook;
import dev.kapal.oci.runtime.IntelRdt;
import dev.kapal.oci.runtime.Mount;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What devices ask of a container.
 *
 * @param hooks by the runtime-spec's name of their point
 * @param netDevices names inside by names on the host
 */
public record CdiEdits(
    List<String> env,
    List<CdiNode> nodes,
    List<Mount> mounts,
    Map<String, List<Hook>> hooks,
    List<Long> groups,
    Map<String, String> netDevices,
    Optional<IntelRdt> intelRdt) {
  /** Nothing. */
  public static final CdiEdits NONE =
      new CdiEdits(
          List.of(), List.of(), List.of(), Map.of(), List.of(), Map.of(), Optional.empty());

  public CdiEdits {
    env = List.copyOf(env);
    nodes = List.copyOf(nodes);
    mounts = List.copyOf(mounts);
    hooks = Map.copyOf(hooks);
    groups = List.copyOf(groups);
    netDevices = Map.copyOf(netDevices);
  }

  /** These, and the other ones after them. */
  public CdiEdits and(CdiEdits o) {
    Map<String, List<Hook>> all = new LinkedHashMap<>(hooks);
    o.hooks.forEach((point, more) -> all.merge(point, more, CdiEdits::join));
    Map<String, String> net = new LinkedHashMap<>(netDevices);
    net.putAll(o.netDevices);
    return new CdiEdits(
        join(env, o.env),
        join(nodes, o.nodes),
        join(mounts, o.mounts),
        all,
        join(groups, o.groups),
        net,
        o.intelRdt.or(() -> intelRdt));
  }

  private static <T> List<T> join(List<T> a, List<T> b) {
    List<T> all = new ArrayList<>(a);
    all.addAll(b);
    return all;
  }
}
