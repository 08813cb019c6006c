package dev.kapal.config.foreign;

import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.config.text.JsonReader;
import dev.kapal.config.text.Nearest;
import dev.kapal.config.text.Node;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads Docker's daemon.json (Docker 20 to 28). */
final class DockerReader {
  private static final String DEFAULT = "it is empty: the default counts";
  private static final KeyTable KEYS = keys();

  private DockerReader() {}

  static void read(Intake intake, Path file, String text) {
    var parsed = JsonReader.read(file.toString(), text);
    intake.file(file, parsed);
    KEYS.read(intake, parsed.root());
    // The table of runtimes may stand behind the default's name.
    parsed
        .root()
        .get("default-runtime")
        .ifPresent(node ->
            defaultRuntime(
                intake,
                new Found(dev.kapal.config.text.KeyPath.of("default-runtime"), node),
                parsed.root()));
  }

  private static KeyTable keys() {
    KeyTable keys = new KeyTable("Docker");
    keys.row("data-root", DockerReader::dataRoot)
        .row(
            "graph",
            (in, f) ->
                in.mistake(
                    f, "dockerd 23 and later refuse to start over this key; it is data-root"))
        .row(
            "exec-root",
            (in, f) ->
                in.notApplicable(
                    f, "Kapal's is daemon.run_dir; sharing Docker's would mix the two"))
        .row("cgroup-parent", DockerReader::cgroupParent)
        .row(
            "group",
            (in, f) ->
                in.notApplicable(
                    f,
                    "members of Docker's group are not given root by Kapal unasked; set daemon.group"))
        .row(
            "debug",
            (in, f) -> {
              if (f.isTrue()) {
                in.translate(f, new Node.Text(f.at(), "debug"), "daemon", "log_level");
              } else {
                in.notApplicable(f, "it is off: the default counts");
              }
            })
        .row("log-level", DockerReader::logLevel)
        .row("default-runtime", (_, _) -> {})
        .row("runtimes/*", DockerReader::runtime)
        .row("log-driver", DockerReader::logDriver)
        .row("log-opts/*", DockerReader::logOption)
        .row("default-ulimits/*", DockerReader::ulimit)
        .take("init", "containers", "init")
        .row("seccomp-profile", DockerReader::seccomp)
        .row("userns-remap", DockerReader::userns)
        .row("registry-mirrors", DockerReader::mirrors)
        .row("insecure-registries", DockerReader::insecure)
        .take("max-concurrent-downloads", "registries", "max_concurrent_downloads")
        .take("max-concurrent-uploads", "registries", "max_concurrent_uploads")
        .take("dns", "network", "dns")
        .take("dns-search", "network", "dns_search")
        .take("dns-opts", "network", "dns_options")
        .take("ipv6", "network", "ipv6")
        .row(
            "mtu",
            (in, f) -> {
              if (f.isEmpty()) {
                in.notApplicable(f, "0 is the default");
              } else {
                in.take(f, f.node(), "network", "mtu");
              }
            })
        .row("bip", DockerReader::bip)
        .row("default-address-pools", DockerReader::pools)
        .row("exec-opts", DockerReader::execOpts)
        .row("storage-driver", DockerReader::storageDriver)
        .row(
            "hosts",
            (in, f) ->
                in.notApplicable(
                    f,
                    "Kapal's sockets are its own; note that dockerd refuses to start when its unit passes -H as well"));
    return without(keys);
  }

