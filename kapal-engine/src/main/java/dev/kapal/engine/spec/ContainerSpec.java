package dev.kapal.engine.spec;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Everything that can be said about a container before it exists; what {@code docker create} takes.
 *
 * @param image the image: reference or (a unique prefix of) its ID. It must be in the store:
 *     pulling is the caller's
 * @param name the container's name; empty: the engine makes one up
 * @param platform {@code os/arch[/variant]} to choose from an index; empty: the host's
 * @param runtime the runtime's name in the engine's configuration; empty: the default one
 * @param process what runs
 * @param security what it may do
 * @param namespaces what it shares with the host or others
 * @param network networks, ports and name resolution
 * @param storage mounts and the root file system
 * @param resources limits
 * @param devices device nodes
 * @param labels for people and tools; not seen inside
 * @param annotations for the runtime; go to the runtime config
 * @param sysctls kernel parameters of the container's namespaces
 * @param restart what happens when it ends
 * @param autoRemove removed, with its anonymous volumes, when it ends
 * @param health overrides of the image's health check; empty: the image's
 * @param log where its output goes
 * @param pod the pod whose sandbox it shares; empty: a sandbox of its own
 */
public record ContainerSpec(
    String image,
    Optional<String> name,
    Optional<String> platform,
    Optional<String> runtime,
    ProcessSpec process,
    SecuritySpec security,
    NamespaceSpec namespaces,
    NetworkSpec network,
    StorageSpec storage,
    Resources resources,
    DeviceSpec devices,
    Map<String, String> labels,
    Map<String, String> annotations,
    Map<String, String> sysctls,
    RestartPolicy restart,
    boolean autoRemove,
    Optional<HealthSpec> health,
    LogSpec log,
    Optional<PodMember> pod) {

  public ContainerSpec {
    Checks.notBlank(image, "image");
    name.ifPresent(Checks::containerName);
    labels = Checks.ordered(labels);
    annotations = Checks.ordered(annotations);
    sysctls = Checks.ordered(sysctls);
    Objects.requireNonNull(process);
    // A record that was written before there were pods does not say.
    pod = Objects.requireNonNullElse(pod, Optional.empty());
    if (pod.isPresent() && (autoRemove || restart.mode() != RestartPolicy.Mode.NO)) {
      throw new IllegalArgumentException(
          "a container of a pod is neither restarted nor removed by itself: that is for who made the pod");
    }
    if (autoRemove && restart.mode() != RestartPolicy.Mode.NO) {
      throw new IllegalArgumentException(
          "a container cannot be both restarted and removed when it ends: leave out --rm or --restart");
    }
  }

  /** Starts a specification with everything at its default. */
  public static Builder builder(String image) {
    return new Builder(image);
  }

  /** This specification, to change something of it. */
  public Builder toBuilder() {
    Builder b = new Builder(image);
    b.name = name;
    b.platform = platform;
    b.runtime = runtime;
    b.process = process;
    b.security = security;
    b.namespaces = namespaces;
    b.network = network;
    b.storage = storage;
    b.resources = resources;
    b.devices = devices;
    b.labels = labels;
    b.annotations = annotations;
    b.sysctls = sysctls;
    b.restart = restart;
    b.autoRemove = autoRemove;
    b.health = health;
    b.log = log;
    b.pod = pod;
    return b;
  }

  /** Collects a {@link ContainerSpec}. Not thread-safe. */
  public static final class Builder {
    private String image;
    private Optional<String> name = Optional.empty();
    private Optional<String> platform = Optional.empty();
    private Optional<String> runtime = Optional.empty();
    private ProcessSpec process = ProcessSpec.DEFAULT;
    private SecuritySpec security = SecuritySpec.DEFAULT;
    private NamespaceSpec namespaces = NamespaceSpec.DEFAULT;
    private NetworkSpec network = NetworkSpec.DEFAULT;
    private StorageSpec storage = StorageSpec.DEFAULT;
    private Resources resources = Resources.NONE;
    private DeviceSpec devices = DeviceSpec.NONE;
    private Map<String, String> labels = Map.of();
    private Map<String, String> annotations = Map.of();
    private Map<String, String> sysctls = Map.of();
    private RestartPolicy restart = RestartPolicy.NO;
    private boolean autoRemove;
    private Optional<HealthSpec> health = Optional.empty();
    private LogSpec log = LogSpec.DEFAULT;
    private Optional<PodMember> pod = Optional.empty();

    private Builder(String image) {
      this.image = image;
    }

    public Builder image(String image) {
      this.image = image;
      return this;
    }

    public Builder name(String name) {
      this.name = Optional.of(name);
      return this;
    }

    public Builder platform(String platform) {
      this.platform = Optional.of(platform);
      return this;
    }

    public Builder runtime(String runtime) {
      this.runtime = Optional.of(runtime);
      return this;
    }

    public Builder process(ProcessSpec process) {
      this.process = process;
      return this;
    }

    /** Shorthand for the most used part of {@link #process(ProcessSpec)}. */
    public Builder command(String... words) {
      this.process = process.toBuilder().command(java.util.List.of(words)).build();
      return this;
    }

    public Builder security(SecuritySpec security) {
      this.security = security;
      return this;
    }

    public Builder namespaces(NamespaceSpec namespaces) {
      this.namespaces = namespaces;
      return this;
    }

    public Builder network(NetworkSpec network) {
      this.network = network;
      return this;
    }

    public Builder storage(StorageSpec storage) {
      this.storage = storage;
      return this;
    }

    public Builder resources(Resources resources) {
      this.resources = resources;
      return this;
    }

    public Builder devices(DeviceSpec devices) {
      this.devices = devices;
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

    public Builder sysctls(Map<String, String> sysctls) {
      this.sysctls = sysctls;
      return this;
    }

    public Builder restart(RestartPolicy restart) {
      this.restart = restart;
      return this;
    }

    public Builder autoRemove(boolean autoRemove) {
      this.autoRemove = autoRemove;
      return this;
    }

    public Builder health(HealthSpec health) {
      this.health = Optional.of(health);
      return this;
    }

    public Builder log(LogSpec log) {
      this.log = log;
      return this;
    }

    public Builder pod(PodMember pod) {
      this.pod = Optional.of(pod);
      return this;
    }

    public ContainerSpec build() {
      return new ContainerSpec(
          image,
          name,
          platform,
          runtime,
          process,
          security,
          namespaces,
          network,
          storage,
          resources,
          devices,
          labels,
          annotations,
          sysctls,
          restart,
          autoRemove,
          health,
          log,
          pod);
    }
  }
}
