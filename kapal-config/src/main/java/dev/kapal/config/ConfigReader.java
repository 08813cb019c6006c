package dev.kapal.config;

import dev.kapal.config.runtime.RuntimeEntries;
import dev.kapal.config.runtime.RuntimeEntry;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.schema.Endpoints;
import dev.kapal.config.schema.Quantities;
import dev.kapal.config.schema.Quantities.Limit;
import dev.kapal.config.schema.SchemaCheck;
import dev.kapal.config.schema.Settings;
import dev.kapal.config.schema.SocketAddresses;
import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Parsed;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.Problem;
import dev.kapal.linux.IdMapping;
import dev.kapal.runtime.Tier;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** Makes a configuration of files that were parsed: a pure function. */
final class ConfigReader {
  private final Settings settings;
  private final List<Problem> problems;

  private ConfigReader(Settings settings, List<Problem> problems) {
    this.settings = settings;
    this.problems = problems;
  }

  /**
   * A configuration, or all that is wrong.
   *
   * @param config empty: there are problems
   */
  record Result(Optional<KapalConfig> config, List<Problem> problems) {
    KapalConfig orElseThrow() {
      return config.orElseThrow(
          () -> new ConfigException.Invalid("the configuration has faults", problems));
    }
  }

  /** Reads files, later ones over earlier ones. */
  static Result read(List<Parsed> files) {
    List<Problem> problems = new ArrayList<>();
    Node.Table merged = Node.Table.empty(Position.DEFAULT);
    for (Parsed file : files) {
      problems.addAll(file.problems());
      // Each file for itself: a later file must not hide what is wrong in an earlier one.
      problems.addAll(SchemaCheck.check(file.root()).problems());
      merged = over(merged, file.root());
    }
    Settings settings = Settings.of(SchemaCheck.check(merged).settings());
    RuntimeEntries.Result runtimes = RuntimeEntries.read(settings);
    problems.addAll(runtimes.problems());
    ConfigReader reader = new ConfigReader(settings, problems);
    reader.runtimeNames(runtimes.entries());
    KapalConfig config = reader.config(runtimes.entries());
    return problems.isEmpty()
        ? new Result(Optional.of(config), List.of())
        : new Result(
            Optional.empty(),
            problems.stream()
                .distinct()
                .sorted(java.util.Comparator.comparing(Problem::at))
                .toList());
  }

  /**
   * Merges tables key by key, but a runtime as a whole: half of one and half of another that
   * happens to have its name would be neither.
   */
  private static Node.Table over(Node.Table below, Node.Table above) {
    Node.Table merged = below.under(above);
    if (below.get("runtimes").orElse(null) instanceof Node.Table old
        && above.get("runtimes").orElse(null) instanceof Node.Table fresh) {
      Map<String, Node> runtimes = new LinkedHashMap<>(old.entries());
      runtimes.putAll(fresh.entries());
      Map<String, Node> all = new LinkedHashMap<>(merged.entries());
      all.put("runtimes", new Node.Table(fresh.at(), runtimes));
      return new Node.Table(merged.at(), all);
    }
    return merged;
  }

  /** A name in the configuration must be configured or well known. */
  private void runtimeNames(SortedMap<String, RuntimeEntry> entries) {
    List<KeyPath> keys =
        List.of(
            KeyPath.of("containers", "default_runtime"),
            KeyPath.of("containers", "tiers", "native"),
            KeyPath.of("containers", "tiers", "sandbox"),
            KeyPath.of("containers", "tiers", "vm"));
    List<String> known = new ArrayList<>(entries.keySet());
    known.addAll(List.of(RuntimeNames.BUILT_IN, "runc", "crun", "runsc", "youki", "kata"));
    for (KeyPath key : keys) {
      if (settings.find(key).orElse(null) instanceof Node.Text text
          && !entries.containsKey(text.value())
          && !RuntimeNames.wellKnown(text.value())) {
        problems.add(
            new Problem(
                text.at(),
                key.toString(),
                "no runtime \""
                    + text.value()
                    + "\" is configured; there are "
                    + String.join(", ", known.stream().distinct().sorted().toList()),
                Nearest.of(text.value(), known),
                true));
      }
    }
  }

  private KapalConfig config(SortedMap<String, RuntimeEntry> runtimes) {
    return new KapalConfig(
        daemon(),
        containers(),
        registries(),
        network(),
        cri(),
        new KapalConfig.Metrics(SocketAddresses.parse(text("metrics", "address"))),
        new KapalConfig.Tracing(
            Endpoints.traces(text("tracing", "endpoint")),
            whole("tracing", "sampling_rate_per_million")),
        Collections.unmodifiableSortedMap(runtimes),
        settings);
  }

  private KapalConfig.Daemon daemon() {
    return new KapalConfig.Daemon(
        path("daemon", "run_dir"),
        path("daemon", "data_dir"),
        text("daemon", "cgroup_driver"),
        text("daemon", "cgroup_parent"),
        text("daemon", "group"),
        text("daemon", "log_level"));
  }