  private static KeyTable without(KeyTable keys) {
    return keys.none("containers always outlive Kapal's daemon", "live-restore")
        .none("Kapal's daemon leaves containers running when it ends", "shutdown-timeout")
        .none("Kapal unpacks to overlayfs and has no options for it", "storage-opts")
        .none(
            "give it with docker run or kapal run, per container",
            "default-shm-size",
            "default-ipc-mode",
            "default-cgroupns-mode",
            "no-new-privileges",
            "cpu-rt-period",
            "cpu-rt-runtime",
            "init-path",
            "host-gateway-ip",
            "host-gateway-ips")
        .none(
            "networks are CNI configurations in Kapal; make one with kapal network create",
            "bridge",
            "bip6",
            "fixed-cidr",
            "fixed-cidr-v6",
            "default-gateway",
            "default-gateway-v6",
            "default-network-opts",
            "icc",
            "ip",
            "ip-forward",
            "ip-forward-no-drop",
            "ip-masq",
            "iptables",
            "ip6tables",
            "userland-proxy",
            "userland-proxy-path",
            "allow-direct-routing",
            "bridge-accept-fwmark",
            "firewall-backend",
            "network-control-plane-mtu",
            "network-diagnostic-port")
        .none(
            "TLS is for Docker's TCP socket, which Kapal does not open",
            "tls",
            "tlscacert",
            "tlscert",
            "tlskey",
            "tlsverify",
            "authorization-plugins",
            "api-cors-header",
            "min-api-version")
        .none(
            "Kapal takes proxies from its environment: HTTP_PROXY, HTTPS_PROXY, NO_PROXY",
            "proxies/http-proxy",
            "proxies/https-proxy",
            "proxies/no-proxy",
            "http-proxy",
            "https-proxy",
            "no-proxy")
        .none(
            "it is about Swarm, which Kapal does not have",
            "swarm-default-advertise-addr",
            "node-generic-resources",
            "cluster-store",
            "cluster-advertise",
            "cluster-store-opts",
            "swarm-raft-heartbeat-tick",
            "swarm-raft-election-tick")
        .none("it is about BuildKit within dockerd, which Kapal does not have", "builder")
        .none(
            "it is about dockerd's own containerd",
            "containerd",
            "containerd-namespace",
            "containerd-plugin-namespace",
            "containerd-plugins-namespace")
        .none(
            "it is about dockerd's own process",
            "pidfile",
            "log-format",
            "raw-logs",
            "labels",
            "metrics-addr",
            "experimental",
            "features",
            "oom-score-adjust",
            "selinux-enabled",
            "rootless",
            "deprecated-key-path",
            "max-download-attempts",
            "cdi-spec-dirs",
            "allow-nondistributable-artifacts",
            "disable-legacy-registry")
        .row("insecure-registry", flag("insecure-registries"))
        .row("registry-mirror", flag("registry-mirrors"))
        .row("log-opt", flag("log-opts"))
        .row("exec-opt", flag("exec-opts"))
        .row("storage-opt", flag("storage-opts"))
        .row("add-runtime", flag("runtimes"))
        .row("host", flag("hosts"))
        .row("label", flag("labels"))
        .row("default-ulimit", flag("default-ulimits"))
        .row("default-address-pool", flag("default-address-pools"))
        .row("dns-opt", flag("dns-opts"));
  }

  private static Handler flag(String key) {
    return (in, f) ->
        in.mistake(
            f,
            "this is the name of dockerd's command line option; in the file it is \""
                + key
                + "\", and dockerd refuses to start over this");
  }

  private static void dataRoot(Intake in, Found f) {
    in.notApplicable(
        f,
        "two engines must not share a store; to keep Kapal's on the same disk set daemon.data_dir"
            + f.text().map(t -> ", to " + Path.of(clean(t)).resolveSibling("kapal")).orElse(""));
  }

  private static String clean(String path) {
    return path.replace("\0", "");
  }

  private static void cgroupParent(Intake in, Found f) {
    String parent = f.text().orElse("");
    if (parent.isEmpty()) {
      in.notApplicable(f, DEFAULT);
    } else if (parent.endsWith(".slice")) {
      in.notApplicable(
          f, "a slice of systemd; Kapal makes cgroups itself below daemon.cgroup_parent");
    } else {
      in.translate(
          f,
          new Node.Text(f.at(), parent.startsWith("/") ? parent : "/" + parent),
          "daemon",
          "cgroup_parent");
    }
  }

  private static void logLevel(Intake in, Found f) {
    String level = f.text().orElse("");
    if (level.equals("fatal") || level.equals("panic")) {
      in.translate(f, new Node.Text(f.at(), "error"), "daemon", "log_level");
    } else if (level.equals("warning")) {
      in.mistake(f, "dockerd has no level \"warning\"; it is \"warn\"");
      in.translate(f, new Node.Text(f.at(), "warn"), "daemon", "log_level");
    } else {
      in.take(f, f.node(), "daemon", "log_level");
    }
  }

