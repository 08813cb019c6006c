package dev.kapal.config.check;

import dev.kapal.config.text.Node;
import dev.kapal.config.text.Parsed;
import dev.kapal.config.text.YamlReader;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a kubelet was told that its container runtime has to fit; absent keys have the kubelet's own
 * defaults (KubeletConfiguration, kubelet.config.k8s.io/v1beta1).
 *
 * @param cgroupDriver {@code cgroupfs} or {@code systemd}
 * @param failCgroupV1 whether it refuses to start on control groups of version 1; empty: it depends
 *     on its version
 * @param endpoint where it looks for its container runtime
 */
record KubeletConfig(
    String cgroupDriver, Optional<Boolean> failCgroupV1, Optional<String> endpoint) {
  private static final Pattern FLAG =
      Pattern.compile("--container-runtime-endpoint[= ]\"?([^\\s\"]+)");

  /** As it is without a file. */
  static final KubeletConfig STANDARD =
      new KubeletConfig("cgroupfs", Optional.empty(), Optional.empty());

  /**
   * Reads the file, and the flags that kubeadm leaves beside it, which win over it.
   *
   * @return empty: there is no such file, or it is not YAML
   */
  static Optional<KubeletConfig> read(Host host, Path file) {
    Optional<String> flags =
        host.text(file.resolveSibling("kubeadm-flags.env").toString())
            .map(FLAG::matcher)
            .filter(Matcher::find)
            .map(m -> m.group(1));
    return host.text(file.toString())
        .map(text -> YamlReader.read(file.toString(), text))
        .filter(parsed -> !parsed.refused())
        .map(Parsed::root)
        .map(root ->
            new KubeletConfig(
                text(root.get("cgroupDriver")).orElse("cgroupfs"),
                flag(root.get("failCgroupV1")),
                flags.or(() -> text(root.get("containerRuntimeEndpoint")))));
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

  private static Optional<String> text(Optional<Node> node) {
    return node.filter(n -> n instanceof Node.Text)
        .map(n -> ((Node.Text) n).value())
        .filter(value -> !value.isBlank());
  }

  private static Optional<Boolean> flag(Optional<Node> node) {
    return node.filter(n -> n instanceof Node.Flag).map(n -> ((Node.Flag) n).value());
  }
}
