package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.Attachment;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.EngineParts;
import dev.kapal.engine.Filters;
import dev.kapal.engine.PodInfo;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.ExecSpec;
import dev.kapal.engine.spec.LogSpec;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.PodMember;
import dev.kapal.image.ImageUsers;
import dev.kapal.image.Images;
import dev.kapal.image.local.LocalImages;
import dev.kapal.image.local.LocalImagesConfig;
import dev.kapal.linux.Fd;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.network.NetworkConfig;
import dev.kapal.network.Networks;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.monitor.NativeRuntime;
import dev.kapal.runtime.oci.OciRuntime;
import dev.kapal.runtime.oci.OciRuntimeConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A whole engine over directories and a cgroup of its own; needs root. */
final class RealEngine implements AutoCloseable {
  static final String BUSYBOX = "localhost/busybox";

  final Path base;
  final String cgroup;
  final Linux linux = Linux.system();
  Engine engine;

  private RealEngine(Path base, String cgroup) {
    this.base = base;
    this.cgroup = cgroup;
    this.engine = open();
  }

  static RealEngine create(String name) {
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    Path base = Path.of("/tmp", "kapal-engine-" + name + "-" + ProcessHandle.current().pid());
    RealEngine e =
        new RealEngine(base, "/kapal-engine-" + name + "-" + ProcessHandle.current().pid());
    e.engine.images().ensureEmbedded();
    return e;
  }

  Engine open() {
    return open(base, cgroup);
  }

  static Engine open(Path base, String cgroup) {
    Linux linux = Linux.system();
    EngineConfig config =
        EngineConfig.at(base.resolve("run"), base.resolve("lib"))
            .withCgroupParent(cgroup)
            .withInit(Path.of("../native/target/kapal").toAbsolutePath().normalize())
            .withDefaults("native", "none", LogSpec.of("json-file"));
    return LocalEngine.open(
        config,
        new EngineParts(
            users -> images(base, users, linux),
            runtimes(linux, cgroup),
            Networks.open(
                NetworkConfig.below(base.resolve("net"))
                    .withConfDirs(List.of(base.resolve("net.d")))),
            linux));
  }

  private static List<Runtime> runtimes(Linux linux, String cgroup) {
    List<Runtime> all = new ArrayList<>();
    all.add(NativeRuntime.create(linux, KernelFeatures.host(), cgroup));
    program("runc")
        .map(p -> OciRuntimeConfig.of("runc", p))
        .ifPresent(c -> all.add(OciRuntime.create(linux, c.withCgroupParent(cgroup))));
    // What gVisor can do on every host that can run it at all.
    program("runsc")
        .map(p -> OciRuntimeConfig.of("runsc", p))
        .map(c -> c.withArguments("--network=none"))
        .map(c -> c.withOptions(OciRuntimeConfig.Option.IGNORE_CGROUPS))
        .ifPresent(c -> all.add(OciRuntime.create(linux, c)));
    return all;
  }

