package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import tools.jackson.databind.JsonNode;

/** A node: a real kubelet runs pods by way of the daemon, and both are killed under it. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(KubeletTest.ALONE)
final class KubeletTest {
  /** Its own tests come one after the other. */
  static final String ALONE = "the kubelet";

  private static final String NAMESPACE = "kitk" + ProcessHandle.current().pid();

  /** Two containers, an init container, a volume between them, all kinds of probes and hooks. */
  private static final String WEB =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: web, namespace: default, labels: {app: web}}
      spec:
        terminationGracePeriodSeconds: 3
        securityContext: {sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "80"}]}
        volumes: [{name: shared, emptyDir: {}}]
        initContainers:
        - name: first
          image: localhost/busybox:latest
          imagePullPolicy: Never
          command: [sh, -c, "echo from-init > /shared/index.html"]
          volumeMounts: [{name: shared, mountPath: /shared}]
        containers:
        - name: server
          image: localhost/busybox:latest
          imagePullPolicy: Never
          command: [sh, -c, "httpd -f -p 8080 -h /shared"]
          env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
          volumeMounts: [{name: shared, mountPath: /shared}]
          resources: {limits: {memory: 32Mi, cpu: 500m}}
          securityContext: {runAsUser: 1000, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}
          readinessProbe: {httpGet: {path: /index.html, port: 8080}, periodSeconds: 1}
          livenessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
          startupProbe: {exec: {command: [test, -s, /shared/index.html]}, periodSeconds: 1}
        - name: beside
          image: localhost/busybox:latest
          imagePullPolicy: Never
          command: [sh, -c, "trap 'echo ended > /shared/bye; exit 0' TERM; while :; do sleep 0.2; done"]
          volumeMounts: [{name: shared, mountPath: /shared}]
          lifecycle:
            postStart: {exec: {command: [sh, -c, "echo started > /shared/hello"]}}
      """;

  private static final String CRASHING =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: crashing, namespace: default}
      spec:
        hostNetwork: true
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: localhost/busybox:latest
          imagePullPolicy: Never
          command: [sh, -c, "echo I die; exit 3"]
      """;

  private static final String TALKING =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: talking, namespace: default}
      spec:
        hostNetwork: true
        shareProcessNamespace: true
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: localhost/busybox:latest
          imagePullPolicy: Never
          command: [sh, -c, "i=0; while :; do i=$((i+1)); echo line $i of what it has to say; [ $((i % 200)) = 0 ] && sleep 0.5; done"]
      """;

  private static Path folder;
  private static Daemon daemon;
  private static Kubelet kubelet;

  @BeforeAll
  static void start() throws IOException {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/lib/cni/bridge")),
        "needs CNI plugins (Debian: containernetworking-plugins)");
    folder = Files.createTempDirectory(Path.of("/tmp"), "kik");
    // The kubelet wants a default route, to know the node's address.
    Commands.sh(
            """
            ip netns add %1$s && ip -n %1$s link set lo up && ip -n %1$s link add up0 type veth peer name up1 &&
            ip -n %1$s address add 192.0.2.2/24 dev up0 && ip -n %1$s link set up0 up && ip -n %1$s link set up1 up &&
            ip -n %1$s route add default via 192.0.2.1\
            """
                .formatted(NAMESPACE))
        .mustSucceed();
    Path networks = Files.createDirectory(folder.resolve("net.d"));
    Files.writeString(
        networks.resolve("10-pods.conflist"),
        """
        {"cniVersion": "1.0.0", "name": "pods", "plugins": [
          {"type": "bridge", "bridge": "kit0", "isGateway": true,
           "ipam": {"type": "host-local", "dataDir": "%s/leases", "ranges": [[{"subnet": "10.97.0.0/24"}]]}},
          {"type": "portmap", "capabilities": {"portMappings": true}}]}
        """
            .formatted(folder));
    Path config = folder.resolve("config.toml");
    Files.writeString(config, "[network]\ncni_conf_dir = \"%s\"\n".formatted(networks));
    daemon = Daemon.startIn(NAMESPACE, "--config", config.toString());
    kubelet = Kubelet.prepare(folder, NAMESPACE, daemon.run().resolve("kapal.sock"));
    kubelet.start();
  }

  @AfterAll
  static void stop() throws InterruptedException {
    try {
      if (kubelet != null) {
        kubelet.close();
      }
      if (daemon != null) {
        daemon.close();
      }
    } finally {
      Commands.sh("ip netns del " + NAMESPACE);
      if (folder != null) {
        // The kubelet mounts memory for tokens below its folder.
        Commands.sh(
            "awk -v d='"
                + folder
                + "/' 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo"
                + " | sort -r | xargs -r -n 1 umount; rm -rf --one-file-system '"
                + folder
                + "'");
      }
    }
  }

  private static void eventually(String what, BooleanSupplier condition)
      throws InterruptedException {
    long begin = System.nanoTime();
    long deadline = begin + Duration.ofMinutes(3).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime())
          .as(() ->
              what
                  + " does not come to be; the kubelet: "
                  + kubelet.log()
                  + "\nthe daemon: "
                  + daemon.log())
          .isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(200);
    }
    System.out.printf("%s after %d ms%n", what, (System.nanoTime() - begin) / 1_000_000);
  }

  private static Stream<JsonNode> containers(String pod) {
    return kubelet.pod(pod).stream()
        .flatMap(p -> StreamSupport.stream(p.at("/status/containerStatuses").spliterator(), false));
  }

  private static boolean ready(String pod, int count) {
    List<JsonNode> all = containers(pod).toList();
    return all.size() == count && all.stream().allMatch(c -> c.path("ready").asBoolean(false));
  }

  private static List<String> identities(String pod) {
    return containers(pod).map(c -> c.path("containerID").asString("")).sorted().toList();
  }

  private static int restarts(String pod) {
    return containers(pod).mapToInt(c -> c.path("restartCount").asInt(0)).sum();
  }

  private static String address(String pod) {
    return kubelet.pod(pod).map(p -> p.at("/status/podIP").asString("")).orElse("");
  }

  private static List<Integer> pids() {
    return daemon
        .ok("ps", "-q", "--no-trunc")
        .lines()
        .map(id -> Integer.valueOf(daemon.ok("inspect", "-f", "{{.State.Pid}}", id)))
        .sorted()
        .toList();
  }

  private static Optional<Path> logFile(String pod) {
    Result found = Commands.sh("ls -d " + kubelet.logs() + "/default_" + pod + "-node_*/c/0.log");
    return found.status() == 0 ? Optional.of(Path.of(found.text())) : Optional.empty();
  }

  @Test
  void aNodeLives() throws Exception {
    kubelet.run("web", WEB);
    kubelet.run("crashing", CRASHING);
    kubelet.run("talking", TALKING);
    eventually("the pod", () -> ready("web", 2));
    String address = address("web");
    assertThat(address).startsWith("10.97.0.");
    assertThat(kubelet.sh("busybox wget -q -O - http://" + address + ":8080/index.html").text())
        .isEqualTo("from-init");
    assertThat(kubelet.sh("busybox wget -q -O - http://" + address + ":8080/hello").text())
        .isEqualTo("started");

    eventually("a restart", () -> restarts("crashing") >= 1);
    JsonNode last = containers("crashing").findFirst().orElseThrow().at("/lastState/terminated");
    assertThat(last.path("exitCode").asInt(0)).isEqualTo(3);
    assertThat(last.path("reason").asString("")).isEqualTo("Error");
    kubelet.forget("crashing");

    eventually("a rotated log", () -> rotated().size() >= 2);
    linesAreWhole();

    // Both are killed; the pods do not notice.
    List<String> before = identities("web");
    daemon.kill9();
    TimeUnit.SECONDS.sleep(2);
    daemon.launch();
    eventually("the pod again", () -> ready("web", 2));
    kubelet.kill9();
    kubelet.start();
    eventually("the pod after the kubelet", () -> ready("web", 2));
    assertThat(identities("web")).isEqualTo(before);
    assertThat(restarts("web")).isZero();
    assertThat(kubelet.sh("busybox wget -q -O - http://" + address + ":8080/index.html").text())
        .isEqualTo("from-init");
    List<Integer> pids = pids();
    daemon.kill9();
    daemon.launch();
    assertThat(pids()).isEqualTo(pids);
    linesAreWhole();

    // A container that dies while nobody looks is started again.
    daemon.ok("kill", before.getFirst().substring(before.getFirst().indexOf("//") + 2));
    eventually("another container", () -> ready("web", 2) && restarts("web") == 1);
    assertThat(address("web")).isEqualTo(address);

    kubelet.forget("web");
    kubelet.forget("talking");
    eventually("nothing", () -> kubelet.pod("web").isEmpty() && kubelet.pod("talking").isEmpty());
    eventually("no process", () -> daemon.ok("ps", "-q").isEmpty());
    eventually(
        "no address",
        () -> Commands.sh("ls " + folder + "/leases/pods | grep -c '^10[.]'").text().equals("0"));
    eventually(
        "no group",
        () ->
            Commands.sh("find /sys/fs/cgroup -path '*" + kubelet.cgroup() + "/*/pod*' -type d")
                .text()
                .isEmpty());
  }

  private static List<Path> rotated() {
    Optional<Path> log = logFile("talking");
    if (log.isEmpty()) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(log.get().getParent())) {
      return all.sorted().toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Lines have numbers; across the rotated file and the present one none is missing. */
  private static void linesAreWhole() {
    String folder = logFile("talking").orElseThrow().getParent().toString();
    String listing;
    String numbers;
    do {
      // Nothing is rotated while it is read.
      listing = Commands.sh("ls '" + folder + "'").text();
      numbers =
          Commands.sh(
                  "cd '"
                      + folder
                      + "' && cat $(ls 0.log.* | grep -v gz | tail -n 1) 0.log"
                      + " | sed -n 's/.* stdout F line \\([0-9]*\\) of what it has to say$/\\1/p'")
              .text();
    } while (!Commands.sh("ls '" + folder + "'").text().equals(listing));
    List<Integer> all = numbers.lines().map(Integer::valueOf).toList();
    assertThat(all).hasSizeGreaterThan(100);
    for (int i = 1; i < all.size(); i++) {
      assertThat(all.get(i)).isEqualTo(all.get(i - 1) + 1);
    }
  }
}
