package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class KernelFeaturesTest {
  @Test
  void theProbeChangesNothing() {
    Descriptors files = Linux.system().descriptors();
    try (Fd open = files.open("/proc/self/fd", Fcntl.O_RDONLY)) {
      int before = files.list(open).size();
      List<Integer> children =
          Linux.system().processes().children(Linux.system().processes().self());
      List<MountInfo> mounts = Linux.system().mounts().mountInfo();
      KernelFeatures probed = KernelProbe.probe();
      assertThat(files.list(open)).hasSize(before);
      assertThat(Linux.system().processes().children(Linux.system().processes().self()))
          .isEqualTo(children);
      assertThat(Linux.system().mounts().mountInfo()).isEqualTo(mounts);
      assertThat(probed).isEqualTo(KernelFeatures.host());
    }
  }

  /** Where no filter is in the way, the release says what a probe has to find. */
  @Test
  void findsWhatTheReleaseHas() {
    KernelFeatures host = KernelFeatures.host();
    boolean unfiltered =
        Linux.system()
            .processes()
            .status(Linux.system().processes().self(), "Seccomp")
            .map(mode -> mode.equals("0"))
            .orElse(true);
    org.junit.jupiter.api.Assumptions.assumeTrue(unfiltered, "a seccomp filter is in force");
    org.junit.jupiter.api.Assumptions.assumeTrue(
        Capabilities.names(
                Capabilities.of(Linux.system().processes().self()).orElseThrow().effective())
            .contains("CAP_SYS_ADMIN"),
        "needs CAP_SYS_ADMIN");
    KernelRelease release = host.release();
    assertThat(host.pidfdSendSignal()).isEqualTo(release.isAtLeast(5, 1));
    assertThat(host.mountApi()).isEqualTo(release.isAtLeast(5, 2));
    assertThat(host.pidfdOpen()).isEqualTo(release.isAtLeast(5, 3));
    assertThat(host.clone3()).isEqualTo(release.isAtLeast(5, 3));
    assertThat(host.waitPidfd()).isEqualTo(release.isAtLeast(5, 4));
    assertThat(host.openat2()).isEqualTo(release.isAtLeast(5, 6));
    assertThat(host.cloneIntoCgroup()).isEqualTo(release.isAtLeast(5, 7));
    assertThat(host.faccessat2()).isEqualTo(release.isAtLeast(5, 8));
    assertThat(host.closeRange()).isEqualTo(release.isAtLeast(5, 9));
    assertThat(host.closeRangeCloexec()).isEqualTo(release.isAtLeast(5, 11));
    assertThat(host.epollPwait2()).isEqualTo(release.isAtLeast(5, 11));
    assertThat(host.mountSetattr()).isEqualTo(release.isAtLeast(5, 12));
    assertThat(host.idmappedMounts()).isEqualTo(release.isAtLeast(5, 12));
    assertThat(host.memfdCreate()).isTrue();
    assertThat(host.seccompActions()).contains("allow", "errno", "kill_process");
    assertThat(host.seccompActions().contains("user_notif")).isEqualTo(release.isAtLeast(5, 0));
    if (host.overlay().available()) {
      assertThat(host.overlay().lowerdirAppend()).isEqualTo(release.isAtLeast(6, 7));
      assertThat(host.overlay().userxattr()).isEqualTo(release.isAtLeast(5, 11));
    }
    if (host.erofs()) {
      assertThat(host.erofsFileBacked()).isIn(false, release.isAtLeast(6, 12));
    }
  }

  @Test
  void theOldestSupportedKernelHasNothingNew() {
    KernelFeatures old = KernelFeatures.linux419();
    assertThat(old.openat2() || old.mountApi() || old.pidfdOpen() || old.clone3()).isFalse();
    assertThat(old.release().isAtLeast(4, 19)).isTrue();
  }
}
