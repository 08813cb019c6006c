package dev.kapal.runtime.dropin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.oci.runtime.Mount;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Mounts as callers of runc mean them. */
class BundleTest {
  @ParameterizedTest
  @CsvSource({
    "/data, rootfs, /data",
    "data/../x, rootfs, /x",
    "/b/rootfs/mnt, rootfs, /mnt",
    "/b/rootfs, rootfs, /",
    "/b/rootfs2/mnt, rootfs, /b/rootfs2/mnt",
    "/srv/root/a, /srv/root/, /a",
    "/data, /, /data",
    "../../etc, rootfs, /etc"
  })
  void placesAreBelowTheRoot(String destination, String rootfs, String place) {
    Mount mount = Mount.of(destination, "tmpfs", "tmpfs");
    assertThat(Bundle.taken(mount, Path.of("/b"), rootfs).destination()).isEqualTo(place);
  }

  @Test
  void whatIsNoPathIsLeftToTheCheckOfTheConfig() {
    Mount mount = Mount.of("/a\0b", "tmpfs", "tmpfs");
    assertThat(Bundle.taken(mount, Path.of("/b"), "rootfs").destination()).isEqualTo("/a\0b");
  }

  @Test
  void controlGroupsAreWritableUnlessTheyAreReadOnly() {
    Mount open = Mount.of("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid");
    Mount closed = Mount.of("/sys/fs/cgroup", "cgroup", "cgroup", "ro");
    assertThat(Bundle.taken(open, Path.of("/b"), "rootfs").options())
        .containsExactly("nosuid", "rw");
    assertThat(Bundle.taken(closed, Path.of("/b"), "rootfs").options()).containsExactly("ro");
  }
}
