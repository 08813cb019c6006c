package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.Checkpoint;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Containers.WaitCondition;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.RestartPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every step of a container's life fails once, and the engine dies before and after every step. */
class FaultTest {
  @TempDir Path temp;

  /** Something people do, from nothing to nothing. */
  private interface Story {
    void tell(LocalEngine engine, FakeWorld world) throws Exception;
  }

  private static ContainerSpec.Builder spec() {
    return ContainerSpec.builder("web");
  }

  private static void runAndRemove(LocalEngine engine, FakeWorld world) throws Exception {
    Containers.Running r =
        engine.containers().run(spec().autoRemove(true).build(), AttachRequest.nothing());
    String id = r.created().id();
    Entry e = entry(engine, id);
    world.end(id, 0);
    e.removed.get(10, java.util.concurrent.TimeUnit.SECONDS);
    // What nobody waits for.
    for (int i = 0; i < 250 && !world.empty(); i++) {
      Thread.sleep(20);
    }
  }

  private static Entry entry(LocalEngine engine, String id) {
    return engine.entry(id);
  }

  private static void wholeLife(LocalEngine engine, FakeWorld world) throws Exception {
    Containers c = engine.containers();
    String id = c.create(spec().name("whole").build()).id();
    c.start(id);
    c.pause(id);
    c.unpause(id);
    c.checkpoint(id, new Checkpoint.Request("one", Optional.empty(), true, false));
    c.stop(id, Optional.of(Duration.ofSeconds(5)), Optional.empty());
    assertThat(c.await(id, WaitCondition.NOT_RUNNING).code()).isEqualTo(143);
    c.start(id);
    c.remove(id, true, true);
  }

  /** The engine and the world agree, and nothing is there that nobody knows. */
  private static void consistent(LocalEngine engine, FakeWorld world) throws Exception {
    for (int i = 0; ; i++) {
      try {
        agree(engine, world);
        return;
      } catch (AssertionError e) {
        // What is cleared away behind somebody's back may take a moment.
        if (i > 100) {
          throw e;
        }
        Thread.sleep(20);
      }
    }
  }

  private static void agree(LocalEngine engine, FakeWorld world) {
    List<ContainerInfo> all = engine.containers().list(true, Filters.NONE);
    TreeSet<String> ids =
        all.stream().map(ContainerInfo::id).collect(Collectors.toCollection(TreeSet::new));
    TreeSet<String> alive =
        all.stream()
            .filter(c -> c.state().alive())
            .map(ContainerInfo::id)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(alive).allMatch(world::runs);
    synchronized (world) {
      assertThat(world.sandboxes.keySet()).isEqualTo(alive);
      assertThat(world.attached).isEqualTo(alive);
      assertThat(world.snapshots).isEqualTo(ids);
    }
    assertThat(new TreeSet<>(Layout.names(world.base.resolve("lib/containers")))).isEqualTo(ids);
    assertThat(new TreeSet<>(Layout.names(world.base.resolve("run/containers")))).isEqualTo(alive);
    assertThat(new TreeSet<>(Layout.names(world.base.resolve("run/sandboxes")))).isEqualTo(alive);
    TreeSet<String> users =
        engine.volumes().list(Filters.NONE).stream()
            .flatMap(v -> v.users().stream())
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(users).isEqualTo(ids);
    assertThat(engine.volumes().list(Filters.NONE)).noneMatch(v -> v.users().isEmpty());
    assertThat(Layout.names(world.base.resolve("lib/volumes"))).hasSize(ids.size());
  }

  private void failing(Story story) throws Exception {
    for (int k = 1; ; k++) {
      Path base = temp.resolve("f" + k);
      java.nio.file.Files.createDirectory(base);
      FakeWorld world = new FakeWorld(base);
      try (LocalEngine engine = world.open()) {
        world.failAt(k);
        boolean failed = false;
        try {
          story.tell(engine, world);
        } catch (EngineException e) {
          failed = true;
          assertThat(e.getMessage()).contains("injected");
        }
        boolean reached;
        synchronized (world) {
          reached = world.steps.size() >= k;
        }
        world.failAt(-1);
        for (ContainerInfo c : engine.containers().list(true, Filters.NONE)) {
          engine.containers().remove(c.id(), true, true);
        }
        consistent(engine, world);
        if (!reached) {
          assertThat(failed).isFalse();
          assertThat(k).isGreaterThan(8);
          return;
        }
      }
    }
  }

