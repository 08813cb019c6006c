package dev.kapal.image.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.Change;
import dev.kapal.image.CommitRequest;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.ImageFilters;
import dev.kapal.image.PruneRequest;
import dev.kapal.image.RemoveResult;
import dev.kapal.image.Snapshot;
import dev.kapal.image.SnapshotOptions;
import dev.kapal.image.SnapshotUsage;
import dev.kapal.oci.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EmbeddedImageTest extends ScratchTest {
  private static final Set<String> HOLLOW =
      Set.of("/etc", "/etc/hosts", "/etc/resolv.conf", "/dev");

  @BeforeEach
  void conditions() {
    org.junit.jupiter.api.Assumptions.assumeTrue(
        EmbeddedImageTest.class.getResource("/dev/kapal/image/busybox.tar") != null,
        "needs busybox-static at build time");
  }

  @Test
  void isThereAtOnceAndStaysAcrossRestarts() throws Exception {
    Image image;
    try (LocalImages images = StoreFixture.open(root)) {
      long start = System.nanoTime();
      image = images.ensureEmbedded();
      long made = System.nanoTime();
      assertThat(images.ensureEmbedded()).isEqualTo(image);
      assertThat(System.nanoTime() - made).isLessThan(made - start);
      assertThat(image.names()).containsExactly(Reference.parse("localhost/busybox:latest"));
      assertThat(image.config().config().cmd()).containsExactly("sh");
      assertThat(image.size()).isGreaterThan(500_000);
      assertThatThrownBy(() -> StoreFixture.open(root)).isInstanceOf(ImageException.Conflict.class);
    }
    try (LocalImages images = StoreFixture.open(root)) {
      assertThat(images.get("busybox")).isEqualTo(image);
      assertThat(images.get(image.id().hex().substring(0, 5))).isEqualTo(image);
      assertThat(images.get(image.id().toString())).isEqualTo(image);
      assertThat(images.find("docker.io/library/busybox")).isEmpty();
      assertThat(images.find("ab")).isEmpty();
      assertThat(images.list(ImageFilters.NONE)).containsExactly(image);
      assertThat(images.check(false).findings()).isEmpty();
    }
  }

  @Test
  void isNotRemoved() throws Exception {
    try (LocalImages images = StoreFixture.open(root)) {
      Image image = images.ensureEmbedded();
      images.tag("busybox", Reference.parse("example.com/mine:1"));
      for (String name : List.of("busybox", image.id().toString(), "localhost/busybox:latest")) {
        assertThatThrownBy(() -> images.remove(name, false))
            .isInstanceOf(ImageException.Conflict.class)
            .hasMessageContaining("comes with Kapal");
      }
      images.remove("example.com/mine:1", false);
      images.prune(new PruneRequest(true, Optional.empty(), Map.of()));
      assertThat(images.get("busybox")).isEqualTo(image);
      assertThat(images.remove("busybox", true).deleted()).containsExactly(image.id());
      assertThat(images.get("busybox").id()).isEqualTo(image.id());
      assertThat(images.check(false).findings()).isEmpty();
    }
  }

  @Test
  void preparesAndCommitsSnapshots() throws Exception {
    try (LocalImages images = StoreFixture.open(root)) {
      Image image = images.ensureEmbedded();
      Snapshot snapshot = images.snapshots().prepare("c1", image, SnapshotOptions.NONE);
      assertThat(snapshot.lowerDirs()).hasSize(1);
      Path lower = snapshot.lowerDirs().get(0);
      assertThat(Files.readSymbolicLink(lower.resolve("bin/sh"))).hasToString("/bin/busybox");
      assertThat(lower.startsWith(snapshot.layersRoot())).isTrue();
      assertThatThrownBy(() -> images.snapshots().prepare("c1", image, SnapshotOptions.NONE))
          .isInstanceOf(ImageException.Conflict.class);
      assertThatThrownBy(() -> images.snapshots().prepare("../x", image, SnapshotOptions.NONE))
          .isInstanceOf(ImageException.BadRequest.class);

      Files.createDirectories(snapshot.upper().resolve("etc"));
      Files.writeString(snapshot.upper().resolve("etc/new"), "hello");
      Files.writeString(snapshot.upper().resolve("etc/passwd"), "changed");
      run("mknod", snapshot.upper().resolve("etc/group").toString(), "c", "0", "0");
      run("ln", snapshot.upper() + "/etc/new", snapshot.upper() + "/etc/also");
      // The mount points of what every container has are no change of it, unless they hold
      // something.
      for (String empty : List.of("etc/hosts", "etc/resolv.conf")) {
        Files.createFile(snapshot.upper().resolve(empty));
      }
      Files.writeString(snapshot.upper().resolve("etc/hostname"), "mine");
      Files.createDirectories(snapshot.upper().resolve("srv"));
      assertThat(images.snapshots().changes("c1", HOLLOW))
          .containsExactly(
              new Change(Change.Kind.CHANGED, "/etc"),
              new Change(Change.Kind.ADDED, "/etc/also"),
              new Change(Change.Kind.DELETED, "/etc/group"),
              new Change(Change.Kind.ADDED, "/etc/hostname"),
              new Change(Change.Kind.ADDED, "/etc/new"),
              new Change(Change.Kind.CHANGED, "/etc/passwd"),
              new Change(Change.Kind.ADDED, "/srv"));
      SnapshotUsage usage = images.snapshots().usage("c1");
      assertThat(usage.inodes()).isEqualTo(9);
      assertThat(usage.bytes()).isEqualTo("hello".length() + "changed".length() + "mine".length());

      Image made =
          images.commit(
              new CommitRequest(
                  "c1",
                  HOLLOW,
                  image.id(),
                  Optional.empty(),
                  List.of("ENV A=b", "CMD [\"ls\",\"-l\"]", "EXPOSE 80"),
                  Optional.of(Reference.parse("localhost/made")),
                  "me",
                  "why"));
      assertThat(made.config().config().cmd()).containsExactly("ls", "-l");
      assertThat(made.config().config().exposedPorts()).containsExactly("80/tcp");
      assertThat(images.history("localhost/made")).hasSize(2);
      // What ran in the container, not what the new image runs.
      assertThat(images.history("localhost/made").getFirst().entry().createdBy()).isEqualTo("sh");
      Snapshot second = images.snapshots().prepare("c2", made, SnapshotOptions.NONE);
      Path top = second.lowerDirs().get(0);
      assertThat(Files.readString(top.resolve("etc/passwd"))).isEqualTo("changed");
      assertThat(Files.getAttribute(top.resolve("etc/new"), "unix:nlink")).isEqualTo(2);
      assertThat(Files.getAttribute(top.resolve("etc/group"), "unix:rdev")).isEqualTo(0L);
      assertThat(second.lowerDirs()).hasSize(2);
      assertThat(top.resolve("etc/hostname")).hasContent("mine");
      assertThat(top.resolve("srv")).isEmptyDirectory();
      assertThat(top.resolve("etc/hosts")).doesNotExist();
      assertThat(top.resolve("etc/resolv.conf")).doesNotExist();

      Path third = images.snapshots().prepare("c3", image, SnapshotOptions.NONE).upper();
      Files.createDirectories(third.resolve("etc"));
      Files.createFile(third.resolve("etc/hosts"));
      Files.createFile(third.resolve("srv"));
      Change srv = new Change(Change.Kind.ADDED, "/srv");
      assertThat(images.snapshots().changes("c3", HOLLOW)).containsExactly(srv);
      run("chmod", "700", third.resolve("etc").toString());
      assertThat(images.snapshots().changes("c3", HOLLOW))
          .containsExactly(new Change(Change.Kind.CHANGED, "/etc"), srv);
      assertThat(images.snapshots().changes("c3", Set.of())).hasSize(3);
      images.snapshots().remove("c3");

      RemoveResult removed = images.remove("localhost/made", false);
      assertThat(removed.deleted()).containsExactly(made.id());
      assertThat(top).isDirectory(); // c2 still needs it
      images.snapshots().remove("c2");
      images.prune(new dev.kapal.image.PruneRequest(false, Optional.empty(), java.util.Map.of()));
      assertThat(top).doesNotExist();
      assertThat(images.snapshots().list()).containsExactly("c1");
      assertThat(images.check(true).clean()).isTrue();
    }
  }

  static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + ": " + out).isZero();
  }
}
