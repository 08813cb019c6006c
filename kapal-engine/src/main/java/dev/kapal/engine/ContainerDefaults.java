package dev.kapal.engine;

import dev.kapal.engine.spec.SecuritySpec;
import dev.kapal.engine.spec.Ulimit;
import dev.kapal.image.Snapshotter;
import dev.kapal.runtime.Tier;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What containers get that do not say otherwise.
 *
 * @param tiers the runtime of each tier that has one
 * @param ulimits resource limits; a container's own of the same name wins
 * @param init whether a small init reaps and passes signals on
 * @param seccomp the filter of containers that name none and are not privileged
 * @param dns name servers; empty: the host's
 * @param dnsSearch search domains; empty: the host's
 * @param dnsOptions options of resolv.conf(5)
 * @param capabilities what containers may do that add and drop nothing; empty: Kapal's own set
 * @param snapshotter of containers whose runtime names none
 * @param snapshotters of runtimes that name one
 * @param withoutHostDevices runtimes whose privileged containers get none of the host's devices
 */
public record ContainerDefaults(
    Map<Tier, String> tiers,
    List<Ulimit> ulimits,
    boolean init,
    SecuritySpec.Seccomp seccomp,
    List<String> dns,
    List<String> dnsSearch,
    List<String> dnsOptions,
    Optional<List<String>> capabilities,
    Snapshotter snapshotter,
    Map<String, Snapshotter> snapshotters,
    Set<String> withoutHostDevices) {

  /** As on a host without a configuration. */
  public static final ContainerDefaults NONE =
      new ContainerDefaults(
          Map.of(Tier.NATIVE, "native"),
          List.of(),
          false,
          SecuritySpec.Seccomp.BUILTIN,
          List.of(),
          List.of(),
          List.of(),
          Optional.empty(),
          Snapshotter.OVERLAY,
          Map.of(),
          Set.of());

  public ContainerDefaults {
    tiers = Map.copyOf(tiers);
    ulimits = List.copyOf(ulimits);
    dns = List.copyOf(dns);
    dnsSearch = List.copyOf(dnsSearch);
    dnsOptions = List.copyOf(dnsOptions);
    capabilities = capabilities.map(List::copyOf);
    snapshotters = Map.copyOf(snapshotters);
    withoutHostDevices = Set.copyOf(withoutHostDevices);
  }

  /** How the files of a runtime's containers come to be one tree. */
  public Snapshotter snapshotter(String runtime) {
    return snapshotters.getOrDefault(runtime, snapshotter);
  }
}