  private static void runtime(Intake in, Found f) {
    String name = f.part(0);
    if (!(f.node() instanceof Node.Table table)) {
      in.mistake(f, "a runtime is an object: {\"path\": …} or {\"runtimeType\": …}");
      return;
    }
    RuntimeTable runtime = new RuntimeTable(in, name);
    if (name.equals("runc")) {
      in.mistake(f, "not taken: dockerd reserves the name \"runc\" and refuses to start over this");
      return;
    }
    if (!runtime.nameFits(f)) {
      return;
    }
    boolean hasPath = table.get("path").isPresent();
    boolean hasType = table.get("runtimeType").isPresent();
    boolean hasArgs =
        table.get("runtimeArgs").filter(n -> !new Found(f.path(), n).isEmpty()).isPresent();
    boolean hasOptions = table.get("options").isPresent();
    String clash = clash(hasPath, hasType, hasArgs, hasOptions);
    if (!clash.isEmpty()) {
      in.mistake(f, "not taken: " + clash);
      return;
    }
    String type = table.get("runtimeType").flatMap(n -> new Found(f.path(), n).text()).orElse("");
    table
        .entries()
        .forEach((key, node) -> {
          Found found = f.child(key, node);
          switch (key) {
            case "path" ->
                found
                    .text()
                    .filter(p -> !p.isEmpty())
                    .ifPresentOrElse(
                        path -> runtime.program(found, path),
                        () -> in.mistake(found, "this is the path of a program, as a string"));
            case "runtimeArgs" -> {
              if (found.isEmpty()) {
                in.notApplicable(found, DEFAULT);
              } else {
                runtime.set(found, Outcome.TRANSLATED, "args", node);
              }
            }
            case "runtimeType" ->
                found
                    .text()
                    .ifPresentOrElse(
                        t -> runtime.type(found, t),
                        () -> in.mistake(found, "this is the type of a shim, as a string"));
            case "options" -> {
              if (RuntimeTable.isRunc(type)) {
                runtime.runcOptions(found);
              } else {
                runtime.shimOptions(found);
              }
            }
            default ->
                in.add(
                    found.at(),
                    found.key(),
                    Outcome.UNKNOWN,
                    "Docker knows no such key of a runtime"
                        + Nearest.of(key, List.of("path", "runtimeArgs", "runtimeType", "options"))
                            .map(n -> "; did you mean \"" + n + "\"?")
                            .orElse(""));
          }
        });
    runtime.finish(f, type);
    if (!hasPath && !hasType) {
      in.mistake(
          f, "a runtime needs \"path\" or \"runtimeType\"; dockerd refuses to start over this");
    }
  }

  private static String clash(boolean path, boolean type, boolean args, boolean options) {
    if (path && type) {
      return "path and runtimeType exclude each other: a program like runc has a path, a shim a type";
    }
    if (path && options) {
      return "options go with runtimeType only; a program with a path takes runtimeArgs";
    }
    if (type && args) {
      return "runtimeArgs go with path only; a shim takes options";
    }
    return "";
  }

  private static void defaultRuntime(Intake in, Found f, Node.Table root) {
    String name = f.text().orElse("");
    List<String> known = new ArrayList<>(List.of("runc", "io.containerd.runc.v2"));
    if (root.get("runtimes").orElse(null) instanceof Node.Table table) {
      known.addAll(table.entries().keySet());
    }
    if (name.isEmpty()) {
      in.notApplicable(f, DEFAULT);
    } else if (name.equals("runc")
        || in.runtimes().contains(name)
        || RuntimeNames.shimProgram(name).isPresent()) {
      in.take(f, f.node(), "containers", "default_runtime");
    } else if (known.contains(name)) {
      in.mistake(f, "not taken: the runtime \"" + name + "\" was not taken, see there");
    } else {
      in.mistake(
          f,
          "not taken: no runtime \""
              + name
              + "\" is registered; there are "
              + String.join(", ", known.stream().distinct().sorted().toList())
              + Nearest.of(name, known).map(n -> "; did you mean \"" + n + "\"?").orElse(""));
    }
  }

  private static void logDriver(Intake in, Found f) {
    String driver = f.text().orElse("");
    switch (driver) {
      case "json-file", "none" -> in.take(f, f.node(), "containers", "log_driver");
      case "local" ->
          in.translate(f, new Node.Text(f.at(), "json-file"), "containers", "log_driver");
      default ->
          in.notApplicable(
              f, "Kapal keeps logs as json-file or cri; a collector can read those files");
    }
  }

