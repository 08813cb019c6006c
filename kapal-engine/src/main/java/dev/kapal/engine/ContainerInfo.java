package dev.kapal.engine;

import dev.kapal.engine.spec.ContainerSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Everything about a container at one moment.
 *
 * @param id 64 hexadecimal digits
 * @param name unique
 * @param created when
 * @param spec what was asked for
 * @param image the image reference as asked for
 * @param imageId digest of the image's configuration
 * @param runtime the runtime's name
 * @param process what runs, with the image's settings applied
 * @param state where it is
 * @param pid of its process on the host; empty when it does not run
 * @param exitCode of its last run
 * @param oomKilled the kernel killed it for lack of memory
 * @param error why it could not start or be removed
 * @param started when its last run began
 * @param finished when its last run ended
 * @param restartCount restarts by its policy in a row
 * @param health of its checks; empty: it has none
 * @param mounts volumes, binds and tmpfs
 * @param networks what it has of networks while it runs, by the network's name
 * @param networkMode resolved: {@code none}, {@code host}, {@code container:ID} or a network's name
 * @param hostname inside
 * @param ports published ports while it runs; exposed ones without a host side
 * @param labels its own and the image's
 * @param platform {@code os/arch[/variant]}
 * @param logDriver resolved
 * @param logPath of the log file; empty: none is kept
 * @param paths where things are on the host
 * @param execs of running execs
 * @param stopSignal resolved
 * @param stopTimeout resolved
 * @param user who runs it, while it runs
 */
public record ContainerInfo(
    String id,
    String name,
    Instant created,
    ContainerSpec spec,
    String image,
    String imageId,
    String runtime,
    EffectiveProcess process,
    ContainerState state,
    OptionalInt pid,
    int exitCode,
    boolean oomKilled,
    Optional<String> error,
    Optional<Instant> started,
    Optional<Instant> finished,
    int restartCount,
    Optional<Health> health,
    List<MountPoint> mounts,
    Map<String, Endpoint> networks,
    String networkMode,
    String hostname,
    List<PublishedPort> ports,
    Map<String, String> labels,
    String platform,
    String logDriver,
    Optional<String> logPath,
    Paths paths,
    List<String> execs,
    String stopSignal,
    Duration stopTimeout,
    Optional<User> user) {

  /** Numbers inside the container. */
  public record User(long uid, long gid, List<Long> groups) {
    public User {
      groups = List.copyOf(groups);
    }
  }

  public ContainerInfo {
    mounts = List.copyOf(mounts);
    ports = List.copyOf(ports);
    execs = List.copyOf(execs);
  }

  /** The process with the image's settings applied. */
  public record EffectiveProcess(
      List<String> entrypoint,
      List<String> command,
      List<String> env,
      String workdir,
      String user) {
    public EffectiveProcess {
      entrypoint = List.copyOf(entrypoint);
      command = List.copyOf(command);
      env = List.copyOf(env);
    }

    /** Program and arguments. */
    public List<String> words() {
      java.util.ArrayList<String> all = new java.util.ArrayList<>(entrypoint);
      all.addAll(command);
      return List.copyOf(all);
    }
  }

  /**
   * A mount.
   *
   * @param type {@code volume}, {@code bind}, {@code tmpfs}
   * @param name the volume's name
   * @param source on the host
   * @param destination inside
   * @param mode options as given
   * @param readWrite can be written
   * @param propagation of mounts below
   * @param anonymous a volume that was made for this container alone
   */
  public record MountPoint(
      String type,
      Optional<String> name,
      String source,
      String destination,
      String mode,
      boolean readWrite,
      String propagation,
      boolean anonymous) {}

  /** Its side of one network. */
  public record Endpoint(
      String networkId,
      String endpointId,
      String interfaceName,
      List<String> addresses,
      List<String> gateways,
      String mac,
      List<String> aliases) {
    public Endpoint {
      addresses = List.copyOf(addresses);
      gateways = List.copyOf(gateways);
      aliases = List.copyOf(aliases);
    }
  }

  /** A port; hostPort is empty when it is exposed only. */
  public record PublishedPort(
      int containerPort, String protocol, String hostAddress, OptionalInt hostPort) {}

  /** Places on the host. Empty text: there is none now. */
  public record Paths(
      String state,
      String hostname,
      String hosts,
      String resolvConf,
      String rootfs,
      String cgroup) {}

  /** Health of a container with checks. */
  public record Health(Status status, int failingStreak, List<Probe> log) {
    /** The outcome of the checks so far. */
    public enum Status {
      STARTING,
      HEALTHY,
      UNHEALTHY;

      /** As Docker writes it. */
      public String text() {
        return name().toLowerCase(java.util.Locale.ROOT);
      }
    }

    /** One check; the exit code is -1 when it took too long or could not run. */
    public record Probe(Instant start, Instant end, int exitCode, String output) {}

    public Health {
      log = List.copyOf(log);
    }
  }

  /** The first twelve digits of the ID. */
  public String shortId() {
    return id.substring(0, Math.min(12, id.length()));
  }
}
