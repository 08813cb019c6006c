package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What docs/architecture.md says of the power going: what a command has told is on the disk, shown
 * by a recording of the daemon's system calls; and an unpacked layer that was not is made anew.
 */
final class PowerLossTest {
  private static final String ID = "[0-9a-f]{64}";

  private static Daemon daemon;

  @BeforeAll
  static void start() {
    daemon = Daemon.start();
  }

  @AfterAll
  static void stop() {
    if (daemon != null) {
      daemon.close();
    }
  }

  /** Lines of strace: what was written, renamed and synced while a command ran, in order. */
  private static List<String> recorded(String... words) throws Exception {
    assumeTrue(Commands.sh("command -v strace").status() == 0, "needs strace");
    Path file = daemon.folder().resolve("trace");
    Path said = daemon.folder().resolve("trace.err");
    Process strace =
        new ProcessBuilder(
                "strace",
                "-f",
                "-y",
                "-s",
                "100",
                "-e",
                "trace=write,rename,renameat2,fsync,fdatasync",
                "-o",
                file.toString(),
                "-p",
                Long.toString(daemon.pid()))
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    try {
      long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (!Files.readString(said).contains("attached")) {
        assumeTrue(strace.isAlive(), "strace does not work here: " + Files.readString(said));
        assertThat(System.nanoTime()).as("strace attaches").isLessThan(end);
        TimeUnit.MILLISECONDS.sleep(20);
      }
      daemon.ok(words);
    } finally {
      strace.destroy();
      assertThat(strace.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
    return Files.readAllLines(file);
  }

  /** The first line from an index on that matches; the index of the one behind it. */
  private static int after(List<String> lines, int from, String pattern) {
    for (int i = from; i < lines.size(); i++) {
      if (lines.get(i).matches(".*" + pattern + ".*")) {
        return i + 1;
      }
    }
    throw new AssertionError(
        "no " + pattern + " from line " + from + " on:\n" + String.join("\n", lines));
  }

  @Test
  void aContainerIsOnTheDiskBeforeItIsTold() throws Exception {
    List<String> lines = recorded("create", "--network", "none", "busybox", "true");
    int at = after(lines, 0, "fsync\\(.*/images/containers/~.*meta\\.json");
    at = after(lines, at, "fsync\\(\\d+<.*/images/containers/~[^/]*>");
    at = after(lines, at, "renameat2\\(.*/images/containers>.*" + ID);
    at = after(lines, at, "fsync\\(\\d+<.*/images/containers>");
    at = after(lines, at, "f(data)?sync\\(\\d+<.*/kapal\\.db-wal>");
    assertThat(lines.subList(0, at))
        .noneMatch(line -> line.matches(".*write.*\"" + ID + "\\\\n.*"));
    after(lines, at, "write\\(.*\"" + ID + "\\\\n\"");
  }

  @Test
  void anImageIsOnTheDiskBeforeItIsTold() throws Exception {
    daemon.ok("run", "--name", "c", "--network", "none", "busybox", "touch", "/made");
    List<String> lines = recorded("commit", "c", "made:1");
    int at = 0;
    // The layer, its configuration and its manifest, each where blobs are, and then the name.
    for (int blob = 0; blob < 3; blob++) {
      at = after(lines, at, "fsync\\(\\d+<.*/images/content/.*");
    }
    at = after(lines, at, "fsync\\(\\d+<.*/images/\\.?images\\.json[^/]*>");
    at = after(lines, at, "rename.*/images/images\\.json");
    at = after(lines, at, "fsync\\(\\d+<.*/images>");
    after(lines, at, "write\\(.*\"sha256:" + ID + "\\\\n\"");
    daemon.ok("rm", "c");
  }

  @Test
  void whatIsRemovedAtItsEndWaitsForNoDisk() throws Exception {
    List<String> lines = recorded("run", "--rm", "--network", "none", "busybox", "echo", "told");
    assertThat(lines)
        .anyMatch(line -> line.contains("/state/"))
        .noneMatch(l -> l.contains("sync("));
  }

  @Test
  void aLayerThatDidNotReachTheDiskIsUnpackedAgain() throws IOException {
    String id =
        daemon.ok("create", "--name", "kept", "--network", "none", "busybox", "cat", "/etc/group");
    assertThat(id).matches(ID);
    daemon.terminate();
    // As after the power went: made in another boot, not marked, and with a file that is empty.
    String layer =
        Commands.sh("cd " + daemon.data() + "/images/layers && ls -d */fs/etc/group").text();
    Path folder = daemon.data().resolve("images/layers").resolve(layer.replaceFirst("/.*", ""));
    Files.deleteIfExists(folder.resolve("synced"));
    Path meta = folder.resolve("meta.json");
    Files.writeString(
        meta,
        Files.readString(meta)
            .replaceFirst(
                "\"bootId\":\"[^\"]*\"", "\"bootId\":\"00000000-dead-beef-0000-000000000000\""));
    Files.writeString(folder.resolve("fs/etc/group"), "");
    daemon.launch();
    assertThat(daemon.ok("start", "-a", "kept")).startsWith("root:");
    assertThat(daemon.ok("run", "--rm", "--network", "none", "busybox", "cat", "/etc/group"))
        .startsWith("root:");
    assertThat(daemon.command("system", "check").status()).isZero();
    daemon.ok("rm", "kept");
  }
}