  private KapalConfig.Containers containers() {
    Map<Tier, String> tiers = new EnumMap<>(Tier.class);
    for (Tier tier : Tier.values()) {
      settings
          .text("containers", "tiers", tier.name().toLowerCase(Locale.ROOT))
          .ifPresent(name -> tiers.put(tier, name));
    }
    Map<String, Limit> ulimits = new TreeMap<>();
    settings
        .entries("containers", "ulimits")
        .forEach(
            (name, node) -> Quantities.limit(node).ifPresent(limit -> ulimits.put(name, limit)));
    OptionalLong size = settings.size("containers", "log_max_size");
    return new KapalConfig.Containers(
        text("containers", "default_runtime"),
        Collections.unmodifiableMap(tiers),
        settings.duration("containers", "stop_timeout").orElseThrow(),
        text("containers", "log_driver"),
        size,
        whole("containers", "log_max_files"),
        Collections.unmodifiableMap(ulimits),
        settings.flag("containers", "init").orElseThrow(),
        text("containers", "snapshotter"),
        settings.texts("containers", "capabilities"),
        text("containers", "seccomp_profile"),
        mappings("userns_uids"),
        mappings("userns_gids"));
  }

  private List<IdMapping> mappings(String key) {
    List<IdMapping> mappings = new ArrayList<>();
    for (String text : settings.texts("containers", key)) {
      String[] part = text.split(":", -1);
      try {
        mappings.add(
            new IdMapping(
                Long.parseLong(part[0]), Long.parseLong(part[1]), Long.parseLong(part[2])));
      } catch (IllegalArgumentException e) {
        KeyPath path = KeyPath.of("containers", key);
        Position at = settings.find(path).map(Node::at).orElse(Position.DEFAULT);
        problems.add(
            Problem.error(at, path.toString(), "\"" + text + "\" is beyond the 32 bits of an id"));
      }
    }
    return List.copyOf(mappings);
  }

  private KapalConfig.Registries registries() {
    Map<String, List<String>> mirrors = new TreeMap<>();
    settings
        .entries("registries", "mirrors")
        .keySet()
        .forEach(name -> mirrors.put(name, settings.texts("registries", "mirrors", name)));
    return new KapalConfig.Registries(
        paths("registries", "hosts_dirs"),
        Collections.unmodifiableMap(mirrors),
        settings.texts("registries", "insecure"),
        whole("registries", "max_concurrent_downloads"),
        whole("registries", "max_concurrent_uploads"),
        settings.duration("registries", "pull_progress_timeout").orElseThrow());
  }

  private KapalConfig.Network network() {
    OptionalLong mtu = settings.whole("network", "mtu");
    return new KapalConfig.Network(
        settings.texts("network", "default_subnets"),
        path("network", "cni_conf_dir"),
        paths("network", "cni_bin_dirs"),
        settings.texts("network", "dns"),
        settings.texts("network", "dns_search"),
        settings.texts("network", "dns_options"),
        mtu.isPresent() ? OptionalInt.of((int) mtu.getAsLong()) : OptionalInt.empty(),
        settings.flag("network", "ipv6").orElseThrow());
  }

  private KapalConfig.Cri cri() {
    Optional<Path> certificate = optional("cri", "stream_tls_cert");
    Optional<Path> secret = optional("cri", "stream_tls_key");
    Optional<Path> authorities = optional("cri", "stream_tls_client_ca");
    together("stream_tls_cert", certificate, "stream_tls_key", secret);
    if (authorities.isPresent()) {
      together("stream_tls_client_ca", authorities, "stream_tls_cert", certificate);
    }
    String address = text("cri", "stream_address");
    if (certificate.isEmpty() && !loopback(address)) {
      KeyPath key = KeyPath.of("cri", "stream_address");
      problems.add(
          Problem.error(
              settings.find(key).map(Node::at).orElse(Position.DEFAULT),
              key.toString(),
              "whoever reaches " + address + " could listen: set cri.stream_tls_cert, too"));
    }
    return new KapalConfig.Cri(
        settings.flag("cri", "enabled").orElseThrow(),
        optional("cri", "socket").orElse(path("daemon", "run_dir").resolve("kapal.sock")),
        paths("cri", "extra_sockets"),
        address,
        whole("cri", "stream_port"),
        settings.duration("cri", "stream_idle_timeout").orElseThrow(),
        certificate,
        secret,
        authorities);
  }

  private static boolean loopback(String address) {
    try {
      return InetAddress.ofLiteral(address).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return true; // the schema has told of it
    }
  }

  private void together(String one, Optional<Path> first, String other, Optional<Path> second) {
    if (first.isPresent() == second.isPresent()) {
      return;
    }
    KeyPath there = KeyPath.of("cri", first.isPresent() ? one : other);
    problems.add(
        Problem.error(
            settings.find(there).map(Node::at).orElse(Position.DEFAULT),
            there.toString(),
            "it needs cri." + (first.isPresent() ? other : one) + " too"));
  }

  private Optional<Path> optional(String... path) {
    return settings.text(path).map(text -> Path.of(text).normalize());
  }

  private String text(String... path) {
    return settings.text(path).orElseThrow();
  }

  private int whole(String... path) {
    return (int) settings.whole(path).orElseThrow();
  }

  private Path path(String... path) {
    return Path.of(text(path)).normalize();
  }

  private List<Path> paths(String... path) {
    return settings.texts(path).stream().map(Path::of).toList();
  }
}
