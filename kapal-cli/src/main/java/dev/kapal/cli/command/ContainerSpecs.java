package dev.kapal.cli.command;

import dev.kapal.cli.context.CommandContext;
import dev.kapal.cli.context.WindowSize;
import dev.kapal.cli.model.Arguments;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.parse.Limits;
import dev.kapal.cli.parse.MountParser;
import dev.kapal.cli.parse.NetworkParser;
import dev.kapal.cli.parse.Pairs;
import dev.kapal.cli.parse.Scalars;
import dev.kapal.cli.parse.SecurityParser;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.DeviceSpec;
import dev.kapal.engine.spec.HealthSpec;
import dev.kapal.engine.spec.LogSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.RestartPolicy;
import dev.kapal.engine.spec.SecuritySpec;
import dev.kapal.engine.spec.StorageSpec;
import dev.kapal.engine.spec.TerminalSize;
import dev.kapal.oci.Platform;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Makes the engine's request of the options of run and create. Used once. */
final class ContainerSpecs {
  private final Arguments given;
  private final CommandContext context;

  private ContainerSpecs(Arguments given, CommandContext context) {
    this.given = given;
    this.context = context;
  }

  /**
   * What the options ask for.
   *
   * @throws UsageException when they make no sense
   */
  static ContainerSpec of(Arguments given, CommandContext context) {
    try {
      return new ContainerSpecs(given, context).build();
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private ContainerSpec build() {
    refuse("gpus", "GPUs are not supported: pass their nodes with --device");
    refuse("link", "links between containers are not supported: put both on one --network");
    refuse("link-local-ip", "link-local addresses are not supported: leave it out");
    refuse("storage-opt", "storage options are not supported: leave it out");
    refuse("use-api-socket", "the API socket is not passed on: mount it with -v");
    refuse("isolation", "isolation is for Windows: use --runtime to choose a runtime");
    given
        .value("volume-driver")
        .filter(driver -> !driver.equals("local"))
        .ifPresent(driver -> {
          throw new UsageException(
              "volume driver \"" + driver + "\" is not known: only local is there");
        });
    ContainerSpec.Builder spec =
        ContainerSpec.builder(image())
            .process(process())
            .security(security())
            .namespaces(namespaces())
            .network(network())
            .storage(storage())
            .resources(ResourceOptions.of(given))
            .devices(devices())
            .labels(labels())
            .annotations(Pairs.loose("annotation", given.list("annotation")))
            .sysctls(Pairs.strict("sysctl", given.list("sysctl")))
            .restart(RestartPolicy.parse(given.value("restart").orElse("no")))
            .autoRemove(given.flag("rm"))
            .log(log());
    given.value("name").filter(name -> !name.isEmpty()).ifPresent(spec::name);
    Platforms.wanted(given, context).map(Platform::toString).ifPresent(spec::platform);
    given.value("runtime").ifPresent(spec::runtime);
    health().ifPresent(spec::health);
    return spec.build();
  }

  private String image() {
    String image = given.operand(0);
    if (image.isBlank()) {
      throw new UsageException("the image's name is empty: name one, as in busybox");
    }
    return image;
  }

  private void refuse(String option, String why) {
    if (given.has(option)) {
      throw new UsageException("--" + option + ": " + why);
    }
  }

  private ProcessSpec process() {
    ProcessSpec.Builder process =
        ProcessSpec.builder()
            .command(given.operands().subList(1, given.operands().size()))
            .env(environment())
            .groupAdd(given.list("group-add"))
            .tty(given.flag("tty"))
            .stdinOpen(given.flag("interactive"))
            .stdinOnce(given.flag("interactive") && !given.flag("detach"))
            .init(given.flag("init"))
            .ulimits(given.list("ulimit").stream().map(Limits::ulimit).toList());
    given
        .value("entrypoint")
        .ifPresent(word -> process.entrypoint(word.isEmpty() ? List.of() : List.of(word)));
    given.value("workdir").filter(dir -> !dir.isEmpty()).ifPresent(process::workdir);
    given.value("user").filter(user -> !user.isEmpty()).ifPresent(process::user);
    given.value("stop-signal").ifPresent(process::stopSignal);
    given
        .value("stop-timeout")
        .ifPresent(text ->
            process.stopTimeout(
                Duration.ofSeconds(Scalars.number("stop-timeout", text, -1, Integer.MAX_VALUE))));
    given
        .value("oom-score-adj")
        .ifPresent(
            text -> process.oomScoreAdj((int) Scalars.number("oom-score-adj", text, -1000, 1000)));
    given
        .value("umask")
        .ifPresent(text -> {
          if (!text.matches("0?[0-7]{1,4}")) {
            throw new UsageException(
                "invalid value \"" + text + "\" for --umask: it is not octal; write as in 0022");
          }
          process.umask(Integer.parseInt(text, 8));
        });
    WindowSize size = context.client().windowSize();
    if (given.flag("tty") && size.rows() > 0 && size.columns() > 0) {
      process.terminalSize(new TerminalSize(size.rows(), size.columns()));
    }
    return process.build();
  }

  private List<String> environment() {
    return environment(given, context);
  }

  /** Files first, then single variables, which win. */
  static List<String> environment(Arguments given, CommandContext context) {
    List<String> entries = new ArrayList<>();
    for (String file : given.list("env-file")) {
      String content = ClientFiles.read(context, "env-file", file);
      entries.addAll(
          Pairs.environment(
              "env-file", Pairs.lines("env-file", file, content), context.environment()));
    }
    entries.addAll(Pairs.environment("env", given.list("env"), context.environment()));
    return entries;
  }

  private Map<String, String> labels() {
    Map<String, String> labels = new LinkedHashMap<>();
    for (String file : given.list("label-file")) {
      String content = ClientFiles.read(context, "label-file", file);
      labels.putAll(Pairs.loose("label-file", Pairs.lines("label-file", file, content)));
    }
    labels.putAll(Pairs.loose("label", given.list("label")));
    return labels;
  }

  private SecuritySpec security() {
    SecuritySpec.Builder security =
        SecuritySpec.builder()
            .privileged(given.flag("privileged"))
            .capAdd(given.list("cap-add"))
            .capDrop(given.list("cap-drop"));
    SecurityParser.options(
        given.list("security-opt"),
        file -> ClientFiles.read(context, "security-opt seccomp", file),
        security);
    return security.build();
  }

  private NamespaceSpec namespaces() {
    boolean mapped = given.has("uidmap") || given.has("gidmap");
    NamespaceMode user = mode("userns", List.of("host", "private"));
    if (mapped && user.kind() == NamespaceMode.Kind.HOST) {
      throw new UsageException("--uidmap and --gidmap go with --userns private, not with host");
    }
    List<NamespaceSpec.IdMapping> users =
        given.list("uidmap").stream().map(text -> Limits.idMapping("uidmap", text)).toList();
    List<NamespaceSpec.IdMapping> groups =
        given.list("gidmap").stream().map(text -> Limits.idMapping("gidmap", text)).toList();
    return NamespaceSpec.DEFAULT
        .withPid(mode("pid", List.of("private", "host", "container:NAME")))
        .withIpc(mode("ipc", List.of("private", "shareable", "none", "host", "container:NAME")))
        .withUts(mode("uts", List.of("private", "host")))
        .withCgroup(mode("cgroupns", List.of("private", "host")))
        .withUser(
            mapped ? NamespaceMode.PRIVATE : user,
            users.isEmpty() ? groups : users,
            groups.isEmpty() ? users : groups);
  }

  private NamespaceMode mode(String option, List<String> known) {
    String text = given.value(option).orElse("");
    boolean container = text.startsWith("container:") && text.length() > 10;
    boolean fits = text.isEmpty() || known.contains(container ? "container:NAME" : text);
    if (!fits) {
      throw new UsageException(
          "invalid value \"%s\" for --%s: it is not a mode; use %s"
              .formatted(text, option, String.join(", ", known)));
    }
    return NamespaceMode.parse(text);
  }

  private List<String> both(String option, String other) {
    List<String> all = new ArrayList<>(given.list(option));
    all.addAll(given.list(other));
    return all;
  }

  private NetworkSpec network() {
    List<NetworkParser.Join> joins =
        both("network", "net").stream().map(NetworkParser::network).toList();
    String mode = joins.isEmpty() ? "" : joins.getFirst().name();
    Map<String, NetworkSpec.Endpoint> endpoints = new LinkedHashMap<>();
    for (NetworkParser.Join join : joins) {
      if (endpoints.put(join.name(), join.endpoint()) != null) {
        throw new UsageException("the network \"" + join.name() + "\" is given twice");
      }
    }
    boolean shared = alone(mode);
    Optional<String> single =
        joins.stream().map(NetworkParser.Join::name).filter(ContainerSpecs::alone).findFirst();
    if (single.isPresent() && joins.size() > 1) {
      throw new UsageException(
          "--network " + single.get() + " goes with no other network: leave one out");
    }
    first(mode.isEmpty() ? "bridge" : mode, shared, endpoints);
    if (mode.startsWith("container:")) {
      for (String option : List.of("hostname", "dns", "add-host", "publish", "expose")) {
        if (given.has(option)) {
          throw new UsageException(
              "--"
                  + option
                  + " does not go with --network "
                  + mode
                  + ": give it to that container");
        }
      }
    }
    if (shared) {
      endpoints.clear();
    } else if (!joins.isEmpty() || endpoints.containsKey("bridge")) {
      // An endpoint without wishes for the only network says nothing.
      endpoints
          .entrySet()
          .removeIf(e -> e.getValue().equals(NetworkSpec.Endpoint.ANY) && e.getKey().equals(mode));
    }
    NetworkSpec.Builder network =
        NetworkSpec.builder()
            .mode(mode)
            .endpoints(endpoints)
            .ports(given.list("publish").stream().map(NetworkParser::port).toList())
            .publishAll(given.flag("publish-all"))
            .expose(
                given.list("expose").stream()
                    .flatMap(text -> NetworkParser.expose(text).stream())
                    .toList())
            .dns(
                given.list("dns").stream().map(text -> NetworkParser.address("dns", text)).toList())
            .dnsSearch(given.list("dns-search"))
            .dnsOptions(both("dns-option", "dns-opt"))
            .extraHosts(given.list("add-host").stream().map(NetworkParser::host).toList());
    given.value("hostname").filter(name -> !name.isEmpty()).ifPresent(network::hostname);
    given.value("domainname").filter(name -> !name.isEmpty()).ifPresent(network::domainname);
    return network.build();
  }

  private static boolean alone(String mode) {
    return mode.equals("host") || mode.equals("none") || mode.startsWith("container:");
  }

  /** --ip, --ip6, --mac-address and --network-alias are for the first network. */
  private void first(String name, boolean shared, Map<String, NetworkSpec.Endpoint> endpoints) {
    List<String> aliases = both("network-alias", "net-alias");
    Optional<String> four = given.value("ip").map(text -> NetworkParser.address("ip", text));
    Optional<String> six = given.value("ip6").map(text -> NetworkParser.address("ip6", text));
    Optional<String> mac =
        given.value("mac-address").map(text -> NetworkParser.mac("mac-address", text));
    if (aliases.isEmpty() && four.isEmpty() && six.isEmpty() && mac.isEmpty()) {
      return;
    }
    if (shared) {
      throw new UsageException(
          "--ip, --ip6, --mac-address and --network-alias do not go with --network " + name);
    }
    NetworkSpec.Endpoint asked = endpoints.getOrDefault(name, NetworkSpec.Endpoint.ANY);
    List<String> all = new ArrayList<>(asked.aliases());
    all.addAll(aliases);
    endpoints.put(
        name,
        new NetworkSpec.Endpoint(
            four.or(asked::ipv4), six.or(asked::ipv6), mac.or(asked::mac), all));
  }

  private StorageSpec storage() {
    List<MountSpec> mounts = new ArrayList<>();
    given.list("volume").forEach(text -> mounts.add(MountParser.volume(text, this::path)));
    given.list("mount").forEach(text -> mounts.add(MountParser.mount(text, this::path)));
    given.list("tmpfs").forEach(text -> mounts.add(MountParser.tmpfs(text)));
    Map<String, MountSpec> byTarget = new LinkedHashMap<>();
    for (MountSpec mount : mounts) {
      if (byTarget.put(mount.target(), mount) != null) {
        throw new UsageException(
            "two mounts have the target " + mount.target() + ": leave one out");
      }
    }
    OptionalLong shm =
        given
            .value("shm-size")
            .map(text -> OptionalLong.of(Scalars.size("shm-size", text)))
            .orElse(OptionalLong.empty());
    return new StorageSpec(mounts, given.flag("read-only"), false, shm, given.list("volumes-from"));
  }

  private String path(String text) {
    String home = context.variable("HOME").orElse("/root");
    String full =
        text.equals("~") || text.startsWith("~/")
            ? home + text.substring(1)
            : context.resolve(text);
    return java.nio.file.Path.of(full).normalize().toString();
  }

  private DeviceSpec devices() {
    List<String> all = given.list("device");
    return new DeviceSpec(
        all.stream().filter(d -> !DeviceSpec.isCdi(d)).map(Limits::device).toList(),
        given.list("device-cgroup-rule"),
        all.stream().filter(DeviceSpec::isCdi).toList());
  }

  private LogSpec log() {
    String driver = given.value("log-driver").orElse("");
    return new LogSpec(driver, Pairs.strict("log-opt", given.list("log-opt")), Optional.empty());
  }

  private Optional<HealthSpec> health() {
    boolean any = given.given().keySet().stream().anyMatch(name -> name.startsWith("health-"));
    if (given.flag("no-healthcheck")) {
      if (any) {
        throw new UsageException(
            "--no-healthcheck does not go with --health-* options: leave one out");
      }
      return Optional.of(HealthSpec.DISABLED);
    }
    if (!any) {
      return Optional.empty();
    }
    List<String> test =
        given
            .value("health-cmd")
            .map(line -> line.equals("none") ? List.of("NONE") : List.of("CMD-SHELL", line))
            .orElse(List.of());
    OptionalInt retries =
        given
            .value("health-retries")
            .map(text ->
                OptionalInt.of((int) Scalars.number("health-retries", text, 0, Integer.MAX_VALUE)))
            .orElse(OptionalInt.empty());
    return Optional.of(
        new HealthSpec(
            test,
            duration("health-interval"),
            duration("health-timeout"),
            duration("health-start-period"),
            duration("health-start-interval"),
            retries));
  }

  private Optional<Duration> duration(String option) {
    return given
        .value(option)
        .map(text -> {
          Duration duration = Scalars.duration(option, text);
          if (duration.isNegative()) {
            throw new UsageException(
                "--" + option + " " + text + " is negative: give a duration of 0 or more");
          }
          return duration;
        });
  }
}
