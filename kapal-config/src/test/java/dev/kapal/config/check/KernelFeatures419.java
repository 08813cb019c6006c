package dev.kapal.config.check;

import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.KernelRelease;
import java.util.Set;

/** An old kernel of another name. */
final class KernelFeatures419 {
  private KernelFeatures419() {}

  static KernelFeatures named(String release) {
    KernelFeatures k = KernelFeatures.linux419();
    return new KernelFeatures(
        KernelRelease.parse(release),
        k.openat2(),
        k.clone3(),
        k.cloneIntoCgroup(),
        k.mountApi(),
        k.mountSetattr(),
        k.idmappedMounts(),
        k.closeRange(),
        k.closeRangeCloexec(),
        k.pidfdOpen(),
        k.pidfdSendSignal(),
        k.waitPidfd(),
        k.memfdCreate(),
        k.faccessat2(),
        k.epollPwait2(),
        Set.copyOf(k.seccompActions()),
        k.overlay(),
        k.erofs(),
        k.erofsFileBacked(),
        k.cgroupKill(),
        k.cgroupNamespace(),
        k.timeNamespace(),
        k.userNamespaces(),
        k.unprivilegedUserNamespaces(),
        k.appArmor(),
        k.seLinux());
  }
}