  /** Where a runtime's program is, if it is installed. */
  static Optional<Path> program(String name) {
    return Stream.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin")
        .map(d -> Path.of(d, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Images images(Path base, ImageUsers users, Linux linux) {
    return LocalImages.open(
        new LocalImagesConfig(
            base.resolve("images"),
            credentials -> {
              throw new IllegalStateException("no registry in these tests");
            },
            users,
            linux.descriptors()));
  }

  /** As if the daemon had gone and come again. */
  void reopen() {
    engine.close();
    engine = open();
  }

  /** Waits until nothing of removed containers is left. */
  void settle() throws InterruptedException {
    for (int i = 0; i < 250; i++) {
      int known = engine.containers().list(true, dev.kapal.engine.Filters.NONE).size();
      if (engine.images().snapshots().list().size() <= known
          && Layout.names(base.resolve("run/sandboxes")).size() <= known
          && Layout.names(base.resolve("lib/containers")).size() <= known
          && Layout.names(base.resolve("run/containers")).size() <= known) {
        return;
      }
      Thread.sleep(20);
    }
  }

  static ContainerSpec.Builder spec(String... command) {
    return ContainerSpec.builder(BUSYBOX)
        .command(command)
        .network(NetworkSpec.builder().mode("none").build());
  }

  /** What a run printed and how it ended. */
  record Outcome(int code, String output) {}

  /** Runs to the end with output and error captured. */
  Outcome run(ContainerSpec spec) throws InterruptedException {
    try (Fd out = output()) {
      var running =
          engine
              .containers()
              .run(
                  spec,
                  AttachRequest.of(
                      Optional.empty(),
                      Optional.of(out.duplicate()),
                      Optional.of(out.duplicate())));
      String id = running.created().id();
      var exit =
          java.util.concurrent.CompletableFuture.supplyAsync(() -> {
            try {
              return engine
                  .containers()
                  .await(id, dev.kapal.engine.Containers.WaitCondition.NOT_RUNNING)
                  .code();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            } catch (dev.kapal.engine.EngineException.NotFound removed) {
              return -1;
            }
          });
      try (Attachment a = running.attachment()) {
        a.await();
      }
      return new Outcome(exit.join(), text(out));
    }
  }

  /** What a script prints in a container. */
  String exec(String container, String script) throws InterruptedException {
    try (Fd out = output()) {
      String id = engine.execs().create(container, ExecSpec.of("sh", "-c", script));
      try (Attachment a =
          engine
              .execs()
              .start(
                  id,
                  AttachRequest.of(
                      Optional.empty(),
                      Optional.of(out.duplicate()),
                      Optional.of(out.duplicate())))) {
        a.await();
      }
      return text(out).strip();
    }
  }

  /** A container of a pod. */
  static ContainerSpec in(String pod, String... command) {
    return ContainerSpec.builder(BUSYBOX)
        .command(command)
        .pod(new PodMember(pod, Map.of()))
        .build();
  }

  String start(ContainerSpec spec) {
    String id = engine.containers().create(spec).id();
    engine.containers().start(id);
    return id;
  }

  /** Removes all pods; nothing of them is to be left anywhere. */
  void nothingLeftOfPods() {
    for (PodInfo p : engine.pods().list()) {
      engine.pods().remove(p.id());
    }
    assertThat(engine.containers().list(true, Filters.NONE)).isEmpty();
    for (String folder : List.of("run/sandboxes", "run/containers", "lib/containers")) {
      assertThat(Layout.names(base.resolve(folder))).as(folder).isEmpty();
    }
    assertThat(linux.mounts().mountInfo())
        .noneMatch(m -> m.mountPoint().startsWith(base.resolve("run") + "/"));
    for (String folder : linux.cgroups().open(cgroup).directories().values()) {
      if (Files.isDirectory(Path.of(folder))) {
        assertThat(Layout.names(Path.of(folder))).noneMatch(n -> n.matches("[0-9a-f]{64}"));
      }
    }
  }

  /** A file that nobody else sees, for output. */
  Fd output() {
    return linux
        .descriptors()
        .open(
            base.toString(),
            dev.kapal.linux.Fcntl.O_TMPFILE
                | dev.kapal.linux.Fcntl.O_RDWR
                | dev.kapal.linux.Fcntl.O_APPEND,
            0600);
  }

  String text(Fd memfd) {
    long size = linux.descriptors().fstat(memfd).size();
    byte[] bytes = new byte[(int) size];
    int n = 0;
    while (n < bytes.length) {
      int r = linux.descriptors().pread(memfd, bytes, n, bytes.length - n, n);
      if (r <= 0) {
        break;
      }
      n += r;
    }
    return new String(bytes, 0, n, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    for (var p : engine.pods().list()) {
      engine.pods().remove(p.id());
    }
    for (var c : engine.containers().list(true, dev.kapal.engine.Filters.NONE)) {
      engine.containers().remove(c.id(), true, true);
    }
    try {
      settle();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    engine.close();
    new dev.kapal.engine.files.TreeRemove(linux.descriptors()).remove(base);
    removeCgroups();
  }

  private void removeCgroups() {
    for (String line : List.of("/sys/fs/cgroup" + cgroup)) {
      removeEmpty(Path.of(line));
    }
    try (var all = Files.list(Path.of("/sys/fs/cgroup"))) {
      all.forEach(p -> removeEmpty(p.resolve(cgroup.substring(1))));
    } catch (java.io.IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void removeEmpty(Path p) {
    if (Files.isDirectory(p)) {
      try {
        Files.delete(p);
      } catch (java.io.IOException e) {
        throw new IllegalStateException("left over: " + p, e);
      }
    }
  }
}
