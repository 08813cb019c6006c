package dev.kapal.image.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.image.Image;
import dev.kapal.image.ImageFilters;
import dev.kapal.image.PruneRequest;
import dev.kapal.image.SnapshotOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A process that uses a store is killed at any instant, or finds the disk full. */
class CrashTest extends ScratchTest {
  private static List<String> java(String... more) {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx128m",
            "-cp",
            System.getProperty("java.class.path")));
    command.addAll(List.of(more));
    return command;
  }

  private static void needsBusybox() {
    assumeTrue(
        CrashTest.class.getResource("/dev/kapal/image/busybox.tar") != null,
        "needs busybox-static at build time");
  }

  @Test
  void nothingIsLostOrLeftWhenKilled() throws Exception {
    needsBusybox();
    Path store = root.resolve("store");
    Random random = new Random(7);
    int rounds = 0;
    for (int i = 0; i < 10; i++) {
      Path log = root.resolve("log");
      Process worker =
          new ProcessBuilder(java(StoreWorker.class.getName(), "loop", store.toString()))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (!Files.readString(log).contains("begun") && System.nanoTime() < deadline) {
        Thread.sleep(5);
      }
      Thread.sleep(random.nextInt(1000));
      // On a slow machine the last one may have to be waited for, lest nothing has been done at
      // all.
      boolean last = i == 9 && rounds == 0;
      while (last && !Files.readString(log).contains("round") && System.nanoTime() < deadline) {
        Thread.sleep(5);
      }
      worker.destroyForcibly().waitFor();
      String said = Files.readString(log);
      assertThat(said).startsWith("begun").doesNotContain("Exception");
      rounds += (int) said.lines().filter(l -> l.startsWith("round")).count();
      try (LocalImages images = StoreFixture.open(store)) {
        assertThat(images.check(false).findings()).isEmpty();
        Image image = images.ensureEmbedded();
        images.snapshots().prepare("probe", image, SnapshotOptions.NONE);
        images.snapshots().remove("probe");
      }
    }
    assertThat(rounds).isPositive();
    try (LocalImages images = StoreFixture.open(store)) {
      images.snapshots().list().forEach(images.snapshots()::remove);
      for (Image image : images.list(ImageFilters.NONE)) {
        images.remove(image.id().toString(), true);
      }
      images.prune(new PruneRequest(true, Optional.empty(), Map.of()));
      assertThat(images.content().list()).isEmpty();
      assertThat(images.content().ingests()).isEmpty();
    }
    for (String empty :
        List.of(
            "content/ingest",
            "content/blobs/sha256",
            "layers",
            "containers",
            "containers-copy",
            "trash")) {
      assertThat(store.resolve(empty)).isEmptyDirectory();
    }
  }

  @Test
  void aFullDiskIsToldAndUndone() throws Exception {
    needsBusybox();
    Path mount = Files.createDirectory(root.resolve("small"));
    for (int free : List.of(300_000, 1_500_000, 2_600_000)) {
      String script = "mount -t tmpfs -o size=8m tmpfs '" + mount + "' && exec \"$@\"";
      List<String> command =
          new ArrayList<>(
              List.of("unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"));
      List<String> worker = java(StoreWorker.class.getName(), "full", mount + "/store");
      worker.add(1, "-Dballast=" + (8 * 1024 * 1024 - 40_000 - free));
      command.addAll(worker);
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      process.waitFor();
      assertThat(out)
          .contains("the disk is full")
          .contains("images: 0")
          .contains("then: [localhost/busybox:latest]")
          .contains("clean: true");
    }
  }

  @Test
  void damageIsFoundAndMended() throws IOException {
    needsBusybox();
    Path store = root.resolve("store");
    Path layer;
    try (LocalImages images = StoreFixture.open(store)) {
      Image image = images.ensureEmbedded();
      layer = images.snapshots().prepare("c", image, SnapshotOptions.NONE).lowerDirs().get(0);
      Files.delete(layer.resolve("etc/passwd"));
      assertThat(images.check(false).clean()).isFalse();
      assertThat(images.check(true).clean()).isTrue();
      assertThat(layer.resolve("etc/passwd")).exists();
      assertThat(images.check(false).findings()).isEmpty();
    }
    Path blobs = store.resolve("content/blobs/sha256");
    try (LocalImages images = StoreFixture.open(store);
        var files = Files.list(blobs)) {
      Path biggest =
          files.max(java.util.Comparator.comparingLong(p -> p.toFile().length())).orElseThrow();
      byte[] bytes = Files.readAllBytes(biggest);
      bytes[5000] ^= 1;
      Files.write(biggest, bytes);
      assertThat(images.check(true).findings()).hasSize(2); // damaged, and then missing
      assertThat(biggest).doesNotExist();
      images.remove("busybox", true);
      images.ensureEmbedded();
      assertThat(images.check(false).findings()).isEmpty();
      assertThat(layer.resolve("bin/busybox")).exists();
    }
  }
}