  private void crashing(Story story) throws Exception {
    Path base = temp.resolve("c");
    java.nio.file.Files.createDirectory(base);
    FakeWorld world = new FakeWorld(base);
    List<FakeWorld> moments = new ArrayList<>();
    AtomicInteger n = new AtomicInteger();
    try (LocalEngine engine = world.open()) {
      world.onStep(() -> {
        synchronized (moments) {
          moments.add(world.copy(temp.resolve("moment" + n.incrementAndGet())));
        }
      });
      story.tell(engine, world);
      world.onStep(() -> {});
    }
    assertThat(moments).hasSizeGreaterThan(10);
    for (FakeWorld m : moments) {
      try (LocalEngine engine = m.open()) {
        assertThat(engine.system().recovery().problems()).isEmpty();
        consistent(engine, m);
        for (ContainerInfo c : engine.containers().list(true, Filters.NONE)) {
          engine.containers().remove(c.id(), true, true);
        }
        consistent(engine, m);
        assertThat(m.snapshots).isEmpty();
      }
    }
  }

  @Test
  void runAndRemoveIsUndoneWhereItFails() throws Exception {
    failing(FaultTest::runAndRemove);
  }

  @Test
  void aWholeLifeIsUndoneWhereItFails() throws Exception {
    failing(FaultTest::wholeLife);
  }

  @Test
  void runAndRemoveIsFinishedOrUndoneAfterACrash() throws Exception {
    crashing(FaultTest::runAndRemove);
  }

  @Test
  void aWholeLifeIsFinishedOrUndoneAfterACrash() throws Exception {
    crashing(FaultTest::wholeLife);
  }

  @Test
  void randomLivesKeepEngineAndWorldInAgreement() throws Exception {
    Random random = new Random(42);
    FakeWorld world = new FakeWorld(temp);
    LocalEngine engine = world.open();
    try {
      for (int i = 0; i < 400; i++) {
        List<ContainerInfo> all = engine.containers().list(true, Filters.NONE);
        String id = all.isEmpty() ? "" : all.get(random.nextInt(all.size())).id();
        try {
          switch (random.nextInt(all.isEmpty() ? 1 : 10)) {
            case 0 ->
                engine
                    .containers()
                    .create(
                        spec()
                            .restart(
                                random.nextBoolean()
                                    ? RestartPolicy.NO
                                    : RestartPolicy.parse("unless-stopped"))
                            .build());
            case 1, 2 -> engine.containers().start(id);
            case 3 ->
                engine.containers().stop(id, Optional.of(Duration.ofSeconds(5)), Optional.empty());
            case 4 -> engine.containers().kill(id, "KILL");
            case 5 -> engine.containers().pause(id);
            case 6 -> engine.containers().unpause(id);
            case 7 -> engine.containers().remove(id, random.nextBoolean(), true);
            case 8 -> world.end(id, random.nextInt(3));
            default -> {
              engine.close();
              engine = world.open();
              assertThat(engine.system().recovery().problems()).isEmpty();
            }
          }
        } catch (EngineException.Conflict
            | EngineException.Unchanged
            | EngineException.NotFound
            | java.util.NoSuchElementException refused) {
          // Not now: what it then may not do is change anything.
        }
      }
      for (ContainerInfo c : engine.containers().list(true, Filters.NONE)) {
        if (c.state() == ContainerState.RESTARTING || c.state().alive()) {
          engine.containers().stop(c.id(), Optional.of(Duration.ZERO), Optional.empty());
        }
      }
      consistent(engine, world);
    } finally {
      engine.close();
    }
  }
}
