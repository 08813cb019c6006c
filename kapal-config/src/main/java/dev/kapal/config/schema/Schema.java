package dev.kapal.config.schema;

import static dev.kapal.config.schema.Rule.ABSOLUTE;
import static dev.kapal.config.schema.Rule.ANY;
import static dev.kapal.config.schema.Rule.between;
import static dev.kapal.config.schema.Rule.matching;
import static dev.kapal.config.schema.Rule.oneOf;

import dev.kapal.config.text.KeyPath;
import dev.kapal.config.text.Node;
import dev.kapal.config.text.Position;
import dev.kapal.linux.systemd.Slices;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** All keys of Kapal's configuration, in the order of the documentation. */
public final class Schema {
  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}";
  private static final String CIDR =
      "([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]{2,45})/[0-9]{1,3}";
  private static final String REGISTRY = "[A-Za-z0-9*]([A-Za-z0-9.*-]*[A-Za-z0-9])?(:[0-9]{1,5})?";

  private static final List<String> CAPABILITIES =
      List.of(
          "CAP_AUDIT_WRITE",
          "CAP_CHOWN",
          "CAP_DAC_OVERRIDE",
          "CAP_FOWNER",
          "CAP_FSETID",
          "CAP_KILL",
          "CAP_MKNOD",
          "CAP_NET_BIND_SERVICE",
          "CAP_NET_RAW",
          "CAP_SETFCAP",
          "CAP_SETGID",
          "CAP_SETPCAP",
          "CAP_SETUID",
          "CAP_SYS_CHROOT");

  private static final Rule RUNTIME =
      matching("a runtime's name: letters, digits, \"_\", \".\", \"-\"", NAME);
  private static final Rule ADDRESSES =
      matching(
          "IP addresses", "[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%[\\w.-]+)?");
  private static final Rule MAPPINGS =
      matching("id maps \"INSIDE:OUTSIDE:LENGTH\"", "[0-9]{1,10}:[0-9]{1,10}:[1-9][0-9]{0,9}");
  private static final Rule GLOBS =
      matching("names of annotations, * for any part", "[!-~]{1,253}");

  /** Keys that are checked and have no effect in this version. */
  private static final Set<String> NOT_YET = Set.of();

  /** The keys. */
  public static final List<Key> KEYS = List.copyOf(new Keys().all());

  private Schema() {}

  /** Collects the keys. */
  private static final class Keys {
    private final List<Key> keys = new ArrayList<>();
    private boolean restart;

    List<Key> all() {
      daemon();
      containers();
      registries();
      network();
      cri();
      metrics();
      tracing();
      runtimes();
      return keys;
    }

    private void daemon() {
      restart = true;
      add(
          "daemon.run_dir",
          Type.TEXT,
          text("/run/kapal"),
          ABSOLUTE,
          "Sockets and state until the next boot.");
      add(
          "daemon.data_dir",
          Type.TEXT,
          text("/var/lib/kapal"),
          ABSOLUTE,
          "Images, containers, volumes.");
      add(
          "daemon.cgroup_driver",
          Type.TEXT,
          text("auto"),
          oneOf("auto", "cgroupfs", "systemd"),
          "Who makes cgroups: Kapal itself, or systemd, which Kapal asks for scopes. auto: systemd where"
              + " it runs a host with cgroup v2 alone and daemon.cgroup_parent is no path.");
      add(
          "daemon.cgroup_parent",
          Type.TEXT,
          text("/kapal"),
          Rule.text(
              "an absolute path below the cgroup root without \"..\", or the name of a slice",
              p -> Rule.absolute(p) ? p.length() > 1 : Slices.named(p).isPresent()),
          "The cgroup below which each container has its own; with the driver systemd a slice,"
              + " system.slice where none is set.");
      add(
          "daemon.group",
          Type.TEXT,
          text("kapal"),
          matching("a group's name", "[A-Za-z_][A-Za-z0-9_.-]{0,31}\\$?"),
          "The group that may use the command socket, if it exists; it is as powerful as root.");
      restart = false;
      add(
          "daemon.log_level",
          Type.TEXT,
          text("info"),
          oneOf("trace", "debug", "info", "warn", "error"),
          "What the daemon logs at least.");
    }

    private void containers() {
      add(
          "containers.default_runtime",
          Type.TEXT,
          text("native"),
          RUNTIME,
          "The runtime of containers that name none.");
      add(
          "containers.tiers.native",
          Type.TEXT,
          text("native"),
          RUNTIME,
          "The runtime of containers that ask for the tier native.");
      add(
          "containers.tiers.sandbox",
          Type.TEXT,
          none(),
          RUNTIME,
          "The runtime of containers that ask for the tier sandbox, such as runsc.");
      add(
          "containers.tiers.vm",
          Type.TEXT,
          none(),
          RUNTIME,
          "The runtime of containers that ask for the tier vm, such as kata.");
      add(
          "containers.stop_timeout",
          Type.DURATION,
          text("10s"),
          between(0, 86_400),
          "From the stop signal to SIGKILL.");
      add(
          "containers.log_driver",
          Type.TEXT,
          text("json-file"),
          oneOf("json-file", "cri", "none"),
          "Where the output of containers is kept.");
      add(
          "containers.log_max_size",
          Type.SIZE,
          none(),
          between(4096, 1L << 50),
          "A log file is rotated before it grows beyond this; without it, it grows for ever.");
      add(
          "containers.log_max_files",
          Type.WHOLE,
          whole(1),
          between(1, 999),
          "How many log files are kept of a container, the current one included.");
      add(
          "containers.ulimits.<name>",
          Type.LIMIT,
          none(),
          ANY,
          "A resource limit of each container, such as nofile, see setrlimit(2).");
      add(
          "containers.init",
          Type.FLAG,
          flag(false),
          ANY,
          "Whether containers get a small init that reaps and passes signals on.");
      add(
          "containers.snapshotter",
          Type.TEXT,
          text("overlay"),
          oneOf("overlay", "copy"),
          "How the files of containers come to be one tree whose runtime does not say: directories for overlayfs, or a copy of all of them.");
      add(
          "containers.capabilities",
          Type.TEXTS,
          texts(CAPABILITIES),
          matching("capabilities such as CAP_CHOWN", "CAP_[A-Z_]{2,40}"),
          "What containers may do without --cap-add.");
      add(
          "containers.seccomp_profile",
          Type.TEXT,
          text("default"),
          Rule.text(
              "default, unconfined or an absolute path",
              t -> t.equals("default") || t.equals("unconfined") || Rule.absolute(t)),
          "The seccomp profile of containers that name none.");
      add(
          "containers.userns_uids",
          Type.TEXTS,
          texts(List.of()),
          MAPPINGS,
          "User ids of containers with a user namespace of their own; empty: the widest range of at least 65536 in /etc/subuid of kapal, else of root, else of containers, else 65536 ids from 1073741824 on.");
      add(
          "containers.userns_gids",
          Type.TEXTS,
          texts(List.of()),
          MAPPINGS,
          "Group ids of containers with a user namespace of their own; empty: the widest range of at least 65536 in /etc/subgid of kapal, else of root, else of containers, else 65536 ids from 1073741824 on.");
    }

    private void registries() {
      add(
          "registries.hosts_dirs",
          Type.TEXTS,
          texts(List.of("/etc/kapal/certs.d", "/etc/containerd/certs.d", "/etc/docker/certs.d")),
          ABSOLUTE,
          "Where hosts.toml files and certificates of registries are looked for.");
      add(
          "registries.mirrors.<registry>",
          Type.TEXTS,
          none(),
          matching(
              "URLs of hosts: http(s)://HOST[:PORT][/PATH]",
              "https?://[A-Za-z0-9\\[][A-Za-z0-9.:\\[\\]-]*(/[!-~]*)?"),
          "Mirrors of a registry (`*`: of any), tried behind those of a hosts.toml and before the registry.");
      add(
          "registries.insecure",
          Type.TEXTS,
          texts(List.of()),
          matching("registries HOST[:PORT] or networks in CIDR form", REGISTRY + "|" + CIDR),
          "Registries that are used over plain HTTP or with certificates nobody vouches for.");
      add(
          "registries.max_concurrent_downloads",
          Type.WHOLE,
          whole(3),
          between(1, 64),
          "Blobs downloaded at a time for one pull.");
      add(
          "registries.max_concurrent_uploads",
          Type.WHOLE,
          whole(5),
          between(1, 64),
          "Blobs uploaded at a time, over all pushes.");
      add(
          "registries.pull_progress_timeout",
          Type.DURATION,
          text("30s"),
          between(1, 86_400),
          "A download that gets no byte for this long is given up and resumed.");
    }

    private void network() {
      restart = true;
      add(
          "network.default_subnets",
          Type.TEXTS,
          texts(List.of()),
          matching("networks in CIDR form", CIDR),
          "Subnets for networks that name none, in order, wider ones than /24 (IPv6: /64) in pieces of that size; empty: free ones are looked for.");
      add(
          "network.cni_conf_dir",
          Type.TEXT,
          text("/etc/cni/net.d"),
          ABSOLUTE,
          "CNI configurations of the administrator; the first one is the pods' default.");
      add(
          "network.cni_bin_dirs",
          Type.TEXTS,
          texts(List.of("/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni")),
          ABSOLUTE,
          "Where CNI plugins are looked for, in order.");
      restart = false;
      add(
          "network.dns",
          Type.TEXTS,
          texts(List.of()),
          ADDRESSES,
          "Name servers of containers; empty: the host's.");
      add(
          "network.dns_search",
          Type.TEXTS,
          texts(List.of()),
          matching("domains", "\\.|[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})"),
          "Search domains of containers; empty: the host's.");
      add(
          "network.dns_options",
          Type.TEXTS,
          texts(List.of()),
          matching("resolver options", "[A-Za-z0-9_:.-]{1,64}"),
          "Options of resolv.conf(5).");
      restart = true;
      add(
          "network.mtu",
          Type.WHOLE,
          none(),
          between(68, 65_535),
          "Largest packet of bridge networks that name none; without it, that of the default route.");
      add(
          "network.ipv6",
          Type.FLAG,
          flag(false),
          ANY,
          "Whether all bridge networks get IPv6 addresses, too.");
    }

    private void cri() {
      restart = true;
      add(
          "cri.enabled",
          Type.FLAG,
          flag(true),
          ANY,
          "Whether there is a socket for the kubelet and crictl; it costs next to nothing until somebody uses it.");
      add(
          "cri.socket",
          Type.TEXT,
          none(),
          ABSOLUTE,
          "Where the kubelet and crictl connect to; without it, kapal.sock in daemon.run_dir.");
      add(
          "cri.extra_sockets",
          Type.TEXTS,
          texts(List.of()),
          ABSOLUTE,
          "Further sockets, for tools that expect another engine's.");
      add(
          "cri.stream_address",
          Type.TEXT,
          text("127.0.0.1"),
          Rule.text(
              "an IP address",
              t -> t.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")),
          "Where exec, attach and port-forward are served; another address than loopback needs TLS.");
      add(
          "cri.stream_port",
          Type.WHOLE,
          whole(0),
          between(0, 65_535),
          "Its port; 0: any that is free.");
      add(
          "cri.stream_idle_timeout",
          Type.DURATION,
          text("4h"),
          between(0, 31_536_000),
          "A stream that carries nothing for this long is closed, as the kubelet's streamingConnectionIdleTimeout; 0: never.");
      add(
          "cri.stream_tls_cert",
          Type.TEXT,
          none(),
          ABSOLUTE,
          "Its certificates as PEM; without them, plain HTTP.");
      add(
          "cri.stream_tls_key",
          Type.TEXT,
          none(),
          ABSOLUTE,
          "The key to the certificate, PKCS #8 as PEM.");
      add(
          "cri.stream_tls_client_ca",
          Type.TEXT,
          none(),
          ABSOLUTE,
          "Clients have to show a certificate of one of these authorities; without it, any may come.");
    }

    private void metrics() {
      restart = false;
      add(
          "metrics.address",
          Type.TEXT,
          text(""),
          Rule.text(
              "ADDRESS:PORT such as 127.0.0.1:1338, [::1]:1338 or :1338, or empty",
              t -> t.isEmpty() || SocketAddresses.parse(t).isPresent()),
          "Where metrics are served over HTTP, at /metrics, to whoever can connect; without an address before the port, on loopback; empty: nowhere.");
    }

    private void tracing() {
      restart = false;
      add(
          "tracing.endpoint",
          Type.TEXT,
          text(""),
          Rule.text(
              "http(s)://HOST[:PORT][/PATH], or empty",
              t -> t.isEmpty() || Endpoints.traces(t).isPresent()),
          "The collector that traces of the kubelet's calls are sent to by OTLP over HTTP, as OTEL_EXPORTER_OTLP_ENDPOINT names it: /v1/traces is appended; empty: none.");
      add(
          "tracing.sampling_rate_per_million",
          Type.WHOLE,
          whole(0),
          between(0, 1_000_000),
          "How many of a million calls are traced that continue no trace of their caller's; with those that do, the caller decides.");
    }

    private void runtimes() {
      restart = false;
      String r = "runtimes.<name>.";
      add(
          r + "kind",
          Type.TEXT,
          none(),
          oneOf("native", "oci", "shim"),
          "The built-in runtime with other settings, a program with runc's command line, or a"
              + " shim; without it, shim if type is set, else oci.");
      add(
          r + "path",
          Type.TEXT,
          none(),
          Rule.text(
              "an absolute path, or the bare name of a program on PATH",
              t -> (Rule.absolute(t) && !t.endsWith("/")) || t.matches(NAME)),
          "The program; without it, the runtime's name is looked up on PATH, or the shim by its"
              + " type.");
      add(r + "args", Type.TEXTS, none(), ANY, "Arguments before the command, for kind oci.");
      add(
          r + "root",
          Type.TEXT,
          none(),
          ABSOLUTE,
          "The directory of the runtime's own state; without it, one below daemon.run_dir.");
      add(
          r + "type",
          Type.TEXT,
          none(),
          matching(
              "a shim's type such as io.containerd.kata.v2",
              "[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*\\.[A-Za-z0-9_-]+\\.v[0-9]{1,3}"),
          "The shim's type; its program is containerd-shim-NAME-vN on PATH.");
      add(
          r + "options",
          Type.TABLE,
          none(),
          ANY,
          "Options for the shim, by its own names (BinaryName, ConfigPath, TypeUrl, …).");
      add(
          r + "tier",
          Type.TEXT,
          none(),
          oneOf("native", "sandbox", "vm"),
          "How strongly it isolates; without it, what is known of the program, else native.");
      add(
          r + "pod_annotations",
          Type.TEXTS,
          none(),
          GLOBS,
          "Annotations of pods that the runtime is given.");
      add(
          r + "container_annotations",
          Type.TEXTS,
          none(),
          GLOBS,
          "Annotations of containers that the runtime is given.");
      add(
          r + "snapshotter",
          Type.TEXT,
          none(),
          matching("a snapshotter's name", NAME),
          "How the files of its containers come to be one tree: overlay, or copy; containerd's overlayfs and native mean the same. Containers of different ones share no files.");
      add(
          r + "systemd_cgroup",
          Type.FLAG,
          none(),
          ANY,
          "Whether the runtime must ask systemd for cgroups. All do where that is the driver; one that must"
              + " is not offered elsewhere.");
      add(
          r + "sandboxer",
          Type.FLAG,
          none(),
          ANY,
          "Whether the shim makes sandboxes itself, by containerd's sandbox service; for kind shim.");
      add(
          r + "create_timeout",
          Type.DURATION,
          none(),
          between(1, 86_400),
          "Longest time for making a container; without it, 240 seconds.");
      add(
          r + "privileged_without_host_devices",
          Type.FLAG,
          none(),
          ANY,
          "Whether privileged containers get none of the host's devices.");
    }

    private void add(String name, Type type, Optional<Node> standard, Rule rule, String doc) {
      keys.add(
          new Key(
              new KeyPath(List.of(name.split("\\.", -1))),
              type,
              standard,
              rule,
              restart,
              !NOT_YET.contains(name),
              doc));
    }

    private static Optional<Node> none() {
      return Optional.empty();
    }

    private static Optional<Node> text(String value) {
      return Optional.of(new Node.Text(Position.DEFAULT, value));
    }

    private static Optional<Node> whole(long value) {
      return Optional.of(new Node.Whole(Position.DEFAULT, value));
    }

    private static Optional<Node> flag(boolean value) {
      return Optional.of(new Node.Flag(Position.DEFAULT, value));
    }

    private static Optional<Node> texts(List<String> values) {
      return Optional.of(Node.Array.of(Position.DEFAULT, values));
    }
  }

  /** The key of a path. */
  public static Optional<Key> find(KeyPath path) {
    return KEYS.stream().filter(k -> k.names(path)).findFirst();
  }
}
