package dev.kapal.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.ContainerInfo.EffectiveProcess;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.HealthSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.Resources;
import dev.kapal.engine.spec.RestartPolicy;
import dev.kapal.engine.spec.StorageSpec;
import dev.kapal.engine.spec.TerminalSize;
import dev.kapal.network.PortMapping;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes into the database comes out of it. */
class DatabaseTest {
  @TempDir Path temp;

  private static ContainerRecord record(String id, String name) {
    ContainerSpec spec =
        ContainerSpec.builder("image")
            .name("n")
            .process(
                ProcessSpec.builder()
                    .command(List.of("a", "b c"))
                    .umask(022)
                    .terminalSize(new TerminalSize(24, 80))
                    .stopTimeout(Duration.ofMillis(1500))
                    .build())
            .network(
                NetworkSpec.builder()
                    .ports(
                        List.of(
                            PortMapping.parse("[::1]:80-82:8080-8082/udp"),
                            PortMapping.parse("80")))
                    .extraHosts(List.of("a:1.2.3.4"))
                    .build())
            .storage(StorageSpec.DEFAULT.withMounts(List.of(MountSpec.bind("/a", "/b").build())))
            .resources(Resources.builder().memory(64 << 20).hugepages(Map.of("2MB", 1L)).build())
            .restart(RestartPolicy.parse("on-failure:3"))
            .health(HealthSpec.DISABLED)
            .labels(Map.of("k", "v"))
            .build();
    return new ContainerRecord(
        id,
        name,
        Instant.parse("2026-01-01T00:00:00.123456789Z"),
        spec,
        "sha256:0",
        "native",
        new EffectiveProcess(List.of(), List.of("x"), List.of("A=b"), "/", ""),
        Optional.of(
            new ContainerRecord.HealthPlan(
                List.of("CMD", "x"),
                Duration.ofSeconds(1),
                Duration.ofSeconds(2),
                Duration.ZERO,
                Duration.ofSeconds(3),
                4)),
        List.of(),
        spec.storage().mounts(),
        "bridge",
        "host",
        List.of("80/tcp"),
        Map.of("k", "v"),
        "linux/amd64",
        new ContainerRecord.LogPlan("json-file", Optional.of("/l"), 10, 2),
        "SIGTERM",
        Duration.ofSeconds(10),
        "/kapal/x");
  }

  @Test
  void recordsComeBackAsTheyWere() {
    ContainerRecord c = record("id1", "one");
    RunState s =
        RunState.CREATED
            .running(7, Instant.now())
            .ended(3, true, Optional.of("why"), Instant.now());
    VolumeRecord v =
        new VolumeRecord(
            "v", "local", true, Instant.now(), Map.of(), Map.of(), Optional.of("id1"), false);
    String id;
    try (Database db = Database.open(temp.resolve("db"))) {
      id = db.engineId();
      db.write(
          Durability.POWER,
          tx -> {
            tx.insert(c, RunState.CREATED);
            tx.put(v);
          });
      db.write(Durability.PROCESS, tx -> tx.update("id1", s));
    }
    try (Database db = Database.open(temp.resolve("db"))) {
      assertThat(db.containers(new ArrayList<>()))
          .containsExactly(new Database.StoredContainer(c, s));
      assertThat(db.volumes()).containsExactly(v);
      assertThat(db.engineId()).isEqualTo(id);
      assertThat(db.check()).isEmpty();
    }
  }

  @Test
  void aTransactionIsAllOrNothing() {
    try (Database db = Database.open(temp.resolve("db"))) {
      db.write(Durability.POWER, tx -> tx.insert(record("id1", "one"), RunState.CREATED));
      assertThatThrownBy(() ->
              db.write(
                  Durability.PROCESS,
                  tx -> {
                    tx.insert(record("id2", "two"), RunState.CREATED);
                    tx.insert(record("id3", "one"), RunState.CREATED);
                  }))
          .isInstanceOf(EngineException.SystemFailure.class);
      assertThat(db.containers(new ArrayList<>())).hasSize(1);
    }
  }

  @Test
  void aSecondEngineAndANewerSchemaAreRefused() throws Exception {
    Path file = temp.resolve("db");
    try (Database db = Database.open(file)) {
      assertThat(db.check()).isEmpty();
      assertThatThrownBy(() -> Database.open(file)).isInstanceOf(EngineException.Conflict.class);
    }
    try (var c = DriverManager.getConnection("jdbc:sqlite:" + file);
        var s = c.createStatement()) {
      s.execute("PRAGMA user_version=99");
    }
    assertThatThrownBy(() -> Database.open(file)).isInstanceOf(EngineException.Unsupported.class);
  }

  @Test
  void aDamagedRecordDoesNotHideTheOthers() throws Exception {
    Path file = temp.resolve("db");
    try (Database db = Database.open(file)) {
      db.write(
          Durability.POWER,
          tx -> {
            tx.insert(record("id1", "one"), RunState.CREATED);
            tx.insert(record("id2", "two"), RunState.CREATED);
          });
    }
    try (var c = DriverManager.getConnection("jdbc:sqlite:" + file);
        var s = c.createStatement()) {
      s.execute("UPDATE containers SET doc='{' WHERE id='id1'");
    }
    try (Database db = Database.open(file)) {
      List<String> damaged = new ArrayList<>();
      assertThat(db.containers(damaged)).hasSize(1);
      assertThat(damaged).containsExactly("id1");
    }
  }
}
