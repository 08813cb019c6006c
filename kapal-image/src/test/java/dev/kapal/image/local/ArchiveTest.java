package dev.kapal.image.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kapal.image.ArchiveFormat;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.ImageFilters;
import dev.kapal.image.ImportRequest;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.ProgressListener.State;
import dev.kapal.image.SaveRequest;
import dev.kapal.image.SnapshotOptions;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Reference;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Images that other programs made, and archives that go there and back. */
class ArchiveTest extends ScratchTest {
  private String sh(String script) throws Exception {
    Process process =
        new ProcessBuilder("sh", "-ec", script)
            .directory(root.toFile())
            .redirectErrorStream(true)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(script + ": " + out).isZero();
    return out;
  }

  private String fingerprint(Path tree) throws Exception {
    return sh(
        "cd '"
            + tree
            + "' && find . -mindepth 1 -printf '%p %y %m %U:%G %s %T@ %n %l\\n' | grep -v ' d ' |"
            + " sort; find . -mindepth 1 -type d -printf '%p %m %U:%G\\n' | sort;"
            + " find . -type f -exec sha256sum {} + | sort");
  }

  private static void needs(String program) {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/" + program)),
        "needs " + program + " (Debian package)");
  }

  /** A layout of umoci's with two layers, the second with deletions. */
  private void umoci() throws Exception {
    needs("umoci");
    sh(
        """
        umoci init --layout lay
        umoci new --image lay:one
        umoci unpack --image lay:one b1
        cd b1/rootfs
        mkdir -p a/b c d
        echo hello > a/file; echo gone > a/gone; echo x > c/x; echo y > d/y
        ln a/file a/hard; ln -s ../c/x a/b/link; chmod 4755 a/file; chown 1234:4321 c/x
        mkfifo pipe; touch -d @1000000000.123456789 d/y
        cd ../..
        umoci repack --image lay:two b1
        umoci unpack --image lay:two b2
        cd b2/rootfs
        rm a/gone; rm -r c; mkdir c; echo new > c/new; echo changed > d/y; rm a/b/link; rmdir a/b; echo f > a/b
        cd ../..
        umoci repack --image lay:three b2
        umoci unpack --image lay:three expected
        """);
  }

  @Test
  void umocisLayoutUnpacksAsUmociDoes() throws Exception {
    umoci();
    try (LocalImages images = StoreFixture.open(root.resolve("store"))) {
      List<Image> loaded =
          images.load(root.resolve("lay"), Optional.empty(), ProgressListener.SILENT);
      assertThat(loaded).hasSizeGreaterThanOrEqualTo(2);
      Image image =
          loaded.stream()
              .max(java.util.Comparator.comparingInt(i -> i.config().rootfs().diffIds().size()))
              .orElseThrow();
      var snapshot = images.snapshots().prepare("c", image, SnapshotOptions.NONE);
      assertThat(snapshot.lowerDirs()).hasSize(2);
      Path merged = Files.createDirectory(root.resolve("merged"));
      String lower = String.join(":", snapshot.lowerDirs().stream().map(Path::toString).toList());
      Path copy = root.resolve("copy");
      sh(
          "unshare -m --propagation private sh -ec \"mount -t overlay -o lowerdir="
              + lower
              + ",upperdir="
              + snapshot.upper()
              + ",workdir="
              + snapshot.work()
              + " overlay "
              + merged
              + " && cp -a merged copy\"");
      assertThat(fingerprint(copy)).isEqualTo(fingerprint(root.resolve("expected/rootfs")));
      assertThat(images.check(false).findings()).isEmpty();
    }
  }

  @Test
  void skopeosArchivesAreRead() throws Exception {
    umoci();
    needs("skopeo");
    sh("skopeo copy -q --insecure-policy oci:lay:three docker-archive:d.tar:example.com/x/y:1.0");
    sh("skopeo copy -q --insecure-policy oci:lay:three oci-archive:o.tar:example.com/x/z:2");
    sh("gzip -k o.tar; zstd -q d.tar");
    try (LocalImages images = StoreFixture.open(root.resolve("store"))) {
      for (String file : List.of("d.tar", "o.tar", "o.tar.gz", "d.tar.zst")) {
        try (InputStream in = Files.newInputStream(root.resolve(file))) {
          assertThat(images.load(in, Optional.empty(), ProgressListener.SILENT)).hasSize(1);
        }
      }
      assertThat(images.get("example.com/x/y:1.0").config().rootfs().diffIds()).hasSize(2);
      assertThat(images.find("example.com/x/z:2")).isPresent();
    }
  }

  @Test
  void whatIsSavedIsRead() throws Exception {
    umoci();
    needs("skopeo");
    sh("skopeo copy -q --insecure-policy oci:lay:three oci-archive:o.tar:example.com/x/z:2");
    for (ArchiveFormat format : ArchiveFormat.values()) {
      Path saved = root.resolve("saved-" + format);
      Image before;
      try (LocalImages images = StoreFixture.open(root.resolve("store"));
          InputStream in = Files.newInputStream(root.resolve("o.tar"));
          OutputStream out = Files.newOutputStream(saved)) {
        before = images.load(in, Optional.empty(), ProgressListener.SILENT).get(0);
        images.tag("example.com/x/z:2", Reference.parse("docker.io/library/short"));
        List<ProgressListener.Layer> told = new ArrayList<>();
        images.save(
            out,
            SaveRequest.of(format, "example.com/x/z:2", before.id().toString()),
            event -> told.add((ProgressListener.Layer) event));
        assertToldOfEachLayer(told, before);
      }
      try (LocalImages images = StoreFixture.open(root.resolve("other-" + format));
          InputStream in = Files.newInputStream(saved)) {
        Image after = images.load(in, Optional.empty(), ProgressListener.SILENT).get(0);
        assertThat(after.id()).isEqualTo(before.id());
        assertThat(after.names()).containsExactly(Reference.parse("example.com/x/z:2"));
        assertThat(images.check(false).findings()).isEmpty();
        assertThat(images.remove("example.com/x/z:2", false).deleted()).containsExactly(after.id());
        assertThat(images.content().list()).isEmpty();
      }
      String kind = format == ArchiveFormat.OCI ? "oci-archive" : "docker-archive";
      assertThat(sh("skopeo inspect --config " + kind + ":" + saved)).contains("diff_ids");
    }
  }

  /** Each waits, goes on from nothing to its end, and is done, once. */
  private static void assertToldOfEachLayer(List<ProgressListener.Layer> told, Image image) {
    Map<Digest, List<ProgressListener.Layer>> layers =
        told.stream().collect(Collectors.groupingBy(ProgressListener.Layer::blob));
    assertThat(layers).hasSameSizeAs(image.config().rootfs().diffIds());
    for (List<ProgressListener.Layer> its : layers.values()) {
      assertThat(its.stream().map(ProgressListener.Layer::state).distinct())
          .containsExactly(State.WAITING, State.SAVING, State.DONE);
      assertThat(its.stream().filter(l -> l.state() == State.DONE)).hasSize(1);
      List<ProgressListener.Layer> saving =
          its.stream().filter(l -> l.state() == State.SAVING).toList();
      assertThat(saving.getFirst().done()).isZero();
      assertThat(saving.getLast().done()).isPositive().isEqualTo(saving.getLast().total());
    }
  }

  @Test
  void aRootFileSystemIsImported() throws Exception {
    sh("mkdir fs; echo hi > fs/hello; tar -C fs -czf fs.tar.gz .");
    try (LocalImages images = StoreFixture.open(root.resolve("store"));
        InputStream in = Files.newInputStream(root.resolve("fs.tar.gz"))) {
      Image image =
          images.importRootfs(
              in,
              new ImportRequest(
                  Optional.of(Reference.parse("localhost/imported")),
                  List.of("CMD echo hi", "LABEL a=\"b c\" d=e", "WORKDIR /w", "VOLUME /v"),
                  "why",
                  Optional.empty()));
      assertThat(image.config().config().cmd()).containsExactly("/bin/sh", "-c", "echo hi");
      assertThat(image.labels()).containsEntry("a", "b c").containsEntry("d", "e");
      var snapshot = images.snapshots().prepare("c", images.get("imported"), SnapshotOptions.NONE);
      assertThat(snapshot.lowerDirs().get(0).resolve("hello")).hasContent("hi\n");
      assertThatThrownBy(() ->
              images.importRootfs(
                  new ByteArrayInputStream(
                      "not a tar at all".repeat(100).getBytes(StandardCharsets.UTF_8)),
                  new ImportRequest(Optional.empty(), List.of(), "", Optional.empty())))
          .isInstanceOf(ImageException.Refused.class);
      assertThat(images.list(ImageFilters.NONE)).hasSize(1);
    }
  }
}
