package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MountsTest {
  private final Linux linux = Linux.system();
  private final Mounts mounts = linux.mounts();
  private final TempTree tree = new TempTree();

  @BeforeEach
  void needsRoot() {
    long effective = Capabilities.of(linux.processes().self()).orElseThrow().effective();
    assumeTrue(Capabilities.names(effective).contains("CAP_SYS_ADMIN"), "needs CAP_SYS_ADMIN");
    linux.descriptors().mkdirat(tree.root, "m", 0x1ed);
    linux.descriptors().mkdirat(tree.root, "strange name\n\\tab\t", 0x1ed);
  }

  @AfterEach
  void end() {
    for (MountInfo mount : mounts.mountInfo().reversed()) {
      if (mount.mountPoint().startsWith(tree.path)) {
        mounts.umount(mount.mountPoint(), MountFlags.MNT_DETACH);
      }
    }
    tree.close();
  }

  private MountInfo mounted(String path) {
    return mounts.mountInfo().stream()
        .filter(mount -> mount.mountPoint().equals(path))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void theOldWay() {
    String path = tree.path + "/strange name\n\\tab\t";
    mounts.mount("my tmpfs", path, "tmpfs", MountFlags.MS_NODEV | MountFlags.MS_NOSUID, "size=64k");
    MountInfo info = mounted(path);
    assertThat(info.type()).isEqualTo("tmpfs");
    assertThat(info.source()).isEqualTo("my tmpfs");
    assertThat(info.options()).contains("nodev", "nosuid").doesNotContain("noexec");
    assertThat(info.superOptions()).contains("size=64k");
    try (Fd target = linux.descriptors().openInRoot(tree.root, "m", Fcntl.O_PATH)) {
      mounts.mount(path, target, "", MountFlags.MS_BIND, "");
    }
    assertThat(mounted(tree.path + "/m").device()).isEqualTo(info.device());
    mounts.umount(tree.path + "/m", MountFlags.UMOUNT_NOFOLLOW);
    mounts.umount(path, 0);
    assertThat(mounts.mountInfo()).noneMatch(m -> m.mountPoint().startsWith(tree.path));
  }

  @Test
  void theNewWay() {
    assumeTrue(linux.features().mountApi(), "needs fsopen (Linux 5.2)");
    try (Fd configuration = mounts.fsopen("tmpfs")) {
      mounts.fsconfigString(configuration, "size", "128k");
      mounts.fsconfigString(configuration, "source", "new");
      mounts.fsconfigCreate(configuration);
      try (Fd mount = mounts.fsmount(configuration, MountFlags.MOUNT_ATTR_NOEXEC);
          Fd target = linux.descriptors().openInRoot(tree.root, "m", Fcntl.O_PATH)) {
        // A detached mount can be worked in before anybody sees it.
        linux.descriptors().mkdirat(mount, "inside", 0x1ed);
        mounts.attach(mount, target);
      }
    }
    assertThat(mounted(tree.path + "/m").options()).contains("noexec");
    assertThat(linux.descriptors().lstatIfExists(tree.root, "m/inside")).isPresent();
    try (Fd copy = mounts.openTree(tree.root, "m", MountFlags.OPEN_TREE_CLONE);
        Fd target = linux.descriptors().openInRoot(tree.root, "m/inside", Fcntl.O_PATH)) {
      if (linux.features().mountSetattr()) {
        mounts.mountSetattr(copy, "", 0, MountAttributes.set(MountFlags.MOUNT_ATTR_RDONLY));
        mounts.mountSetattr(copy, "", 0, MountAttributes.propagation(MountFlags.MS_PRIVATE));
      }
      mounts.attach(copy, target);
    }
    assertThat(mounted(tree.path + "/m/inside").options()).contains("ro");
    try (Fd picked = mounts.fspick(tree.root, "m")) {
      mounts.fsconfigFlag(picked, "ro");
      mounts.fsconfigReconfigure(picked);
    }
    assertThat(mounted(tree.path + "/m").superOptions()).contains("ro");
  }

  @Test
  void errorsHoldTheKernelsOwnWords() {
    assumeTrue(linux.features().mountApi(), "needs fsopen (Linux 5.2)");
    assertThatThrownBy(() -> mounts.fsopen("no-such-fs")).hasMessageContaining("ENODEV");
    try (Fd configuration = mounts.fsopen("tmpfs")) {
      assertThatThrownBy(() -> mounts.fsconfigString(configuration, "nonsense", "1"))
          .hasMessageContaining("EINVAL")
          .hasMessageContaining("Unknown parameter 'nonsense'");
    }
    Mounts old = Linux.with(KernelFeatures.linux419()).mounts();
    assertThatThrownBy(() -> old.fsopen("tmpfs")).hasMessageContaining("ENOSYS");
    assertThatThrownBy(() -> mounts.mount("none", tree.path + "/none", "tmpfs", 0, ""))
        .hasMessageContaining("mount \"tmpfs on " + tree.path + "/none\": ENOENT");
  }

  @Test
  void idMapsNeedANamespaceOfTheirOwn() {
    assumeTrue(linux.features().idmappedMounts(), "needs id-mapped mounts (Linux 5.12)");
    try (Fd initial = linux.descriptors().open("/proc/self/ns/user", Fcntl.O_RDONLY);
        Fd copy = mounts.openTree(tree.root, "m", MountFlags.OPEN_TREE_CLONE)) {
      assertThatThrownBy(() -> mounts.mountSetattr(copy, "", 0, MountAttributes.idmap(initial)))
          .hasMessageContaining("EPERM");
    }
  }

  @Test
  void mapsTheOwnersOfFiles() {
    assumeTrue(linux.features().idmappedMounts(), "needs id-mapped mounts (Linux 5.12)");
    int pid =
        linux
            .processes()
            .spawn(
                "/usr/bin/unshare",
                List.of("unshare", "-U", "sleep", "60"),
                List.of("PATH=/usr/bin:/bin"),
                java.util.Map.of(),
                SpawnOptions.DEFAULT);
    try {
      String own = linux.processes().namespace(linux.processes().self(), "user").orElseThrow();
      long end = System.nanoTime() + 10_000_000_000L;
      while (linux.processes().namespace(pid, "user").orElse(own).equals(own)
          && System.nanoTime() < end) {
        Polling.pause(1_000_000);
      }
      String map = IdMapping.format(List.of(new IdMapping(0, 100_000, 1000)));
      ProcFiles.writeAt(Fd.CWD, "/proc/" + pid + "/uid_map", map);
      ProcFiles.writeAt(Fd.CWD, "/proc/" + pid + "/gid_map", map);
      assertThat(IdMapping.uids(pid)).containsExactly(new IdMapping(0, 100_000, 1000));
      linux.descriptors().fchownat(tree.root, "m", 7, 8);
      try (Fd user = linux.descriptors().open("/proc/" + pid + "/ns/user", Fcntl.O_RDONLY);
          Fd copy = mounts.openTree(tree.root, "m", MountFlags.OPEN_TREE_CLONE)) {
        mounts.mountSetattr(copy, "", 0, MountAttributes.idmap(user));
        assertThat(linux.descriptors().fstat(copy).uid()).isEqualTo(100_007);
        assertThat(linux.descriptors().fstat(copy).gid()).isEqualTo(100_008);
      } catch (ErrnoException e) {
        assumeTrue(
            !e.is(Errno.EINVAL), "the file system of " + tree.path + " has no id-mapped mounts");
        throw e;
      }
    } finally {
      linux.processes().kill(pid, Signals.SIGKILL);
      linux.processes().waitpid(pid);
    }
  }

  @Test
  void parsesMountInfo() {
    String text =
        """
        36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue
        37 36 0:45 / /a\\040b\\134c\\011\\012d rw shared:7 - overlay over\\040lay rw,lowerdir=/x\\054y:/z,upperdir=/u
        38 36 0:46 / /\\303\\244 rw - tmpfs  rw
        """;
    List<MountInfo> parsed = MountInfo.parse(text);
    assertThat(parsed.get(0).optionalFields()).containsExactly("master:1", "propagate_from:2");
    assertThat(parsed.get(0).isShared()).isFalse();
    assertThat(parsed.get(0).device()).isEqualTo(new Device(98, 0));
    assertThat(parsed.get(1).mountPoint()).isEqualTo("/a b\\c\t\nd");
    assertThat(parsed.get(1).superOptions())
        .containsExactly("rw", "lowerdir=/x,y:/z", "upperdir=/u");
    assertThat(parsed.get(1).isShared()).isTrue();
    assertThat(parsed.get(2).mountPoint()).isEqualTo("/ä");
    assertThat(parsed.get(2).source()).isEmpty();
    for (String bad :
        List.of("x", "1 2 3", "a 35 98:0 / / rw - ext3 d rw", "36 35 98 / / rw - ext3 d rw")) {
      assertThatThrownBy(() -> MountInfo.parse(bad)).isInstanceOf(ProcFormatException.class);
    }
  }
}
