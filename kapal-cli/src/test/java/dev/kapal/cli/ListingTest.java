package dev.kapal.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.engine.Containers;
import dev.kapal.engine.EngineSystem;
import dev.kapal.engine.Event;
import dev.kapal.engine.Events;
import dev.kapal.engine.LogEntry;
import dev.kapal.engine.LogReader;
import dev.kapal.engine.PruneReport;
import dev.kapal.engine.Volumes;
import dev.kapal.image.DiskUsage;
import dev.kapal.oci.Digest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ListingTest {
  private final Harness h = new Harness();

  @BeforeEach
  void answers() {
    h.containers.on("list", a -> List.of(Samples.web(), Samples.job()));
    h.containers.on("inspect", a -> Samples.web());
    h.images.on("list", a -> List.of(Images.busybox()));
    h.images.on("get", a -> Images.busybox());
  }

  @Test
  void tablesAreAsKept() {
    Golden.check("ps.txt", h.run("ps", "-a").out());
    Golden.check("ps-no-trunc.txt", h.run("ps", "-a", "--no-trunc").out());
    Golden.check("images.txt", h.run("images", "--digests").out());
  }

  @Test
  void formatsOfPs() {
    assertThat(h.run("ps", "-q").out()).isEqualTo("4c01db0b339c\nd7886598dbe2\n");
    assertThat(h.run("ps", "--format", "{{.Names}} {{.Label \"team\"}}").out())
        .isEqualTo("web blue\nnightly-job \n");
    assertThat(h.run("ps", "--format", "table {{.Names}}\\t{{.Label \"org.team\"}}").out())
        .isEqualTo("NAMES         team\nweb\nnightly-job\n");
    assertThat(h.run("ps", "--format", "json").out().lines().findFirst().orElse(""))
        .startsWith("{\"ID\":\"4c01db0b339c\",\"Names\":\"web\"")
        .doesNotContain("\"Label\"");
    Harness.Result bad = h.run("ps", "--format", "{{.Bogus}}");
    assertThat(bad.status()).isEqualTo(1);
    assertThat(bad.err()).contains("can't evaluate field Bogus");
    assertThat(h.run("ps", "--format", "{{.ID").status()).isEqualTo(1);
    assertThat(h.run("ps", "--format", "{{json .}}").out())
        .isEqualTo(h.run("ps", "--format", "json").out());
  }

  @Test
  void filtersReachTheEngine() {
    h.run("ps", "--filter", "status=exited", "-f", "label=a=b");
    assertThat(h.containers.calls().getFirst())
        .isEqualTo("list[true, Filters[terms={status=[exited], label=[a=b]}]]");
  }

  @Test
  void inspectIsDockers() {
    Golden.check("inspect.json", h.run("container", "inspect", "web").out());
    Golden.check("inspect-image.json", h.run("image", "inspect", "busybox").out());
    assertThat(
            h.run(
                    "inspect",
                    "-f",
                    "{{.State.Status}} {{.NetworkSettings.IPAddress}} {{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}",
                    "web")
                .out())
        .isEqualTo("running 10.88.0.5 8080\n");
    assertThat(
            h.run(
                    "inspect",
                    "-f",
                    "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}} {{index .Config.Labels \"team\"}} {{json .Config.Env}}",
                    "web")
                .out())
        .isEqualTo("10.88.0.5 blue [\"PATH=/usr/bin:/bin\",\"A=b\"]\n");
    assertThat(
            h.run("inspect", "-f", "{{.HostConfig.Memory}} {{len .Mounts}} {{.Name}}", "web").out())
        .isEqualTo("268435456 1 /web\n");
    // As docker ends: a format that is none, and one that does not fit.
    assertThat(h.run("inspect", "-f", "{{.Name", "web").status()).isEqualTo(64);
    assertThat(h.run("inspect", "-f", "{{.Bogus}}", "web").status()).isEqualTo(1);
  }

  @Test
  void whatEachTakesOnDiskIsShown() {
    Digest id = Images.busybox().id();
    EngineSystem.DiskUsage.Category some = new EngineSystem.DiskUsage.Category(1, 1, 10, 0);
    h.system.on("diskUsage", a -> new EngineSystem.DiskUsage(some, some, some, List.of()));
    h.images.on(
        "usage",
        a ->
            new DiskUsage(
                1, 2, 3, 4, List.of(new DiskUsage.PerImage(id, 4_430_000, 1_430_000, 2))));
    h.images.on("find", a -> Optional.of(Images.busybox()));
    h.containers.on("size", a -> new Containers.DiskUse(1_500, 4_431_500, 3));
    h.volumes.on("list", a -> List.of());
    assertThat(h.run("system", "df").out()).doesNotContain("space usage");
    assertThat(h.run("system", "df", "-v").out().lines().map(l -> l.replaceAll(" {2,}", "|")))
        .contains(
            "localhost/busybox|latest|" + id.shortHex() + "|12 days ago|4.43MB|1.43MB|3MB|2",
            "CONTAINER ID|IMAGE|COMMAND|LOCAL VOLUMES|SIZE|CREATED|STATUS|NAMES")
        .anyMatch(
            l -> l.startsWith("4c01db0b339c|") && l.contains("|1.5kB|") && l.endsWith("|web"));
  }

  @Test
  void portsAreShown() {
    assertThat(h.run("port", "web").out())
        .isEqualTo("80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n");
    assertThat(h.run("port", "web", "80").out()).isEqualTo("0.0.0.0:8080\n[::]:8080\n");
    assertThat(h.run("port", "web", "99").status()).isEqualTo(1);
  }

  @Test
  void logsGoToTheirStreams() {
    Deque<LogEntry> entries = new ArrayDeque<>();
    Instant time = Instant.parse("2026-06-01T11:00:00.5Z");
    entries.add(
        new LogEntry(time, LogEntry.Stream.STDOUT, "one\n".getBytes(StandardCharsets.UTF_8)));
    entries.add(
        new LogEntry(time, LogEntry.Stream.STDERR, "two\n".getBytes(StandardCharsets.UTF_8)));
    h.containers.on(
        "logs",
        a ->
            new LogReader() {
              @Override
              public Optional<LogEntry> next() {
                return Optional.ofNullable(entries.poll());
              }

              @Override
              public void close() {}
            });
    Harness.Result r = h.run("logs", "-t", "--tail", "5", "--since", "1h", "web");
    assertThat(r.out()).isEqualTo("2026-06-01T11:00:00.500000000Z one\n");
    assertThat(r.err()).isEqualTo("2026-06-01T11:00:00.500000000Z two\n");
    assertThat(h.containers.calls().getFirst())
        .contains("tail=OptionalLong[5]")
        .contains("since=Optional[2026-06-01T11:00:00Z]");
  }

  @Test
  void eventsAreShownAndTamed() {
    Event event =
        new Event(
            1,
            Harness.NOW,
            "container",
            "die",
            "4c01",
            Map.of("name", "w\u001b[31mb", "image", "x"));
    h.events.on("subscribe", a -> subscription(event));
    assertThat(h.run("events").out())
        .isEqualTo("2026-06-01T12:00:00Z container die 4c01 (image=x, name=w\\x1b[31mb)\n");
    assertThat(h.run("events", "--format", "{{.Type}} {{.Actor.Attributes.image}}").out())
        .isEqualTo("container x\n");
  }

  private static Events.Subscription subscription(Event event) {
    Deque<Event> left = new ArrayDeque<>(List.of(event));
    return new Events.Subscription() {
      @Override
      public Optional<Event> next() {
        return Optional.ofNullable(left.poll());
      }

      @Override
      public Optional<Event> next(Duration timeout) {
        return next();
      }

      @Override
      public boolean ended() {
        return left.isEmpty();
      }

      @Override
      public void close() {}
    };
  }

  @Test
  void pruneAsksFirst() {
    h.containers.on("prune", a -> new PruneReport(List.of("d788"), 1_500_000));
    h.input = "n\n";
    assertThat(h.run("container", "prune").status()).isEqualTo(1);
    assertThat(h.containers.calls()).isEmpty();
    h.input = "y\n";
    assertThat(h.run("container", "prune").out())
        .endsWith("Deleted Containers:\nd788\n\nTotal reclaimed space: 1.5MB\n");
    h.input = "";
    h.run("container", "prune", "-f", "--filter", "until=24h");
    assertThat(h.containers.calls().getLast())
        .isEqualTo("prune[Filters[terms={until=[2026-05-31T12:00:00Z]}]]");
  }

  @Test
  void volumesAreListed() {
    h.volumes.on(
        "list",
        a ->
            List.of(
                new Volumes.Volume(
                    "data",
                    "local",
                    false,
                    Harness.NOW,
                    "/v/data",
                    Map.of(),
                    Map.of("a", "b"),
                    List.of())));
    assertThat(h.run("volume", "ls").out()).isEqualTo("DRIVER    VOLUME NAME\nlocal     data\n");
    assertThat(h.run("volume", "ls", "-q").out()).isEqualTo("data\n");
    assertThat(h.run("__complete", "volume", "rm", "d").out()).isEqualTo("data\n");
  }
}
