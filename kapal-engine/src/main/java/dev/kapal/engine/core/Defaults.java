package dev.kapal.engine.core;

import dev.kapal.engine.ContainerDefaults;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.SecuritySpec;
import dev.kapal.engine.spec.Ulimit;
import dev.kapal.runtime.Tier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Fills in what a request leaves open: pure functions. */
final class Defaults {
  /** Of several runtimes of a tier that none was configured for, the first that is there. */
  private static final Map<Tier, List<String>> USUAL =
      Map.of(
          Tier.NATIVE, List.of("native"),
          Tier.SANDBOX, List.of("runsc", "io.containerd.runsc.v1"),
          Tier.VM, List.of("vm", "kata", "io.containerd.kata.v2"));

  private Defaults() {}

  /** The request with the defaults; a request's own word always wins. */
  static ContainerSpec apply(
      ContainerSpec s, String runtime, ContainerDefaults d, boolean hasInit) {
    if (d.equals(ContainerDefaults.NONE)) {
      return s;
    }
    return s.toBuilder()
        .process(process(s.process(), d, hasInit))
        .security(security(s.security(), runtime, d))
        .network(network(s.network(), d))
        .build();
  }

  private static ProcessSpec process(ProcessSpec p, ContainerDefaults d, boolean hasInit) {
    List<Ulimit> limits = new ArrayList<>(p.ulimits());
    d.ulimits().stream()
        .filter(u -> p.ulimits().stream().noneMatch(own -> own.name().equals(u.name())))
        .forEach(limits::add);
    return p.toBuilder().ulimits(limits).init(p.init() || (d.init() && hasInit)).build();
  }

  private static SecuritySpec security(SecuritySpec s, String runtime, ContainerDefaults d) {
    if (s.privileged()) {
      return d.withoutHostDevices().contains(runtime) ? s.withoutHostDevices() : s;
    }
    boolean open = s.seccomp().mode() == SecuritySpec.Seccomp.Mode.DEFAULT;
    SecuritySpec filtered = open ? s.withSeccomp(d.seccomp()) : s;
    return d.capabilities().map(filtered::withCapDefault).orElse(filtered);
  }

  private static NetworkSpec network(NetworkSpec n, ContainerDefaults d) {
    if (n.sharedContainer().isPresent() || n.mode().equals("host")) {
      return n;
    }
    return n.withResolver(
        n.dns().isEmpty() ? d.dns() : n.dns(),
        n.dnsSearch().isEmpty() ? d.dnsSearch() : n.dnsSearch(),
        n.dnsOptions().isEmpty() ? d.dnsOptions() : n.dnsOptions());
  }

  /**
   * The runtime for a tier: the configured one, else the usual one, else the only one.
   *
   * @param offered names and tiers of the runtimes that there are
   */
  static String runtime(Tier tier, ContainerDefaults d, Map<String, Tier> offered) {
    Optional<String> configured = Optional.ofNullable(d.tiers().get(tier));
    if (configured.isPresent() && offered.containsKey(configured.get())) {
      return configured.get();
    }
    List<String> fitting =
        offered.entrySet().stream()
            .filter(e -> e.getValue() == tier)
            .map(Map.Entry::getKey)
            .sorted()
            .toList();
    if (configured.isEmpty()) {
      Optional<String> usual =
          USUAL.getOrDefault(tier, List.of()).stream().filter(fitting::contains).findFirst();
      if (usual.isPresent()) {
        return usual.get();
      }
      if (fitting.size() == 1) {
        return fitting.getFirst();
      }
    }
    throw new EngineException.InvalidArgument(none(tier, configured, fitting));
  }

  private static String none(Tier tier, Optional<String> configured, Collection<String> fitting) {
    String word = tier.name().toLowerCase(Locale.ROOT);
    String remedy =
        fitting.isEmpty()
            ? "no runtime of this tier is here: install one, and see 'kapal check'"
            : "set containers.tiers." + word + " to one of " + String.join(", ", fitting);
    return configured
        .map(name -> "the runtime \"" + name + "\" of the tier " + word + " is not here; " + remedy)
        .orElse("no runtime is set for the tier " + word + "; " + remedy);
  }
}
