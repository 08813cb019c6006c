package dev.kapal.config.check;

import dev.kapal.config.text.Node;
import dev.kapal.config.text.Parsed;
import dev.kapal.config.text.Position;
import dev.kapal.config.text.YamlReader;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a kubelet was told that its container runtime has to fit; absent keys have the kubelet's own
 * defaults (KubeletConfiguration, kubelet.config.k8s.io/v1beta1). KubeEdge's EdgeCore has a kubelet
 * inside, and its settings in a table of its own file (edgecore.config.kubeedge.io, v1alpha1 and
 * v1alpha2).
 *
 * @param program whose file it is, as a sentence names it
 * @param table where the keys are in the file: empty, or the names of tables with a dot after each
 * @param cgroupDriver {@code cgroupfs} or {@code systemd}
 * @param failCgroupV1 whether it refuses to start on control groups of version 1; empty: it depends
 *     on its version
 * @param failSwapOn whether it refuses to start with swap
 * @param endpointKey the whole name of the key for where its container runtime is
 * @param endpoint where it looks for its container runtime
 */
record KubeletConfig(
    String program,
    String table,
    String cgroupDriver,
    Optional<Boolean> failCgroupV1,
    boolean failSwapOn,
    String endpointKey,
    Optional<String> endpoint) {
  private static final Pattern FLAG =
      Pattern.compile("--container-runtime-endpoint[= ]\"?([^\\s\"]+)");
  private static final String ENDPOINT = "containerRuntimeEndpoint";
  private static final String TAILORED = "tailoredKubeletConfig";

  /** As it is without a file. */
  static final KubeletConfig STANDARD =
      kubelet(Node.Table.empty(Position.of("")), Optional.empty());

  /**
   * Reads the file, and the flags that kubeadm leaves beside it, which win over it.
   *
   * @return empty: there is no such file, or it is not YAML
   */
  static Optional<KubeletConfig> read(Host host, Path file) {
    return host.text(file.toString())
        .map(text -> YamlReader.read(file.toString(), text))
        .filter(parsed -> !parsed.refused())
        .map(Parsed::root)
        .map(root ->
            root.find("modules", "edged").orElse(null) instanceof Node.Table edged
                ? edgeCore(edged)
                : kubelet(root, flag(host, file)));
  }

  private static Optional<String> flag(Host host, Path file) {
    return host.text(file.resolveSibling("kubeadm-flags.env").toString())
        .map(FLAG::matcher)
        .filter(Matcher::find)
        .map(m -> m.group(1));
  }

  private static KubeletConfig kubelet(Node.Table root, Optional<String> endpoint) {
    return new KubeletConfig(
        "the kubelet",
        "",
        driver(root),
        flag(root.get("failCgroupV1")),
        flag(root.get("failSwapOn")).orElse(true),
        ENDPOINT,
        endpoint.or(() -> text(root.get(ENDPOINT))));
  }

  /** Since v1alpha2 it is in a table of its own; swap is no hindrance unless it is told so. */
  private static KubeletConfig edgeCore(Node.Table edged) {
    String table = "modules.edged.";
    if (edged.get(TAILORED).orElse(null) instanceof Node.Table tailored) {
      String inner = table + TAILORED + ".";
      return new KubeletConfig(
          "EdgeCore",
          inner,
          driver(tailored),
          flag(tailored.get("failCgroupV1")),
          flag(tailored.get("failSwapOn")).orElse(false),
          inner + ENDPOINT,
          text(tailored.get(ENDPOINT)).or(() -> text(edged.get("remoteRuntimeEndpoint"))));
    }
    return new KubeletConfig(
        "EdgeCore",
        table,
        driver(edged),
        Optional.empty(),
        false,
        table + "remoteRuntimeEndpoint",
        text(edged.get("remoteRuntimeEndpoint")));
  }

  /** Whether it looks for its runtime at this socket. */
  boolean uses(Path socket) {
    return endpoint.map(KubeletConfig::path).filter(plain(socket.toString())::equals).isPresent();
  }

  private static String path(String endpoint) {
    return plain(
        endpoint.startsWith("unix:") ? endpoint.replaceFirst("^unix:(//)?", "") : endpoint);
  }

  /** /var/run is a link to /run everywhere that a kubelet runs. */
  private static String plain(String path) {
    return path.startsWith("/var/run/") ? path.substring("/var".length()) : path;
  }

  private static String driver(Node.Table table) {
    return text(table.get("cgroupDriver")).orElse("cgroupfs");
  }

  private static Optional<String> text(Optional<Node> node) {
    return node.filter(n -> n instanceof Node.Text)
        .map(n -> ((Node.Text) n).value())
        .filter(value -> !value.isBlank());
  }

  private static Optional<Boolean> flag(Optional<Node> node) {
    return node.filter(n -> n instanceof Node.Flag).map(n -> ((Node.Flag) n).value());
  }
}