  private static void logOption(Intake in, Found f) {
    if (f.node() instanceof Node.Whole || f.node() instanceof Node.Flag) {
      in.mistake(
          f,
          "values of log-opts are strings, and dockerd refuses to start over this: write \""
              + f.node().plain()
              + "\"");
    }
    switch (f.part(0)) {
      case "max-size" -> {
        if (f.node() instanceof Node.Text text && text.value().equals("-1")) {
          in.notApplicable(f, "-1 is no limit, which is the default");
        } else {
          in.take(f, f.node(), "containers", "log_max_size");
        }
      }
      case "max-file" -> {
        Optional<Node> number =
            f.node() instanceof Node.Whole
                ? Optional.of(f.node())
                : f.text()
                    .filter(t -> t.matches("[0-9]{1,9}"))
                    .map(t -> new Node.Whole(f.at(), Long.parseLong(t)));
        number.ifPresentOrElse(
            n -> in.translate(f, n, "containers", "log_max_files"),
            () -> in.mistake(f, "this is a number between quotes"));
      }
      case "compress",
          "labels",
          "labels-regex",
          "env",
          "env-regex",
          "tag",
          "mode",
          "max-buffer-size",
          "cache-disabled",
          "cache-max-size",
          "cache-max-file",
          "cache-compress" ->
          in.notApplicable(f, "Kapal's log files have no such option");
      default -> in.notApplicable(f, "it is an option of a log driver that Kapal does not have");
    }
  }

  private static void ulimit(Intake in, Found f) {
    if (!(f.node() instanceof Node.Table table)) {
      in.mistake(f, "a limit is {\"Name\": …, \"Soft\": …, \"Hard\": …}");
      return;
    }
    Map<String, Node> lower = new LinkedHashMap<>();
    table.entries().forEach((key, node) -> lower.put(key.toLowerCase(Locale.ROOT), node));
    if (!(lower.get("hard") instanceof Node.Whole hard)
        || !(lower.getOrDefault("soft", hard) instanceof Node.Whole soft)) {
      in.mistake(f, "Hard (and Soft) must be numbers");
      return;
    }
    String name = lower.get("name") instanceof Node.Text text ? text.value() : f.part(0);
    if (!name.equals(f.part(0))) {
      in.mistake(
          f, "the limit is called \"" + f.part(0) + "\" outside and \"" + name + "\" inside");
    }
    in.translate(
        f,
        new Node.Text(f.at(), bound(soft.value()) + ":" + bound(hard.value())),
        "containers",
        "ulimits",
        f.part(0));
  }

  private static String bound(long value) {
    return value == -1 ? "unlimited" : Long.toString(value);
  }

  private static void seccomp(Intake in, Found f) {
    String profile = f.text().orElse("");
    switch (profile) {
      case "" -> in.notApplicable(f, DEFAULT);
      case "builtin" ->
          in.translate(f, new Node.Text(f.at(), "default"), "containers", "seccomp_profile");
      default -> in.take(f, f.node(), "containers", "seccomp_profile");
    }
  }

  private static void userns(Intake in, Found f) {
    in.notApplicable(
        f,
        f.isEmpty()
            ? DEFAULT
            : "Kapal maps ids per container; put the ranges of /etc/subuid and /etc/subgid into"
                + " containers.userns_uids and containers.userns_gids and use --userns private");
  }

