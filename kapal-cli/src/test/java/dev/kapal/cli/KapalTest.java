package dev.kapal.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.engine.EngineException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class KapalTest {
  private final Harness h = new Harness();

  @Test
  void saysItsVersion() {
    assertThat(h.run("version").out()).startsWith("Kapal 1.2.3 (abcdef123456)\n");
    assertThat(h.run("--version").out()).startsWith("Kapal 1.2.3");
    assertThat(h.run("version", "-f", "{{.Server.Version}}").out()).isEqualTo("1.2.3\n");
  }

  @Test
  void unknownCommandsAreSuggested() {
    Harness.Result r = h.run("rnu");
    assertThat(r.status()).isEqualTo(1);
    assertThat(r.err()).startsWith("kapal: 'rnu' is not a command; did you mean kapal run?");
    assertThat(h.run("volume", "craete").err()).contains("did you mean kapal volume create?");
    assertThat(h.run("zzzzzz").err()).startsWith("kapal: 'zzzzzz' is not a command\n");
  }

  @Test
  void unknownFlagsAre125AndSuggested() {
    Harness.Result r = h.run("run", "--nmae", "x", "busybox");
    assertThat(r.status()).isEqualTo(125);
    assertThat(r.err()).startsWith("kapal: unknown flag: --nmae; did you mean --name?");
    assertThat(r.err()).contains("Run 'kapal run --help' for more.");
    assertThat(h.run("ps", "-Z").err()).startsWith("kapal: unknown shorthand flag: 'Z' in -Z");
  }

  @Test
  void wrongNumbersOfOperandsAre1() {
    assertThat(h.run("run").status()).isEqualTo(1);
    assertThat(h.run("run").err())
        .startsWith("kapal: 'run' requires at least 1 argument, got none");
    assertThat(h.run("rename", "a").err()).contains("requires exactly 2 arguments, got 1");
    assertThat(h.run("ps", "x").err()).contains("accepts no arguments");
  }

  @Test
  void engineErrorsAreToldOnce() {
    h.containers.on(
        "pause",
        a -> {
          throw new EngineException.NotFound("no container \"x\": see 'kapal ps -a'");
        });
    Harness.Result r = h.run("pause", "x", "y");
    assertThat(r.status()).isEqualTo(1);
    assertThat(r.err())
        .isEqualTo(
            "kapal: no container \"x\": see 'kapal ps -a'\nkapal: no container \"x\": see 'kapal ps -a'\n");
    assertThat(r.out()).isEmpty();
  }

  @Test
  void aSignalInterruptsWhatWaits() throws Exception {
    h.containers.on(
        "await",
        a -> {
          Thread.ofPlatform().start(() -> h.client.signal(15));
          Thread.sleep(60_000);
          return null;
        });
    assertThat(h.run("wait", "x").status()).isEqualTo(143);
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void unforeseenErrorsAreToldAsSuch() {
    h.containers.on(
        "list",
        a -> {
          throw new IllegalStateException("boom");
        });
    Harness.Result r = h.run("ps");
    assertThat(r.status()).isEqualTo(1);
    assertThat(r.err()).contains("internal error").contains("boom");
  }

  @Test
  void namesAreEchoed() {
    h.containers.on("kill", a -> null);
    assertThat(h.run("kill", "-s", "HUP", "a", "b").out()).isEqualTo("a\nb\n");
    assertThat(h.containers.calls()).isEqualTo(List.of("kill[a, HUP]", "kill[b, HUP]"));
  }

  @Test
  void shutdownStopsContainersAndThenTheDaemon() {
    h.system.on("stopAll", a -> null);
    assertThat(h.run("system", "shutdown", "-t", "5").status()).isZero();
    assertThat(h.system.calls()).isEqualTo(List.of("stopAll[PT5S]"));
    assertThat(h.shutdowns).isEqualTo(1);
  }

  @Test
  void forcedRemovalsTellWhatTheyRemoved() {
    h.containers.on(
        "remove",
        a -> {
          if (a[0].equals("gone")) {
            throw new EngineException.NotFound("there is no container \"gone\"");
          }
          return null;
        });
    Harness.Result forced = h.run("rm", "-f", "web", "gone", "job");
    assertThat(forced.out()).isEqualTo("web\njob\n");
    assertThat(forced.status()).isZero();
    Harness.Result plain = h.run("rm", "web", "gone", "job");
    assertThat(plain.out()).isEqualTo("web\njob\n");
    assertThat(plain.err()).contains("there is no container \"gone\"");
    assertThat(plain.status()).isEqualTo(1);
  }

  @Test
  void aPullTellsWhetherItBroughtAnything() {
    h.images.on("pull", a -> Images.busybox());
    h.images.on("find", a -> Optional.empty());
    String digest = "Digest: " + Images.busybox().manifest().digest();
    assertThat(h.run("pull", "busybox:1.36").out().lines())
        .containsExactly(
            digest,
            "Status: Downloaded newer image for busybox:1.36",
            "docker.io/library/busybox:1.36");
    h.images.on("find", a -> Optional.of(Images.busybox()));
    assertThat(h.run("pull", "busybox:1.36").out())
        .contains("Status: Image is up to date for busybox:1.36\n");
    assertThat(h.run("pull", "-q", "busybox:1.36").out())
        .isEqualTo("docker.io/library/busybox:1.36\n");
  }
}
