package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.image.registry.testing.RegistryServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * The daemon killed with -9 at each named step of each operation. After each kill and restart: what
 * was there before still is; the operation's object is there whole or not at all; the operation
 * succeeds when it is repeated; and when its object is removed the daemon has on the host exactly
 * what it had before, file by file.
 *
 * <p>The points are not listed here: each operation is run once to see which ones it comes by.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(CrashPointTest.ALONE)
final class CrashPointTest {
  /** Its own tests come one after the other. */
  static final String ALONE = "the daemon of CrashPointTest";

  /** A point that many operations come by is struck this often. */
  private static final int ENOUGH = 2;

  private static final String NAMESPACE = "kcp" + ProcessHandle.current().pid();

  private final Map<String, Integer> struck = new TreeMap<>();
  private Daemon daemon;
  private String network = "none";
  private int kills;

  /** What is done and struck, what goes before it, what must hold, and how it is taken back. */
  private record Operation(
      String name, Runnable prepare, List<String> act, Runnable repeat, Runnable cleanUp) {}

  @BeforeAll
  void start() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    boolean cni =
        Files.isExecutable(Path.of("/usr/lib/cni/bridge"))
            && Commands.sh("command -v ip").status() == 0;
    if (cni) {
      Commands.sh("ip netns add " + NAMESPACE + " && ip -n " + NAMESPACE + " link set lo up")
          .mustSucceed();
      network = "bridge";
    }
    daemon = Daemon.startFaulty(cni ? Optional.of(NAMESPACE) : Optional.empty());
    furnish();
    if (cni) {
      // The bridge and what belongs to it stay from the first use on.
      daemon.ok("run", "--rm", "-p", "127.0.0.1:18090:80", "busybox", "true");
    }
  }

  /** What must be there after every kill, and what operations work with. */
  private void furnish() throws IOException {
    daemon.ok("run", "-d", "--name", "keeper", "--network", "none", "busybox", "sleep", "3600");
    daemon.ok("run", "--name", "old", "--network", "none", "busybox", "sh", "-c", "echo told");
    daemon.ok("volume", "create", "kept");
    daemon.ok(
        "run", "--rm", "--network", "none", "-v", "kept:/d", "busybox", "sh", "-c", "echo k >/d/f");
    Path root = Files.createDirectories(daemon.folder().resolve("root/bin")).getParent();
    Files.copy(Path.of("/bin/busybox"), root.resolve("bin/cat"));
    Files.writeString(root.resolve("greeting"), "from afar\n");
    Commands.sh("tar -C " + root + " -cf " + daemon.folder() + "/root.tar .").mustSucceed();
  }

  @AfterAll
  void stop() {
    try {
      if (daemon != null) {
        daemon.close();
      }
    } finally {
      Commands.sh("ip netns del " + NAMESPACE);
    }
  }

  @TestFactory
  Stream<DynamicTest> killedAtEachStep() {
    List<Operation> operations = new ArrayList<>(List.of(create(), start_(), stop_(), exec()));
    operations.addAll(List.of(runAndRemove(), remove(), removeRunning(), volume(), mounted()));
    operations.addAll(List.of(importImage(), commit(), removeImage()));
    if (checkpoints()) {
      operations.add(checkpoint());
    }
    List<DynamicTest> tests = new ArrayList<>();
    for (Operation o : operations) {
      tests.add(DynamicTest.dynamicTest(o.name(), () -> strikeAll(o)));
    }
    tests.add(DynamicTest.dynamicTest("pull", this::pull));
    tests.add(DynamicTest.dynamicTest("recovery", this::recovery));
    tests.add(DynamicTest.dynamicTest("all points", this::allPointsWereStruck));
    return tests.stream();
  }

  // What is done.

  private Operation create() {
    return new Operation(
        "create",
        () -> {},
        List.of(
            "create",
            "--name",
            "c",
            "--network",
            "none",
            "-v",
            "filled:/bin",
            "-v",
            "/anonymous",
            "busybox",
            "true"),
        () -> {
          if (names().contains("c")) {
            daemon.ok("start", "-a", "c");
            daemon.ok("rm", "-v", "c");
          }
          daemon.ok(
              "create",
              "--name",
              "c",
              "--network",
              "none",
              "-v",
              "filled:/bin",
              "-v",
              "/anonymous",
              "busybox",
              "true");
          daemon.ok("start", "-a", "c");
        },
        () -> {
          daemon.ok("rm", "-v", "c");
          daemon.ok("volume", "rm", "filled");
        });
  }

  private Operation start_() {
    return new Operation(
        "start",
        () ->
            daemon.ok(
                "create",
                "--name",
                "s",
                "--network",
                network,
                "-p",
                "127.0.0.1:18091:80",
                "--ipc",
                "shareable",
                "-v",
                "kept:/d",
                "--restart",
                "unless-stopped",
                "--cgroup-parent",
                daemon.cgroup() + "-own/parent",
                "busybox",
                "sleep",
                "3600"),
        List.of("start", "s"),
        () -> {
          daemon.ok("start", "s");
          assertThat(daemon.ok("exec", "s", "cat", "/d/f")).isEqualTo("k");
        },
        () -> daemon.ok("rm", "-f", "s"));
  }

  private Operation stop_() {
    return new Operation(
        "stop",
        () -> {
          daemon.ok(
              "run",
              "-d",
              "--name",
              "t",
              "--network",
              network,
              "busybox",
              "sh",
              "-c",
              "trap 'echo bye; exit 7' TERM; echo hello; while :; do sleep 0.02; done");
          // Before its trap is set the signal would be lost on the first process of a namespace.
          for (int i = 0; i < 500 && !daemon.ok("logs", "t").equals("hello"); i++) {
            pause();
          }
        },
        List.of("stop", "t"),
        () -> {
          daemon.ok("stop", "t");
          assertThat(daemon.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "t"))
              .isEqualTo("exited 7");
          assertThat(daemon.ok("logs", "t")).isEqualTo("hello\nbye");
        },
        () -> daemon.ok("rm", "t"));
  }

  private Operation exec() {
    return new Operation(
        "exec",
        () -> {},
        List.of("exec", "keeper", "sh", "-c", "sleep 0.05; echo done"),
        () ->
            assertThat(daemon.ok("exec", "keeper", "sh", "-c", "sleep 0.05; echo done"))
                .isEqualTo("done"),
        () -> {});
  }

  private Operation runAndRemove() {
    return new Operation(
        "run --rm",
        () -> {},
        List.of("run", "--rm", "--network", network, "-v", "/anonymous", "busybox", "echo", "hi"),
        () -> assertThat(daemon.ok("run", "--rm", "busybox", "echo", "hi")).isEqualTo("hi"),
        () -> {});
  }

  private Operation remove() {
    return new Operation(
        "rm",
        () ->
            daemon.ok(
                "run", "--name", "r", "--network", "none", "-v", "/anonymous", "busybox", "true"),
        List.of("rm", "-v", "r"),
        () -> {
          if (names().contains("r")) {
            daemon.ok("rm", "-v", "r");
          }
        },
        () -> {});
  }

  private Operation removeRunning() {
    return new Operation(
        "rm -f",
        () ->
            daemon.ok(
                "run",
                "-d",
                "--name",
                "f",
                "--network",
                network,
                "-p",
                "127.0.0.1:18092:80",
                "busybox",
                "sleep",
                "3600"),
        List.of("rm", "-f", "f"),
        () -> {
          if (names().contains("f")) {
            daemon.ok("rm", "-f", "f");
          }
        },
        () -> {});
  }

  private Operation volume() {
    return new Operation(
        "volume create",
        () -> {},
        List.of("volume", "create", "--label", "a=b", "v"),
        () -> {
          daemon.ok("volume", "create", "--label", "a=b", "v");
          daemon.ok("run", "--rm", "--network", "none", "-v", "v:/v", "busybox", "touch", "/v/x");
        },
        () -> daemon.ok("volume", "rm", "v"));
  }

  private Operation mounted() {
    return new Operation(
        "run with a volume that is mounted",
        () -> daemon.ok("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "m"),
        List.of("run", "--rm", "--network", "none", "-v", "m:/m", "busybox", "touch", "/m/x"),
        () ->
            daemon.ok("run", "--rm", "--network", "none", "-v", "m:/m", "busybox", "touch", "/m/x"),
        () -> daemon.ok("volume", "rm", "m"));
  }

  private Operation importImage() {
    String tar = daemon.folder() + "/root.tar";
    return new Operation(
        "import",
        () -> {},
        List.of("import", tar, "localhost/root:1"),
        () -> {
          daemon.ok("import", tar, "localhost/root:1");
          greets("localhost/root:1");
        },
        () -> {
          daemon.ok("rmi", "localhost/root:1");
          aDayLater();
        });
  }

  private Operation commit() {
    return new Operation(
        "commit",
        () ->
            daemon.ok(
                "run",
                "--name",
                "base",
                "--network",
                "none",
                "busybox",
                "sh",
                "-c",
                "echo from afar >/greeting"),
        List.of("commit", "base", "localhost/made:1"),
        () -> {
          daemon.ok("commit", "base", "localhost/made:1");
          greets("localhost/made:1");
        },
        () -> {
          daemon.ok("rmi", "localhost/made:1");
          daemon
              .ok("images", "-q", "--filter", "dangling=true")
              .lines()
              .forEach(id -> daemon.ok("rmi", id));
          daemon.ok("rm", "base");
          aDayLater();
        });
  }

  private Operation removeImage() {
    return new Operation(
        "rmi",
        () -> daemon.ok("import", daemon.folder() + "/root.tar", "localhost/gone:1"),
        List.of("rmi", "localhost/gone:1"),
        () -> {
          if (!daemon.ok("images", "-q", "localhost/gone:1").isEmpty()) {
            greets("localhost/gone:1");
            daemon.ok("rmi", "localhost/gone:1");
          }
        },
        () -> {});
  }

  private static boolean checkpoints() {
    return Files.isExecutable(Path.of("/usr/sbin/runc")) && Commands.sh("criu check").status() == 0;
  }

  private Operation checkpoint() {
    return new Operation(
        "checkpoint",
        () ->
            daemon.ok(
                "run",
                "-d",
                "--name",
                "p",
                "--network",
                "none",
                "--runtime",
                "runc",
                "busybox",
                "sleep",
                "3600"),
        List.of("checkpoint", "create", "p", "one"),
        () -> {
          if (!daemon.ok("checkpoint", "ls", "-q", "p").equals("one")) {
            // It may have been saved and ended, and not been told.
            daemon.ok("start", "p");
            daemon.ok("checkpoint", "create", "p", "one");
          }
          daemon.ok("start", "--checkpoint", "one", "p");
          assertThat(daemon.ok("exec", "p", "echo", "goes on")).isEqualTo("goes on");
        },
        () -> daemon.ok("rm", "-f", "p"));
  }

  /** Of two layers, from a real registry; the daemon is one that reaches the host's loopback. */
  private void pull() throws Exception {
    assumeTrue(
        Commands.sh("command -v docker-registry").status() == 0,
        "needs a registry (Debian: docker-registry)");
    Daemon other = daemon;
    try (RegistryServer registry = RegistryServer.start()) {
      daemon = Daemon.startFaulty(Optional.empty());
      furnish();
      String image = registry.name() + "/crash/point:1";
      importImage().repeat().run();
      daemon.ok("create", "--name", "b", "--network", "none", "localhost/root:1", "/bin/cat");
      daemon.ok("cp", daemon.folder() + "/root/bin/cat", "b:/bin/tac");
      daemon.ok("commit", "b", image);
      daemon.ok("push", image);
      daemon.ok("rm", "b");
      daemon.ok("rmi", "localhost/root:1", image);
      aDayLater();
      strikeAll(
          new Operation(
              "pull",
              () -> {},
              List.of("pull", image),
              () -> {
                daemon.ok("pull", image);
                greets(image);
              },
              () -> {
                daemon.ok("rmi", image);
                aDayLater();
              }));
    } finally {
      daemon.close();
      daemon = other;
    }
  }

  /**
   * What a pull or a commit that was cut off has brought is kept for a day, for the next one to go
   * on with; then it is garbage like everything else.
   */
  private void aDayLater() {
    Commands.sh("find " + daemon.data() + "/images/content -type f -exec touch -d '-2 days' {} +")
        .mustSucceed();
    daemon.ok("image", "prune", "-f");
  }

  private void greets(String image) {
    assertThat(daemon.ok("run", "--rm", "--network", "none", image, "/bin/cat", "/greeting"))
        .isEqualTo("from afar");
  }

  // How it is struck.

  private void strikeAll(Operation o) throws Exception {
    Map<String, Integer> points = pointsOf(o);
    assertThat(points).as("points of " + o.name()).isNotEmpty();
    o.prepare().run();
    o.repeat().run();
    o.cleanUp().run();
    Set<String> before = Footprint.settled(daemon);
    for (Map.Entry<String, Integer> point : points.entrySet()) {
      // The first operation that comes by more than once is cut off at the last time, too.
      int last = struck.containsKey(point.getKey()) ? 1 : point.getValue();
      Set<Integer> times = new TreeSet<>(List.of(1, last));
      for (int time : times) {
        if (struck.getOrDefault(point.getKey(), 0) < ENOUGH) {
          strike(o, point.getKey(), time, before);
        }
      }
    }
  }

  /** Which points an operation comes by, and how often. */
  private Map<String, Integer> pointsOf(Operation o) throws Exception {
    o.prepare().run();
    Footprint.settled(daemon);
    Files.deleteIfExists(reached());
    client(o.act()).waitFor(30, TimeUnit.SECONDS);
    Footprint.settled(daemon);
    Map<String, Integer> points = new LinkedHashMap<>();
    Files.readAllLines(reached()).forEach(name -> points.merge(name, 1, Integer::sum));
    o.repeat().run();
    o.cleanUp().run();
    return points;
  }

  private void strike(Operation o, String point, int time, Set<String> before) throws Exception {
    String what = o.name() + ", killed at " + point + " (" + time + ")";
    try {
      o.prepare().run();
      arm(point, time);
      Process client = client(o.act());
      awaitDeath(what);
      assertThat(client.waitFor(20, TimeUnit.SECONDS)).as("the client notices").isTrue();
      daemon.launch();
      nothingIsLost();
      o.repeat().run();
      o.cleanUp().run();
    } catch (AssertionError e) {
      throw new AssertionError(what + ": " + e.getMessage() + "\n" + tail(daemon.log()), e);
    }
    assertThat(Footprint.difference(daemon, before)).as(what + ": left over").isEmpty();
  }

  /** Starts that are cut off themselves, over what a kill in the middle of everything left. */
  private void recovery() throws Exception {
    Set<String> before = Footprint.settled(daemon);
    Set<String> points = new TreeSet<>();
    for (boolean look = true; look || !points.isEmpty(); look = false) {
      String point = look ? "" : points.iterator().next();
      points.remove(point);
      daemon.ok("run", "-d", "--name", "a", "--network", network, "busybox", "sleep", "3600");
      daemon.ok("run", "-d", "--name", "b", "--network", "none", "busybox", "sh", "-c", "exit 3");
      arm("container.launched", 1);
      client(List.of("run", "--rm", "--network", "none", "-v", "/x", "busybox", "true"));
      awaitDeath("recovery");
      Files.deleteIfExists(reached());
      if (look) {
        daemon.launch();
        // Of a start's own steps; what clears away is struck elsewhere, once more is enough here.
        Files.readAllLines(reached()).stream()
            .filter(p -> p.matches("(recover|clear|quit|layer|unpack|volume)\\..*"))
            .forEach(points::add);
      } else {
        arm(point, 1);
        daemon.spawn();
        awaitDeath("recovery, killed at " + point);
        daemon.launch();
      }
      nothingIsLost();
      assertThat(daemon.ok("exec", "a", "echo", "runs")).isEqualTo("runs");
      assertThat(daemon.ok("wait", "b")).isEqualTo("3");
      daemon.ok("rm", "-f", "a", "b");
      assertThat(Footprint.difference(daemon, before))
          .as("recovery, killed at " + point + ": left over")
          .isEmpty();
    }
  }

  /** Whoever adds a point adds an operation that comes by it. */
  private void allPointsWereStruck() throws IOException {
    Pattern call = Pattern.compile("FaultPoint\\.reach\\(\"([a-z.]+)\"\\)");
    Set<String> all = new TreeSet<>();
    try (Stream<Path> files = Files.walk(Path.of(System.getProperty("kapal.root", "..")))) {
      // The steps of driving a shim are struck by ShimTest.
      for (Path file :
          files
              .filter(f -> f.toString().matches(".*/src/main/.*\\.java"))
              .filter(f -> !f.toString().contains("/runtime/shim/"))
              .toList()) {
        call.matcher(Files.readString(file)).results().forEach(m -> all.add(m.group(1)));
      }
    }
    // The steps of pods are struck by PodCrashTest, by way of the kubelet's interface.
    all.removeIf(point -> point.startsWith("pod.") || point.equals("recover.pods"));
    if (!checkpoints()) {
      System.out.println("not struck: the steps of checkpoints, which need runc and CRIU");
      all.removeIf(point -> point.startsWith("checkpoint."));
    }
    all.removeAll(struck.keySet());
    System.out.println("killed " + kills + " times: " + struck);
    assertThat(all).as("points that no operation comes by").isEmpty();
  }

  private void nothingIsLost() {
    assertThat(daemon.ok("inspect", "-f", "{{.State.Status}}", "keeper")).isEqualTo("running");
    assertThat(daemon.ok("logs", "old")).isEqualTo("told");
    assertThat(names()).contains("keeper", "old").doesNotHaveDuplicates();
    assertThat(Files.exists(daemon.data().resolve("volumes/kept/_data/f"))).isTrue();
    daemon.command("system", "check").mustSucceed();
  }

  private List<String> names() {
    return daemon.ok("ps", "-a", "--format", "{{.Names}}").lines().toList();
  }

  private Path reached() {
    return daemon.faults().resolve("reached");
  }

  private void arm(String point, int time) throws IOException {
    Path draft = daemon.faults().resolve("draft");
    Files.writeString(draft, point + " " + time);
    Files.move(draft, daemon.faults().resolve("armed"));
    struck.merge(point, 1, Integer::sum);
  }

  private void awaitDeath(String what) {
    try {
      daemon.awaitEnd();
      kills++;
    } catch (AssertionError e) {
      throw new AssertionError(what + ": the point was not reached", e);
    }
  }

  private Process client(List<String> words) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(daemon.line(words.toArray(String[]::new)));
    builder.environment().putAll(daemon.clientEnvironment());
    builder.redirectInput(Path.of("/dev/null").toFile());
    builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    return builder.start();
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(10);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static String tail(String log) {
    return log.substring(Math.max(0, log.length() - 4000));
  }
}
