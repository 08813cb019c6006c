package dev.kapal.image.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.CommitRequest;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.ImportRequest;
import dev.kapal.image.PruneRequest;
import dev.kapal.image.Snapshot;
import dev.kapal.image.SnapshotOptions;
import dev.kapal.image.Snapshots;
import dev.kapal.image.Snapshotter;
import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarType;
import dev.kapal.image.tar.TarWriter;
import dev.kapal.oci.Reference;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Containers' files as plain copies of images. */
class CopySnapshotTest extends ScratchTest {
  private static final SnapshotOptions COPY = SnapshotOptions.NONE.with(Snapshotter.COPY);

  private String sh(Path directory, String script) throws Exception {
    Process process =
        new ProcessBuilder("sh", "-ec", script)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(script + ": " + out).isZero();
    return out;
  }

  /** Everything that tar can tell of a tree. */
  private String fingerprint(Path tree) throws Exception {
    return sh(
        tree,
        "tar --sort=name --numeric-owner --xattrs --xattrs-include='*' --format=pax"
            + " --pax-option=exthdr.name=%d/x/%f,delete=atime,delete=ctime -cf - . | sha256sum;"
            + " tar --sort=name --numeric-owner --full-time -cf - . | tar -tv --full-time");
  }

  /** An image of two layers: the second deletes, replaces, and hides all of a directory. */
  private Image twoLayers(LocalImages images) throws Exception {
    Path tree = Files.createDirectory(root.resolve("tree"));
    sh(
        tree,
        """
        umask 0; mkdir -p etc/deep/er gone opaque bin usr; chmod 1777 bin; chmod 750 etc/deep
        echo one > etc/one; ln etc/one etc/twin; ln -s ../nowhere etc/link
        echo x > gone/file; echo y > opaque/old; mkfifo usr/fifo; mknod usr/null c 1 3
        echo set > bin/su; chown 7:8 bin/su; chmod 4711 bin/su
        truncate -s 9M usr/sparse; echo end >> usr/sparse
        touch -d '2001-02-03 04:05:06.789' etc/deep/er etc/one usr
        """);
    sh(
        root,
        "setfattr -n trusted.kept -v yes tree/etc/one || true; tar -C tree --sparse --xattrs"
            + " --xattrs-include='*' --format=pax -cf tree.tar .");
    Image first;
    try (var in = Files.newInputStream(root.resolve("tree.tar"))) {
      first =
          images.importRootfs(
              in,
              new ImportRequest(
                  Optional.of(Reference.parse("localhost/first")),
                  List.of("CMD x"),
                  "",
                  Optional.empty()));
    }
    Snapshot change = images.snapshots().prepare("base", first, SnapshotOptions.NONE);
    sh(
        change.upper(),
        """
        mknod gone c 0 0; mkdir opaque etc; echo new > opaque/new
        setfattr -n trusted.overlay.opaque -v y opaque; echo two > etc/two
        """);
    Image second =
        images.commit(
            new CommitRequest(
                "base",
                Set.of(),
                first.id(),
                Optional.empty(),
                List.of(),
                Optional.of(Reference.parse("localhost/second")),
                "",
                ""));
    images.snapshots().remove("base");
    return second;
  }

  @Test
  void aCopyIsWhatOverlayfsWouldShow() throws Exception {
    try (LocalImages images = StoreFixture.open(root.resolve("store"))) {
      Image image = twoLayers(images);
      Snapshots snapshots = images.snapshots();
      Snapshot overlay = snapshots.prepare("o", image, SnapshotOptions.NONE);
      Snapshot copy = snapshots.prepare("c", image, COPY);
      assertThat(copy.snapshotter()).isEqualTo(Snapshotter.COPY);
      assertThat(copy.upper()).isEqualTo(root.resolve("store/containers-copy/c/fs"));
      Path mount = Files.createDirectory(root.resolve("mount"));
      String lower = String.join(":", overlay.lowerDirs().stream().map(Path::toString).toList());
      // In a mount namespace of its own, so that nothing is left whatever happens.
      String seen =
          sh(
              root,
              "exec unshare -m sh -ec 'mount -t overlay overlay -o lowerdir="
                  + lower
                  + " "
                  + mount
                  + "; rm -rf seen; mkdir seen; tar -C mount --xattrs --xattrs-include=* --format=pax"
                  + " -cf - . | tar -C seen --xattrs --xattrs-include=* --same-owner -p -xf -'");
      assertThat(seen).isEmpty();
      assertThat(fingerprint(copy.upper())).isEqualTo(fingerprint(root.resolve("seen")));
      assertThat(copy.upper().resolve("gone")).doesNotExist();
      assertThat(copy.upper().resolve("opaque")).isDirectoryNotContaining("glob:**old");
      assertThat(Files.getAttribute(copy.upper().resolve("etc/one"), "unix:ino"))
          .isEqualTo(Files.getAttribute(copy.upper().resolve("etc/twin"), "unix:ino"));
      assertThat(sh(copy.upper(), "du -k usr/sparse | cut -f1").strip()).hasSizeLessThan(4);
      assertThat(snapshots.changes("c", Set.of())).isEmpty();
      // Nothing is shared with the layers.
      Files.writeString(copy.upper().resolve("etc/one"), "changed");
      assertThat(fingerprint(overlay.lowerDirs().getLast())).doesNotContain("changed");
      assertThat(snapshots.changes("o", Set.of())).isEmpty();
    }
  }