  private static void mirrors(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array of URLs: [\"https://mirror.example\"]");
      return;
    }
    List<String> urls = new ArrayList<>();
    for (String url : array.texts()) {
      if (!url.matches("https?://.*")) {
        in.mistake(
            f,
            "\""
                + url
                + "\" has no scheme, and dockerd refuses to start over it: write"
                + " https://"
                + url);
      } else if (url.replaceFirst("https?://", "").matches("[^/]*/.+")) {
        in.mistake(f, "\"" + url + "\" has a path, and dockerd refuses to start over it");
      } else {
        urls.add(url.replaceFirst("/+$", ""));
      }
    }
    if (!urls.isEmpty()) {
      in.append(f, Outcome.TRANSLATED, urls, "registries", "mirrors", "docker.io");
    } else if (array.items().isEmpty()) {
      in.notApplicable(f, DEFAULT);
    }
  }

  private static void insecure(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array of registries: [\"registry.example:5000\"]");
      return;
    }
    List<String> hosts = new ArrayList<>();
    for (String host : array.texts()) {
      String bare = host.replaceFirst("^https?://", "").replaceFirst("/+$", "");
      if (!bare.equals(host)) {
        in.mistake(
            f,
            "\""
                + host
                + "\" is a URL, and a registry's name was asked for: write \""
                + bare
                + "\"");
      }
      hosts.add(bare);
    }
    if (hosts.isEmpty()) {
      in.notApplicable(f, DEFAULT);
    } else {
      in.append(f, Outcome.TAKEN, hosts, "registries", "insecure");
    }
  }

  private static void bip(Intake in, Found f) {
    String bip = f.text().orElse("");
    int slash = bip.indexOf('/');
    if (bip.isEmpty()) {
      in.notApplicable(f, DEFAULT);
    } else if (slash < 0) {
      in.mistake(f, "the length of the network is missing: write " + bip + "/24");
    } else if (!bip.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}")) {
      in.mistake(f, "\"" + bip + "\" is no IPv4 address with the length of its network");
    } else {
      network(bip)
          .ifPresentOrElse(
              net -> {
                if (net.equals(bip)) {
                  in.mistake(
                      f,
                      "this is the network's own address, and dockerd refuses to start over"
                          + " it; write the bridge's, such as that ending in .1");
                }
                in.append(f, Outcome.TRANSLATED, List.of(net), "network", "default_subnets");
              },
              () ->
                  in.mistake(
                      f, "\"" + bip + "\" is no IPv4 address with the length of its network"));
    }
  }

  /** The network of an address of it. */
  static Optional<String> network(String cidr) {
    String[] part = cidr.split("[./]", -1);
    long address = 0;
    for (int i = 0; i < 4; i++) {
      int octet = Integer.parseInt(part[i]);
      if (octet > 255) {
        return Optional.empty();
      }
      address = address << 8 | octet;
    }
    int length = Integer.parseInt(part[4]);
    if (length > 32) {
      return Optional.empty();
    }
    long net = length == 0 ? 0 : address & (0xffffffffL << (32 - length)) & 0xffffffffL;
    return Optional.of(
        (net >> 24)
            + "."
            + (net >> 16 & 255)
            + "."
            + (net >> 8 & 255)
            + "."
            + (net & 255)
            + "/"
            + length);
  }

  private static void pools(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array: [{\"base\": \"10.0.0.0/8\", \"size\": 24}]");
      return;
    }
    List<String> bases = new ArrayList<>();
    for (Node item : array.items()) {
      if (item instanceof Node.Table table
          && table.get("base").orElse(null) instanceof Node.Text base) {
        bases.add(base.value());
      } else {
        in.mistake(f, "each pool is {\"base\": \"10.0.0.0/8\", \"size\": 24}");
        return;
      }
    }
    if (bases.isEmpty()) {
      in.notApplicable(f, DEFAULT);
    } else {
      in.append(f, Outcome.TRANSLATED, bases, "network", "default_subnets");
    }
  }

  private static void execOpts(Intake in, Found f) {
    if (!(f.node() instanceof Node.Array array)) {
      in.mistake(f, "this is an array: [\"native.cgroupdriver=systemd\"]");
      return;
    }
    for (String option : array.texts()) {
      switch (option) {
        case "native.cgroupdriver=systemd" -> in.notApplicable(f, CgroupDrivers.reason("systemd"));
        case "native.cgroupdriver=cgroupfs" ->
            in.notApplicable(f, CgroupDrivers.reason("cgroupfs"));
        default ->
            in.mistake(
                f,
                "\""
                    + option
                    + "\" is not known"
                    + Nearest.of(
                            option,
                            Set.of("native.cgroupdriver=systemd", "native.cgroupdriver=cgroupfs"))
                        .map(n -> "; did you mean \"" + n + "\"?")
                        .orElse("; dockerd knows native.cgroupdriver=systemd or cgroupfs"));
      }
    }
    if (array.items().isEmpty()) {
      in.notApplicable(f, DEFAULT);
    }
  }

  private static void storageDriver(Intake in, Found f) {
    String driver = f.text().orElse("");
    switch (driver) {
      case "overlay", "aufs", "devicemapper" ->
          in.mistake(
              f,
              "dockerd removed the storage driver \""
                  + driver
                  + "\" and does not start with it; Kapal uses overlayfs");
      default -> in.notApplicable(f, "Kapal uses overlayfs; there is nothing to choose");
    }
  }
}
