package dev.kapal.linux;

import static dev.kapal.linux.Fcntl.O_CREAT;
import static dev.kapal.linux.Fcntl.O_DIRECTORY;
import static dev.kapal.linux.Fcntl.O_EXCL;
import static dev.kapal.linux.Fcntl.O_NOFOLLOW;
import static dev.kapal.linux.Fcntl.O_PATH;
import static dev.kapal.linux.Fcntl.O_RDONLY;
import static dev.kapal.linux.Fcntl.O_RDWR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OpenBeneathTest {
  private static final Set<Resolve> IN_ROOT = EnumSet.of(Resolve.IN_ROOT);
  private static final Set<Resolve> BENEATH = EnumSet.of(Resolve.BENEATH);

  private final Descriptors walking = Linux.with(KernelFeatures.linux419()).descriptors();
  private final TempTree tree = new TempTree();

  @AfterEach
  void end() {
    tree.close();
  }

  private static Descriptors files(boolean fallback) {
    if (!fallback) {
      assumeTrue(KernelFeatures.host().openat2(), "needs openat2 (Linux 5.6)");
    }
    return Linux.with(fallback ? KernelFeatures.linux419() : KernelFeatures.host()).descriptors();
  }

  private String result(Descriptors files, Fd root, String path, int flags, Set<Resolve> how) {
    try (Fd fd = files.openBeneath(root, path, flags, 0x1a4, how)) {
      Stat stat = files.fstat(fd);
      return stat.type() + " " + stat.dev() + " " + stat.ino();
    } catch (ErrnoException e) {
      return e.errno().name();
    }
  }

  /** A root with a file outside beside it, and links that try to get there. */
  private Fd hostileRoot() {
    tree.file("secret", "outside");
    walking.mkdirat(tree.root, "root", 0x1ed);
    Fd root = walking.openat(tree.root, "root", O_RDONLY | O_DIRECTORY);
    walking.mkdirat(root, "etc", 0x1ed);
    walking.symlinkat("/secret", root, "absolute");
    walking.symlinkat("../secret", root, "up");
    walking.symlinkat("../../../../../../../../etc/passwd", root, "far");
    walking.symlinkat("/etc", root, "config");
    walking.symlinkat("loop", root, "loop");
    walking.symlinkat("/etc/new", root, "dangling");
    try (Fd fd = walking.openat(root, "etc/passwd", O_CREAT | O_RDWR, 0x1a4)) {
      walking.writeFully(fd, PathBytes.encode("inside"));
    }
    return root;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void inRootNothingLeadsOut(boolean fallback) {
    Descriptors files = files(fallback);
    try (Fd root = hostileRoot()) {
      for (String path :
          List.of(
              "far",
              "/far",
              "config/passwd",
              "../etc/passwd",
              "/../../etc/passwd",
              "etc/../../etc//passwd")) {
        try (Fd fd = files.openInRoot(root, path, O_RDONLY)) {
          assertThat(PathBytes.decode(files.readFully(fd, 100))).as(path).isEqualTo("inside");
        }
      }
      for (String path : List.of("absolute", "up", "../secret", "nothing")) {
        assertThat(result(files, root, path, O_RDONLY, IN_ROOT)).as(path).isEqualTo("ENOENT");
      }
      assertThat(result(files, root, "loop", O_RDONLY, IN_ROOT)).isEqualTo("ELOOP");
      assertThat(result(files, root, "loop/x", O_RDONLY, IN_ROOT)).isEqualTo("ELOOP");
      assertThat(result(files, root, "", O_RDONLY, IN_ROOT)).isEqualTo("ENOENT");
      assertThat(result(files, root, "etc/passwd/", O_RDONLY, IN_ROOT)).isEqualTo("ENOTDIR");
      assertThat(result(files, root, "etc/passwd/..", O_RDONLY, IN_ROOT)).isEqualTo("ENOTDIR");
      assertThat(result(files, root, "dangling", O_RDWR | O_CREAT | O_EXCL, IN_ROOT))
          .isEqualTo("EEXIST");
      assertThat(result(files, root, "dangling", O_RDWR | O_CREAT, IN_ROOT)).startsWith("REGULAR");
      assertThat(walking.lstatIfExists(root, "etc/new")).isPresent();
      assertThat(result(files, root, "a".repeat(256), O_RDONLY, IN_ROOT)).isEqualTo("ENAMETOOLONG");
      assertThat(result(files, root, "./".repeat(2050), O_RDONLY, IN_ROOT))
          .isEqualTo("ENAMETOOLONG");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void beneathRefusesWhatWouldLeadOut(boolean fallback) {
    Descriptors files = files(fallback);
    try (Fd root = hostileRoot()) {
      for (String path :
          List.of("absolute", "up", "far", "config/passwd", "..", "/", "/etc", "etc/../..")) {
        assertThat(result(files, root, path, O_RDONLY, BENEATH)).as(path).isEqualTo("EXDEV");
      }
      assertThat(result(files, root, "etc/../etc/passwd", O_RDONLY, BENEATH)).startsWith("REGULAR");
      Set<Resolve> noLinks = EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS);
      assertThat(result(files, root, "config", O_RDONLY, noLinks)).isEqualTo("ELOOP");
      assertThat(result(files, root, "config", O_PATH | O_NOFOLLOW, noLinks)).startsWith("SYMLINK");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void neverFollowsMagicLinks(boolean fallback) {
    Descriptors files = files(fallback);
    try (Fd proc = files.open("/proc", O_PATH);
        Fd self = files.open("/proc/self", O_PATH)) {
      for (String link :
          List.of("exe", "cwd", "root", "fd/" + tree.root.number(), "ns/net", "cwd/tmp")) {
        assertThat(result(files, self, link, O_PATH, IN_ROOT)).as(link).isEqualTo("ELOOP");
      }
      try (Fd status = files.openInRoot(proc, "self/status", O_RDONLY)) {
        assertThat(PathBytes.decode(files.readFully(status, 1 << 16)))
            .contains("\nPid:\t" + ProcessHandle.current().pid() + "\n");
      }
      assertThat(result(files, proc, "mounts", O_RDONLY, IN_ROOT)).startsWith("REGULAR");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void staysOnTheMountWhenAsked(boolean fallback) {
    Descriptors files = files(fallback);
    Set<Resolve> oneMount = EnumSet.of(Resolve.IN_ROOT, Resolve.NO_XDEV);
    try (Fd top = files.open("/", O_PATH)) {
      assertThat(result(files, top, "proc/version", O_RDONLY, oneMount)).isEqualTo("EXDEV");
      assertThat(result(files, top, "proc", O_PATH, oneMount)).isEqualTo("EXDEV");
      assertThat(result(files, top, "etc/passwd", O_RDONLY, oneMount)).startsWith("REGULAR");
      assertThat(result(files, top, "proc/version", O_RDONLY, IN_ROOT)).startsWith("REGULAR");
    }
  }

  @Test
  void bothWaysAgreeOnRandomTrees() {
    Descriptors kernel = files(false);
    Random random = new Random(20_261_121);
    Set<String> seen = new java.util.HashSet<>();
    for (int round = 0; round < 25; round++) {
      String name = "round" + round;
      walking.mkdirat(tree.root, name, 0x1ed);
      try (Fd root = walking.openat(tree.root, name, O_RDONLY | O_DIRECTORY)) {
        RandomTree.grow(walking, root, random);
        for (int i = 0; i < 300; i++) {
          String path = RandomTree.path(random);
          int flags = RandomTree.flags(random);
          Set<Resolve> how = RandomTree.how(random);
          String expected = result(kernel, root, path, flags, how);
          assertThat(result(walking, root, path, flags, how))
              .as("%s with flags %x, %s, in round %d", path, flags, how, round)
              .isEqualTo(expected);
          seen.add(expected.split(" ")[0]);
        }
      }
    }
    // The generator reaches what matters, or the test would prove nothing.
    assertThat(seen)
        .contains("REGULAR", "DIRECTORY", "SYMLINK", "ENOENT", "ENOTDIR", "ELOOP", "EXDEV");
  }

  @Test
  void createsTheSameFiles() {
    Descriptors kernel = files(false);
    List<String> made = new ArrayList<>();
    for (Descriptors files : List.of(kernel, walking)) {
      String name = "side" + made.size();
      walking.mkdirat(tree.root, name, 0x1ed);
      StringBuilder log = new StringBuilder();
      Random random = new Random(99);
      try (Fd root = walking.openat(tree.root, name, O_RDONLY | O_DIRECTORY)) {
        RandomTree.grow(walking, root, random);
        for (int i = 0; i < 800; i++) {
          String path = RandomTree.path(random);
          int flags = O_RDWR | O_CREAT | (random.nextInt(3) == 0 ? O_EXCL : 0);
          log.append(path).append(' ');
          log.append(result(files, root, path, flags, IN_ROOT).replaceAll(" .*", "")).append('\n');
        }
        RandomTree.describe(walking, root, "", log);
      }
      made.add(log.toString());
    }
    assertThat(made.get(1)).isEqualTo(made.get(0));
  }

  @Test
  void renamesDuringTheWalkNeverLeadOut() throws InterruptedException {
    try (Fd root = hostileRoot()) {
      walking.mkdirat(root, "a", 0x1ed);
      walking.mkdirat(root, "a/b", 0x1ed);
      walking.symlinkat("/../../..", root, "swap");
      AtomicBoolean stop = new AtomicBoolean();
      Thread attacker =
          Thread.ofPlatform()
              .start(() -> {
                while (!stop.get()) {
                  walking.renameat2(root, "a", root, "swap", Fcntl.RENAME_EXCHANGE);
                  walking.renameat(root, "etc", tree.root, "etc");
                  walking.renameat(tree.root, "etc", root, "etc");
                }
              });
      long end = System.nanoTime() + 400_000_000L;
      while (System.nanoTime() < end) {
        for (String path :
            List.of("a/b/../../../secret", "a/../secret", "etc/../../secret", "swap/secret")) {
          assertThat(result(walking, root, path, O_RDONLY, IN_ROOT))
              .isIn("ENOENT", "ELOOP", "ENOTDIR");
        }
      }
      stop.set(true);
      attacker.join();
    }
  }

  @Test
  void wantsOneWayToResolve() {
    assertThatThrownBy(() -> walking.openBeneath(tree.root, "x", 0, 0, Set.of(Resolve.NO_XDEV)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() ->
            walking.openBeneath(tree.root, "x", 0, 0, Set.of(Resolve.IN_ROOT, Resolve.BENEATH)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