  @Test
  void changesAreToldAndCommitted() throws Exception {
    try (LocalImages images = StoreFixture.open(root.resolve("store"))) {
      Image image = twoLayers(images);
      Path fs = images.snapshots().prepare("c", image, COPY).upper();
      sh(
          fs,
          """
          rm etc/link; rm -r etc/deep; echo more >> etc/two; mkdir -p new/dir; echo n > new/dir/file
          chmod 700 bin; rm usr/fifo; mkdir usr/fifo; touch etc/hosts; mkdir mnt
          """);
      assertThat(images.snapshots().changes("c", Set.of("/etc/hosts", "/mnt")))
          .extracting(c -> c.kind().letter() + " " + c.path())
          .containsExactly(
              "C /bin",
              "C /etc",
              "D /etc/deep",
              "D /etc/link",
              "C /etc/two",
              "A /new",
              "A /new/dir",
              "A /new/dir/file",
              "C /usr",
              "C /usr/fifo");
      Image made =
          images.commit(
              new CommitRequest(
                  "c",
                  Set.of("/etc/hosts", "/mnt"),
                  image.id(),
                  Optional.empty(),
                  List.of(),
                  Optional.of(Reference.parse("localhost/made")),
                  "",
                  ""));
      Path again = images.snapshots().prepare("again", made, COPY).upper();
      sh(fs, "rm etc/hosts; rmdir mnt");
      sh(
          root,
          "cd '"
              + fs
              + "'; find . ! -type d -printf '%p %y %m %U:%G %s %l\\n' | sort > /dev/null;"
              + " diff -r --no-dereference -x null '"
              + fs
              + "' '"
              + again
              + "'");
      assertThat(again.resolve("etc/deep")).doesNotExist();
      assertThat(again.resolve("usr/fifo")).isDirectory();
      assertThat(images.usage().snapshots()).isGreaterThan(9_000_000);
    }
  }

  @Test
  void keysAreOnesOwnAndSurviveARestart() throws Exception {
    Path store = root.resolve("store");
    try (LocalImages images = StoreFixture.open(store)) {
      Image image = twoLayers(images);
      images.snapshots().prepare("a", image, COPY);
      assertThatThrownBy(() -> images.snapshots().prepare("a", image, SnapshotOptions.NONE))
          .isInstanceOf(ImageException.Conflict.class);
      images.snapshots().prepare("b", image, SnapshotOptions.NONE);
      Files.createDirectories(store.resolve("containers-copy/~7-half/fs"));
    }
    try (LocalImages images = StoreFixture.open(store)) {
      assertThat(images.snapshots().list()).containsExactly("a", "b");
      assertThat(images.snapshots().find("a").orElseThrow().snapshotter())
          .isEqualTo(Snapshotter.COPY);
      assertThat(images.snapshots().find("b").orElseThrow().snapshotter())
          .isEqualTo(Snapshotter.OVERLAY);
      assertThat(store.resolve("containers-copy/~7-half")).doesNotExist();
      // The layers stay while a copy needs them to tell what it changed.
      images.remove("localhost/second", true);
      assertThat(images.snapshots().changes("a", Set.of())).isEmpty();
      Files.delete(store.resolve("containers-copy/a/meta.json"));
    }
    try (LocalImages images = StoreFixture.open(store)) {
      assertThat(images.check(false).findings())
          .singleElement()
          .asString()
          .contains("containers-copy/a");
      images.snapshots().remove("a");
      assertThat(store.resolve("containers-copy")).isEmptyDirectory();
    }
  }

  private static Image imported(LocalImages images, byte[] tar) {
    return images.importRootfs(
        new ByteArrayInputStream(tar),
        new ImportRequest(
            Optional.of(Reference.parse("localhost/hostile")),
            List.of("CMD x"),
            "",
            Optional.empty()));
  }

  private static void put(TarWriter tar, String name, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    tar.file(TarEntry.file(name, bytes.length, 0644), bytes);
  }

