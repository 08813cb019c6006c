package dev.kapal.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A node as a kubelet sees it: a daemon with its door for the kubelet, a registry with images and a
 * bridge of CNI's, all in a network namespace of their own. What is called from outside is called
 * in that namespace.
 */
final class CriNode implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final JsonMapper JSON = new JsonMapper();

  private final String namespace;
  private final Path folder;
  private CritestImages.Served images;
  private Daemon daemon;

  private CriNode(String namespace, Path folder) {
    this.namespace = namespace;
    this.folder = folder;
  }

  /** Starts one; skips the test where this machine lacks what it takes. */
  static CriNode start(String config) {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/lib/cni/bridge")),
        "needs CNI plugins (Debian: containernetworking-plugins)");
    assumeTrue(Commands.sh("command -v ip").status() == 0, "needs ip (Debian: iproute2)");
    assumeTrue(Commands.sh("command -v iptables").status() == 0, "needs iptables");
    String namespace = "kcri" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
    try {
      CriNode node = new CriNode(namespace, Files.createTempDirectory(Path.of("/tmp"), "kcri"));
      try {
        node.begin(config);
        return node;
      } catch (Throwable e) {
        node.close();
        throw e;
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void begin(String config) throws IOException {
    Commands.sh("ip netns add " + namespace + " && ip -n " + namespace + " link set lo up")
        .mustSucceed();
    images = CritestImages.serve(namespace, folder);
    Files.createDirectory(folder.resolve("cni"));
    configureNetwork();
    Path file = folder.resolve("config.toml");
    Files.writeString(
        file,
        """
        %s
        [registries]
        hosts_dirs = ["%s/certs.d"]
        [network]
        cni_conf_dir = "%s/cni"
        """
            .formatted(config, folder, folder));
    daemon = Daemon.startIn(namespace, "--config", file.toString());
  }

  /** Puts the configuration of the pods' network there. */
  void configureNetwork() throws IOException {
    Path made = folder.resolve("10-pods.new");
    Files.writeString(
        made,
        """
        {"cniVersion": "1.0.0", "name": "pods", "plugins": [
          {"type": "bridge", "bridge": "kcri0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
           "ipam": {"type": "host-local", "dataDir": "%s/ipam", "ranges": [[{"subnet": "10.77.0.0/16"}]],
                    "routes": [{"dst": "0.0.0.0/0"}]}},
          {"type": "portmap", "capabilities": {"portMappings": true}}]}
        """
            .formatted(folder));
    Files.move(made, folder.resolve("cni/10-pods.conflist"));
  }

  /** Takes it away. */
  void forgetNetwork() throws IOException {
    Files.delete(folder.resolve("cni/10-pods.conflist"));
  }

  /** How many addresses of the pods' network are given away. */
  int addressesInUse() {
    return Integer.parseInt(
        Commands.sh("ls " + folder + "/ipam/pods 2>/dev/null | grep -c '^10[.]' || :").text());
  }

  Daemon daemon() {
    return daemon;
  }

  CritestImages.Served images() {
    return images;
  }

  Path folder() {
    return folder;
  }

  String endpoint() {
    return "unix://" + daemon.run().resolve("kapal.sock");
  }

  /** A command line that runs in the node's network namespace. */
  List<String> inside(String... words) {
    List<String> line = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + namespace));
    line.addAll(List.of(words));
    return line;
  }

  /** A shell script in the node's network namespace. */
  Result sh(String script) {
    return Commands.run(inside("sh", "-c", script), Map.of(), "", Duration.ofSeconds(60));
  }

  List<String> crictlLine(String... words) {
    List<String> line =
        inside(images.tools().resolve("crictl").toString(), "--runtime-endpoint", endpoint());
    line.addAll(List.of("--image-endpoint", endpoint(), "--timeout", "30s", "--config", config()));
    line.addAll(List.of(words));
    return line;
  }

  private String config() {
    Path file = folder.resolve("crictl.yaml");
    if (!Files.exists(file)) {
      try {
        Files.writeString(file, "runtime-endpoint: " + endpoint() + "\n");
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
    return file.toString();
  }

  Result crictl(String... words) {
    return Commands.run(crictlLine(words), Map.of(), "", Duration.ofSeconds(60));
  }

  Result crictlWithInput(String input, String... words) {
    return Commands.run(crictlLine(words), Map.of(), input, Duration.ofSeconds(60));
  }

  /** Runs crictl, which must succeed; returns its output without the last line's end. */
  String ok(String... words) {
    return crictl(words).mustSucceed().text();
  }

  /** Runs crictl, which must print JSON. */
  JsonNode json(String... words) {
    return JSON.readTree(ok(words));
  }

  /** Writes a file that crictl reads. */
  String file(String name, Object content) {
    try {
      Path path = folder.resolve(name);
      Files.writeString(path, JSON.writeValueAsString(content));
      return path.toString();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Ends and removes all pods. */
  void removePods() {
    crictl("rmp", "-a", "-f");
  }

  @Override
  public void close() {
    try {
      if (daemon != null) {
        removePods();
        daemon.close();
      }
    } finally {
      if (images != null) {
        images.close();
      }
      Commands.sh("ip netns del " + namespace);
      Commands.sh("rm -rf --one-file-system '" + folder + "'");
    }
  }
}
