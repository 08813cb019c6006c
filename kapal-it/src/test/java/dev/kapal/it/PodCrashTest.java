package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.cri.proto.Container;
import dev.kapal.cri.proto.ContainerState;
import dev.kapal.cri.proto.PodSandbox;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxState;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/**
 * The daemon killed with -9 at each named step of what it does for pods. After each kill and
 * restart: a pod that was there before still is, with its containers running; the operation's pod
 * is whole or not there; the operation succeeds when it is repeated; and when all is removed the
 * daemon has on the host exactly what it had before: no sandbox, address, cgroup, mount or file
 * more.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PodCrashTest {
  private static final String NAMESPACE = "kpc" + ProcessHandle.current().pid();

  private static final String CONTAINER = "create and start a container";

  private final Set<String> struck = new TreeSet<>();
  private Path folder;
  private Daemon daemon;
  private CriClient cri;
  private String keeper;
  private String sleeper;

  /** Something that is done to pods. */
  private interface Step {
    void run() throws Exception;
  }

  /** What is done, and at which of the points that it comes by the daemon is killed. */
  private record Operation(String name, Step prepare, Step act, Step repeat, String points) {}

  @BeforeAll
  void start() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    assumeTrue(
        Files.isExecutable(Path.of("/usr/lib/cni/bridge")),
        "needs CNI plugins (Debian: containernetworking-plugins)");
    Commands.sh("ip netns add " + NAMESPACE + " && ip -n " + NAMESPACE + " link set lo up")
        .mustSucceed();
    folder = Files.createTempDirectory(Path.of("/tmp"), "kpc");
    Path networks = Files.createDirectory(folder.resolve("net.d"));
    Files.writeString(
        networks.resolve("10-pods.conflist"),
        """
        {"cniVersion": "1.0.0", "name": "pods", "plugins": [
          {"type": "bridge", "bridge": "kpc0", "isGateway": true, "ipMasq": %s,
           "ipam": {"type": "host-local", "dataDir": "%s/leases", "ranges": [[{"subnet": "10.96.0.0/24"}]]}}]}
        """
            .formatted(Commands.sh("command -v iptables").status() == 0, folder));
    Path config = folder.resolve("config.toml");
    Files.writeString(config, "[network]\ncni_conf_dir = \"" + networks + "\"\n");
    daemon = Daemon.startFaulty(Optional.of(NAMESPACE), "--config", config.toString());
    connect();
    PodSandboxConfig pod = cri.pod("keeper", false);
    keeper = cri.run(pod);
    sleeper = cri.create(keeper, pod, "sleep", "3600");
    cri.start(sleeper);
  }

  private void connect() {
    if (cri != null) {
      cri.close();
    }
    cri = new CriClient(daemon.run().resolve("kapal.sock"), daemon.cgroup());
  }

  @AfterAll
  void stop() {
    try {
      if (daemon != null) {
        clear("keeper");
        cri.close();
        daemon.close();
      }
    } finally {
      Commands.sh("ip netns del " + NAMESPACE);
      Commands.sh("rm -rf '" + folder + "'");
    }
  }

  @TestFactory
  Stream<DynamicTest> killedAtEachStep() {
    return Stream.concat(
        Stream.of(run(false), run(true), container(), stop_(), remove())
            .map(o -> DynamicTest.dynamicTest(o.name(), () -> strikeAll(o))),
        Stream.of(
            DynamicTest.dynamicTest("recovery", this::recovery),
            DynamicTest.dynamicTest("all points", this::allPointsWereStruck)));
  }

  private Operation run(boolean sharedPids) {
    PodSandboxConfig pod = cri.pod("made", sharedPids);
    return new Operation(
        sharedPids ? "run with shared processes" : "run",
        () -> {},
        () -> cri.run(pod),
        () -> {
          clear("made");
          String id = cri.run(pod);
          assertThat(cri.status(id).getNetwork().getIp()).startsWith("10.96.0.");
          clear("made");
        },
        sharedPids ? "pod\\..*|container\\..*" : "pod\\..*");
  }

  private Operation container() {
    PodSandboxConfig pod = cri.pod("full", false);
    return new Operation(
        CONTAINER,
        () -> cri.run(pod),
        () -> cri.start(cri.create(id("full"), pod, "sleep", "3600")),
        () -> {
          // Nobody was told that it runs, so it does or can be started: it never ended.
          for (Container made : cri.containers(id("full"))) {
            if (cri.container(made.getId()).getState() == ContainerState.CONTAINER_CREATED) {
              cri.start(made.getId());
            }
            assertThat(cri.exec(made.getId(), "echo", "runs")).isEqualTo("runs\n");
          }
          clear("full");
          String id = cri.run(pod);
          String again = cri.create(id, pod, "sleep", "3600");
          cri.start(again);
          assertThat(cri.exec(again, "echo", "runs")).isEqualTo("runs\n");
          clear("full");
        },
        "create\\.recorded|container\\..*|start\\..*");
  }

  private Operation stop_() {
    PodSandboxConfig pod = cri.pod("ends", true);
    String[] container = {""};
    return new Operation(
        "stop",
        () -> {
          String id = cri.run(pod);
          container[0] = cri.create(id, pod, "sleep", "3600");
          cri.start(container[0]);
        },
        () -> cri.stop(id("ends")),
        () -> {
          cri.stop(id("ends"));
          assertThat(cri.status(id("ends")).getState()).isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
          assertThat(cri.container(container[0]).getState())
              .isEqualTo(ContainerState.CONTAINER_EXITED);
          clear("ends");
        },
        "pod\\..*|end\\.recorded|clear\\.container");
  }

  private Operation remove() {
    PodSandboxConfig pod = cri.pod("goes", false);
    return new Operation(
        "remove",
        () -> {
          String id = cri.run(pod);
          cri.start(cri.create(id, pod, "sleep", "3600"));
        },
        () -> cri.remove(id("goes")),
        () -> clear("goes"),
        "pod\\..*|remove\\.recorded");
  }

  private Optional<String> find(String name) {
    return cri.pods().stream()
        .filter(p -> p.getMetadata().getName().equals(name))
        .map(PodSandbox::getId)
        .findFirst();
  }

  private String id(String name) {
    return find(name).orElseThrow();
  }

  private void clear(String name) {
    find(name)
        .ifPresent(id -> {
          cri.stop(id);
          cri.remove(id);
        });
  }

  private void strikeAll(Operation o) throws Exception {
    o.prepare().run();
    Files.deleteIfExists(reached());
    o.act().run();
    Footprint.settled(daemon);
    Set<String> points = new LinkedHashSet<>(Files.readAllLines(reached()));
    o.repeat().run();
    Set<String> before = Footprint.settled(daemon);
    for (String point : points) {
      // A pod's own first process comes by the same points as a container, with another end.
      if (point.matches(o.points()) && (struck.add(point) || o.name().equals(CONTAINER))) {
        strike(o, point, before);
      }
    }
  }

  private void strike(Operation o, String point, Set<String> before) throws Exception {
    String what = o.name() + ", killed at " + point;
    try {
      o.prepare().run();
      arm(point);
      try {
        o.act().run();
      } catch (StatusRuntimeException died) {
        // As it is meant to be; or it came by only after the answer.
      }
      daemon.awaitEnd();
      daemon.launch();
      connect();
      nothingIsLost();
      o.repeat().run();
    } catch (AssertionError | RuntimeException e) {
      String log = daemon.log();
      throw new AssertionError(
          what + ": " + e.getMessage() + "\n" + log.substring(Math.max(0, log.length() - 4000)), e);
    }
    assertThat(Footprint.difference(daemon, before)).as(what + ": left over").isEmpty();
  }

  /** A start that is cut off itself, with a pod that runs and one whose stop was cut off. */
  private void recovery() throws Exception {
    PodSandboxConfig first = cri.pod("half", true);
    cri.start(cri.create(cri.run(first), first, "true"));
    clear("half");
    Set<String> before = Footprint.settled(daemon);
    for (String point : List.of("recover.pods", "pod.quit")) {
      PodSandboxConfig pod = cri.pod("half", true);
      String id = cri.run(pod);
      cri.start(cri.create(id, pod, "sleep", "3600"));
      arm("pod.stopped");
      try {
        cri.stop(id);
      } catch (StatusRuntimeException died) {
        // As it is meant to be.
      }
      daemon.awaitEnd();
      arm(point);
      daemon.spawn();
      daemon.awaitEnd();
      struck.add(point);
      daemon.launch();
      connect();
      nothingIsLost();
      assertThat(cri.status(id).getState()).isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
      clear("half");
      assertThat(Footprint.difference(daemon, before)).as(point + ": left over").isEmpty();
    }
  }

  private void nothingIsLost() {
    assertThat(cri.status(keeper).getState()).isEqualTo(PodSandboxState.SANDBOX_READY);
    assertThat(cri.status(keeper).getNetwork().getIp()).startsWith("10.96.0.");
    assertThat(cri.exec(sleeper, "echo", "lives")).isEqualTo("lives\n");
    daemon.command("system", "check").mustSucceed();
  }

  /** Whoever adds a point of pods adds an operation that comes by it. */
  private void allPointsWereStruck() throws IOException {
    Pattern call =
        Pattern.compile("FaultPoint\\.reach\\(\"((?:pod\\.|recover\\.pods)[a-z.]*)\"\\)");
    Set<String> all = new TreeSet<>();
    try (Stream<Path> files = Files.walk(Path.of(System.getProperty("kapal.root", "..")))) {
      for (Path file : files.filter(f -> f.toString().matches(".*/src/main/.*\\.java")).toList()) {
        call.matcher(Files.readString(file)).results().forEach(m -> all.add(m.group(1)));
      }
    }
    assertThat(all).isNotEmpty();
    all.removeAll(struck);
    System.out.println("killed " + struck.size() + " times: " + struck);
    assertThat(all).as("points that no operation comes by").isEmpty();
  }

  private Path reached() {
    return daemon.faults().resolve("reached");
  }

  private void arm(String point) throws IOException {
    Path draft = daemon.faults().resolve("draft");
    Files.writeString(draft, point + " 1");
    Files.move(draft, daemon.faults().resolve("armed"));
  }
}
