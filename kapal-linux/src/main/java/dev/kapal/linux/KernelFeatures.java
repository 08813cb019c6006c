package dev.kapal.linux;

import java.util.Set;

/**
 * What this kernel can do, found once by calling it. A call that a seccomp filter of a container
 * around us refuses counts as absent. The constructor serves tests; {@link #linux419()} is the
 * oldest kernel that is supported.
 *
 * @param release of the kernel
 * @param openat2 openat2(2), 5.6
 * @param clone3 clone3(2), 5.3
 * @param cloneIntoCgroup CLONE_INTO_CGROUP, 5.7
 * @param mountApi fsopen, fsconfig, fsmount, open_tree, move_mount, 5.2
 * @param mountSetattr mount_setattr(2), 5.12
 * @param idmappedMounts MOUNT_ATTR_IDMAP; each file system may still refuse
 * @param closeRange close_range(2), 5.9
 * @param closeRangeCloexec CLOSE_RANGE_CLOEXEC, 5.11
 * @param pidfdOpen pidfd_open(2), 5.3
 * @param pidfdSendSignal pidfd_send_signal(2), 5.1
 * @param waitPidfd waitid(P_PIDFD), 5.4
 * @param memfdCreate memfd_create(2), 3.17
 * @param faccessat2 faccessat2(2), 5.8
 * @param epollPwait2 epoll_pwait2(2), 5.11
 * @param seccompActions names such as "kill_process", "errno", "user_notif"; empty without seccomp
 * @param overlay what overlayfs can do
 * @param erofs whether EROFS can be mounted
 * @param erofsFileBacked whether EROFS mounts a regular file without a loop device, 6.12
 * @param cgroupKill cgroup.kill of cgroup v2, 5.14
 * @param cgroupNamespace cgroup namespaces, 4.6
 * @param timeNamespace time namespaces, 5.6
 * @param userNamespaces whether user namespaces can be made by root
 * @param unprivilegedUserNamespaces whether they can be made by everybody
 * @param appArmor whether AppArmor is enabled
 * @param seLinux whether SELinux is enabled
 */
public record KernelFeatures(
    KernelRelease release,
    boolean openat2,
    boolean clone3,
    boolean cloneIntoCgroup,
    boolean mountApi,
    boolean mountSetattr,
    boolean idmappedMounts,
    boolean closeRange,
    boolean closeRangeCloexec,
    boolean pidfdOpen,
    boolean pidfdSendSignal,
    boolean waitPidfd,
    boolean memfdCreate,
    boolean faccessat2,
    boolean epollPwait2,
    Set<String> seccompActions,
    Overlay overlay,
    boolean erofs,
    boolean erofsFileBacked,
    boolean cgroupKill,
    boolean cgroupNamespace,
    boolean timeNamespace,
    boolean userNamespaces,
    boolean unprivilegedUserNamespaces,
    boolean appArmor,
    boolean seLinux) {

  /**
   * What overlayfs can do.
   *
   * @param available whether it can be mounted at all
   * @param metacopy copying up only metadata, 4.19
   * @param userxattr the option userxattr, 5.11
   * @param lowerdirAppend the option lowerdir+ of the new mount API, 6.7
   * @param volatileOption the option volatile, 5.10
   */
  public record Overlay(
      boolean available,
      boolean metacopy,
      boolean userxattr,
      boolean lowerdirAppend,
      boolean volatileOption) {}

  /** This machine's, probed at the first call. */
  public static KernelFeatures host() {
    return KernelProbe.host();
  }

  /** A machine with Linux 4.19 and nothing newer. */
  public static KernelFeatures linux419() {
    return new KernelFeatures(
        new KernelRelease(4, 19, 0, "4.19.0"),
        false,
        false,
        false,
        false,
        false,
        false,
        false,
        false,
        false,
        false,
        false,
        true,
        false,
        false,
        Set.of("kill_process", "kill_thread", "trap", "errno", "trace", "log", "allow"),
        new Overlay(true, true, false, false, false),
        false,
        false,
        false,
        true,
        false,
        true,
        false,
        false,
        false);
  }
}