  /** Links that lead out, in one layer and between two, and what the container makes of them. */
  @Test
  void hostileLayersAndContainersReachNothingOutside() throws Exception {
    Path outside = Files.createDirectory(root.resolve("outside"));
    Path victim = Files.writeString(outside.resolve("victim"), "good");
    ByteArrayOutputStream layer = new ByteArrayOutputStream();
    TarWriter tar = new TarWriter(layer);
    tar.begin(TarEntry.link(TarType.SYMLINK, "absolute", outside.toString()));
    tar.begin(TarEntry.link(TarType.SYMLINK, "relative", "../../../../../../../.." + outside));
    tar.begin(TarEntry.link(TarType.HARD_LINK, "hard", "absolute"));
    tar.begin(TarEntry.link(TarType.SYMLINK, "becomesReal", outside.toString()));
    put(tar, "absolute/evil", "evil");
    put(tar, "relative/.wh.victim", "");
    tar.begin(TarEntry.directory("becomesLink", 0755));
    put(tar, "becomesLink/victim", "evil");
    put(tar, "becomesLink/other", "evil");
    tar.finish();
    try (LocalImages images = StoreFixture.open(root.resolve("store"))) {
      Image first = imported(images, layer.toByteArray());
      Path upper = images.snapshots().prepare("base", first, SnapshotOptions.NONE).upper();
      sh(
          upper,
          "ln -s '"
              + outside
              + "' becomesLink; mkdir becomesReal; echo evil > becomesReal/victim;"
              + " mknod absolute c 0 0");
      Image second =
          images.commit(
              new CommitRequest(
                  "base",
                  Set.of(),
                  first.id(),
                  Optional.empty(),
                  List.of(),
                  Optional.of(Reference.parse("localhost/worse")),
                  "",
                  ""));
      Path fs = images.snapshots().prepare("c", second, COPY).upper();
      assertThat(fs.resolve("becomesLink")).isSymbolicLink();
      assertThat(fs.resolve("becomesReal")).isDirectory();
      assertThat(Files.isSymbolicLink(fs.resolve("becomesReal"))).isFalse();
      assertThat(fs.resolve("becomesReal/victim")).hasContent("evil");
      assertThat(Files.isSymbolicLink(fs.resolve("hard"))).isTrue();
      assertThat(Files.isSymbolicLink(fs.resolve("absolute"))).as("hidden").isFalse();
      assertThat(Path.of(fs + outside.toString()).resolve("evil")).hasContent("evil");

      // And a container that puts links where directories were.
      sh(fs, "rm -r becomesReal; ln -s '" + outside + "' becomesReal");
      assertThat(images.snapshots().changes("c", Set.of()))
          .extracting(c -> c.kind().letter() + " " + c.path())
          .containsExactly("C /becomesReal");
      ByteArrayOutputStream changed = new ByteArrayOutputStream();
      images.snapshots().diff("c", Set.of(), changed);
      assertThat(changed.toString(StandardCharsets.ISO_8859_1))
          .contains("becomesReal")
          .doesNotContain("good", "victim");
      images.snapshots().remove("c");
    }
    assertThat(outside).isDirectoryContaining("glob:**/victim");
    try (var names = Files.list(outside)) {
      assertThat(names).containsExactly(victim);
    }
    assertThat(victim).hasContent("good");
    assertThat(Files.getAttribute(victim, "unix:nlink")).isEqualTo(1);
  }

  @Test
  void changesThatHideBehindSizeAndTimeAreFound() throws Exception {
    try (LocalImages images = StoreFixture.open(root.resolve("store"))) {
      Image image = twoLayers(images);
      Path fs = images.snapshots().prepare("c", image, COPY).upper();
      sh(
          fs,
          """
          touch -r etc/two stamp; echo owt > etc/two; touch -r stamp etc/two; rm stamp
          chmod 600 usr/sparse; chmod 666 usr/sparse
          """);
      assertThat(images.snapshots().changes("c", Set.of()))
          .extracting(c -> c.kind().letter() + " " + c.path())
          .containsExactly("C /etc", "C /etc/two");
    }
  }

  @Test
  void layersGoWithTheLastCopy() throws Exception {
    Path store = root.resolve("store");
    try (LocalImages images = StoreFixture.open(store)) {
      Image image = twoLayers(images);
      images.snapshots().prepare("c", image, COPY);
      images.remove("localhost/second", true);
      images.remove("localhost/first", true);
      images.prune(new PruneRequest(true, Optional.empty(), Map.of()));
      assertThat(store.resolve("layers")).isNotEmptyDirectory();
      assertThat(images.snapshots().changes("c", Set.of())).isEmpty();
      images.snapshots().remove("c");
      images.prune(new PruneRequest(true, Optional.empty(), Map.of()));
      for (String empty : List.of("layers", "containers-copy", "trash")) {
        assertThat(store.resolve(empty)).isEmptyDirectory();
      }
    }
  }
}
