package dev.kapal.engine.spec;

import dev.kapal.network.PortMapping;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A pod: a sandbox that several containers share.
 *
 * @param name unique among pods
 * @param runtime the runtime's name in the engine's configuration; empty: the default one
 * @param hostname inside; empty: the first twelve digits of the ID
 * @param network what it is connected to
 * @param namespaces pid: private (each container its own), shareable (one for all), host; ipc and
 *     uts: private or host; user: host, or private with the maps given; cgroup is its containers'
 *     to choose
 * @param security of the sandbox's own first process, where the runtime needs one
 * @param sysctls kernel parameters of the pod's namespaces
 * @param cgroupParent the pod's own cgroup, in which its containers' are made; empty: one below the
 *     engine's, made and removed with the pod
 * @param resources limits of all containers together, as far as known; set by who made the cgroup
 * @param overhead what the sandbox itself takes
 * @param shmSize of /dev/shm, in bytes
 * @param labels for people and tools
 * @param annotations for the runtime; go to the runtime configs
 * @param attributes what a door wants to find again; kept as it is, never looked at
 */
public record PodSpec(
    String name,
    Optional<String> runtime,
    Optional<String> hostname,
    Network network,
    NamespaceSpec namespaces,
    SecuritySpec security,
    Map<String, String> sysctls,
    Optional<String> cgroupParent,
    Resources resources,
    Resources overhead,
    OptionalLong shmSize,
    Map<String, String> labels,
    Map<String, String> annotations,
    Map<String, String> attributes) {

  /**
   * A pod's network.
   *
   * @param mode {@code host}, {@code none}, a network's name; empty: the pods' default, the
   *     administrator's first CNI configuration
   * @param ports to publish
   * @param dns name servers; empty: the host's
   * @param dnsSearch search domains
   * @param dnsOptions resolv.conf(5) options
   * @param cniArgs pairs for {@code CNI_ARGS}
   * @param capabilities further CNI runtimeConfig entries by capability
   */
  public record Network(
      String mode,
      List<PortMapping> ports,
      List<String> dns,
      List<String> dnsSearch,
      List<String> dnsOptions,
      Map<String, String> cniArgs,
      Map<String, Object> capabilities) {
    /** The pods' default network, and the host's name servers. */
    public static final Network DEFAULT =
        new Network("", List.of(), List.of(), List.of(), List.of(), Map.of(), Map.of());

    public Network {
      ports = List.copyOf(ports);
      dns = List.copyOf(dns);
      dnsSearch = List.copyOf(dnsSearch);
      dnsOptions = List.copyOf(dnsOptions);
      cniArgs = Checks.ordered(cniArgs);
      capabilities = Checks.ordered(capabilities);
    }

    /** Whether it is the host's network. */
    public boolean host() {
      return mode.equals("host");
    }

    /** The same in another network. */
    public Network withMode(String other) {
      return new Network(other, ports, dns, dnsSearch, dnsOptions, cniArgs, capabilities);
    }
  }

  public PodSpec {
    if (name.isEmpty() || name.length() > 1024 || name.chars().anyMatch(c -> c < ' ')) {
      throw new IllegalArgumentException("a pod's name has 1 to 1024 printable characters");
    }
    hostname.ifPresent(h -> {
      if (h.isEmpty() || h.length() > 64 || !h.matches("[A-Za-z0-9_.-]+")) {
        throw new IllegalArgumentException(
            "hostname \"" + h + "\" is not valid: at most 64 letters, digits, '-', '_' and '.'");
      }
    });
    cgroupParent.ifPresent(p -> {
      Checks.noNul(p, "the cgroup parent");
      if (List.of(p.split("/")).contains("..")) {
        throw new IllegalArgumentException("cgroup parent \"" + p + "\" has a part \"..\"");
      }
    });
    sysctls = Checks.ordered(sysctls);
    labels = Checks.ordered(labels);
    annotations = Checks.ordered(annotations);
    attributes = Checks.ordered(attributes);
  }

  /** Starts a specification with everything at its default. */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  /** The same with other limits. */
  public PodSpec withResources(Resources resources, Resources overhead) {
    return new PodSpec(
        name,
        runtime,
        hostname,
        network,
        namespaces,
        security,
        sysctls,
        cgroupParent,
        resources,
        overhead,
        shmSize,
        labels,
        annotations,
        attributes);
  }

  /** The same with other namespaces. */
  public PodSpec withNamespaces(NamespaceSpec other) {
    return new PodSpec(
        name,
        runtime,
        hostname,
        network,
        other,
        security,
        sysctls,
        cgroupParent,
        resources,
        overhead,
        shmSize,
        labels,
        annotations,
        attributes);
  }

  /** Collects a {@link PodSpec}. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private Optional<String> runtime = Optional.empty();
    private Optional<String> hostname = Optional.empty();
    private Network network = Network.DEFAULT;
    private NamespaceSpec namespaces = NamespaceSpec.DEFAULT;
    private SecuritySpec security = SecuritySpec.DEFAULT;
    private Map<String, String> sysctls = Map.of();
    private Optional<String> cgroupParent = Optional.empty();
    private Resources resources = Resources.NONE;
    private Resources overhead = Resources.NONE;
    private OptionalLong shmSize = OptionalLong.empty();
    private Map<String, String> labels = Map.of();
    private Map<String, String> annotations = Map.of();
    private Map<String, String> attributes = Map.of();

    private Builder(String name) {
      this.name = name;
    }

    public Builder runtime(String runtime) {
      this.runtime = Optional.of(runtime);
      return this;
    }

    public Builder hostname(String hostname) {
      this.hostname = Optional.of(hostname);
      return this;
    }

    public Builder network(Network network) {
      this.network = network;
      return this;
    }

    public Builder namespaces(NamespaceSpec namespaces) {
      this.namespaces = namespaces;
      return this;
    }

    public Builder security(SecuritySpec security) {
      this.security = security;
      return this;
    }

    public Builder sysctls(Map<String, String> sysctls) {
      this.sysctls = sysctls;
      return this;
    }

    public Builder cgroupParent(String parent) {
      this.cgroupParent = Optional.of(parent);
      return this;
    }

    public Builder resources(Resources resources) {
      this.resources = resources;
      return this;
    }

    public Builder overhead(Resources overhead) {
      this.overhead = overhead;
      return this;
    }

    /** Size of /dev/shm in bytes. */
    public Builder shmSize(long bytes) {
      this.shmSize = OptionalLong.of(bytes);
      return this;
    }

    public Builder labels(Map<String, String> labels) {
      this.labels = labels;
      return this;
    }

    public Builder annotations(Map<String, String> annotations) {
      this.annotations = annotations;
      return this;
    }

    public Builder attributes(Map<String, String> attributes) {
      this.attributes = attributes;
      return this;
    }

    public PodSpec build() {
      return new PodSpec(
          name,
          runtime,
          hostname,
          network,
          namespaces,
          security,
          sysctls,
          cgroupParent,
          resources,
          overhead,
          shmSize,
          labels,
          annotations,
          attributes);
    }
  }
}
