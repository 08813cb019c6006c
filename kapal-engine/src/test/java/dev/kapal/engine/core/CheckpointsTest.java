package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.Checkpoint;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Containers.WaitCondition;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.RestartPolicy;
import dev.kapal.image.tar.ByteSource;
import dev.kapal.image.tar.TarLimits;
import dev.kapal.image.tar.TarReader;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints in the engine, over a world that says what it was told. */
class CheckpointsTest {
  @TempDir Path temp;
  private FakeWorld world;
  private LocalEngine engine;
  private Containers containers;

  @BeforeEach
  void open() {
    world = new FakeWorld(temp);
    engine = world.open();
    containers = engine.containers();
  }

  @AfterEach
  void close() {
    engine.close();
  }

  private String started(ContainerSpec.Builder spec) {
    String id = containers.create(spec.build()).id();
    containers.start(id);
    return id;
  }

  private static ContainerSpec.Builder spec() {
    return ContainerSpec.builder("web").name("a");
  }

  @Test
  void endsWithItAndGoesOnFromIt() throws Exception {
    String id = started(spec().restart(RestartPolicy.parse("always")));
    containers.checkpoint("a", Checkpoint.Request.of("one"));
    assertThat(containers.await(id, WaitCondition.NOT_RUNNING).code()).isEqualTo(137);
    Thread.sleep(300);
    // Its policy leaves it: it was asked to end.
    assertThat(containers.inspect(id).state()).isEqualTo(ContainerState.EXITED);
    assertThat(containers.checkpoints("a", Optional.empty()))
        .singleElement()
        .satisfies(c -> {
          assertThat(c.name()).isEqualTo("one");
          assertThat(c.runtime()).isEqualTo("fake");
        });
    containers.startFrom("a", new Checkpoint.Ref("one", Optional.empty()));
    assertThat(world.goneOnFrom)
        .singleElement()
        .satisfies(d -> assertThat(d.resolve("pages.img")).hasContent("the state of " + id));
    assertThat(containers.inspect(id).state()).isEqualTo(ContainerState.RUNNING);
    containers.removeCheckpoint("a", new Checkpoint.Ref("one", Optional.empty()));
    assertThat(containers.checkpoints("a", Optional.empty())).isEmpty();
    assertThatThrownBy(
            () -> containers.removeCheckpoint("a", new Checkpoint.Ref("one", Optional.empty())))
        .isInstanceOf(EngineException.NotFound.class)
        .hasMessageContaining("no checkpoint one");
    containers.remove("a", true, true);
  }

  @Test
  void namesAreChecked() {
    started(spec());
    for (String bad : List.of("", ".", "..", "a/b", "../x", ".hidden", "x".repeat(129))) {
      assertThatThrownBy(() -> containers.checkpoint("a", Checkpoint.Request.of(bad)))
          .isInstanceOf(EngineException.InvalidArgument.class);
      assertThatThrownBy(
              () -> containers.removeCheckpoint("a", new Checkpoint.Ref(bad, Optional.empty())))
          .isInstanceOf(EngineException.InvalidArgument.class);
    }
    Checkpoint.Request one = new Checkpoint.Request("one", Optional.empty(), true, false);
    containers.checkpoint("a", one);
    assertThatThrownBy(() -> containers.checkpoint("a", one))
        .isInstanceOf(EngineException.Conflict.class)
        .hasMessageContaining("already");
    assertThatThrownBy(() ->
            containers.checkpoint(
                "a", new Checkpoint.Request("two", Optional.of(Path.of("relative")), true, false)))
        .isInstanceOf(EngineException.InvalidArgument.class);
    containers.remove("a", true, true);
  }

  @Test
  void ofAnAutoRemovedOneItWouldBeLost() throws Exception {
    started(spec().autoRemove(true));
    assertThatThrownBy(() -> containers.checkpoint("a", Checkpoint.Request.of("one")))
        .isInstanceOf(EngineException.Conflict.class)
        .hasMessageContaining("--leave-running");
    Path elsewhere = temp.resolve("elsewhere");
    containers.checkpoint("a", new Checkpoint.Request("one", Optional.of(elsewhere), false, false));
    assertThat(elsewhere.resolve("one/images/pages.img")).exists();
    try (var files = Files.list(elsewhere)) {
      assertThat(files).hasSize(1);
    }
  }

  private static List<String> names(InputStream in) throws Exception {
    List<String> names = new ArrayList<>();
    TarReader reader = new TarReader(ByteSource.of(in), TarLimits.DEFAULT);
    for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
      names.add(entry.get().name());
    }
    return names;
  }

  @Test
  void anArchiveHasAllThatBelongsToIt() throws Exception {
    String id = started(spec());
    Path archive = temp.resolve("archive.tar");
    containers.checkpointArchive("a", archive, Duration.ofSeconds(20));
    assertThat(containers.inspect(id).state()).isEqualTo(ContainerState.RUNNING);
    try (InputStream in = Files.newInputStream(archive)) {
      assertThat(names(in))
          .containsExactly(
              "config.dump", "spec.dump", "rootfs-diff.tar", "checkpoint/", "checkpoint/pages.img");
    }
    assertThat(Files.getPosixFilePermissions(archive)).hasSize(2);
    byte[] before = Files.readAllBytes(archive);
    assertThat(new String(before, java.nio.charset.StandardCharsets.ISO_8859_1))
        .contains("\"rootfsImageName\":\"web\"", "\"runtime\":\"fake\"", "\"id\":\"" + id);
    assertThatThrownBy(() -> containers.checkpointArchive("a", archive, Duration.ZERO))
        .isInstanceOf(EngineException.Conflict.class);
    assertThat(archive).hasBinaryContent(before);
    assertThatThrownBy(
            () -> containers.checkpointArchive("a", temp.resolve("no/such/a.tar"), Duration.ZERO))
        .isInstanceOf(EngineException.InvalidArgument.class);
    // Nothing of the work is left.
    try (var files = Files.list(temp)) {
      assertThat(files.map(p -> p.getFileName().toString())).noneMatch(n -> n.startsWith("."));
    }
    assertThat(Layout.names(temp.resolve("lib/containers/" + id + "/checkpoints"))).isEmpty();
    containers.remove("a", true, true);
  }

  @Test
  void whatACrashLeftIsRemoved() throws Exception {
    String id = started(spec());
    Path left = temp.resolve("lib/containers/" + id + "/checkpoints/.one.abc");
    Files.createDirectories(left.resolve("images"));
    engine.close();
    engine = world.open();
    containers = engine.containers();
    assertThat(left).doesNotExist();
    assertThat(containers.inspect(id).state()).isEqualTo(ContainerState.RUNNING);
    containers.remove("a", true, true);
  }
}
