package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds out what this kernel can do by calls that change nothing: with arguments that are harmless
 * or that a kernel which knows the call refuses with an error of its own. EPERM is what the filters
 * of container engines answer, so it counts as absent where the call itself does not give it. The
 * calls about mounts do, to whoever may mount nothing.
 */
final class KernelProbe {
  private static final long BAD_FD = 0x7fff_ffff;

  private static final class Host {
    static final KernelFeatures FEATURES = probe();
  }

  private KernelProbe() {}

  static KernelFeatures host() {
    return Host.FEATURES;
  }

  static KernelFeatures probe() {
    try (Arena arena = Arena.ofConfined()) {
      return probe(arena);
    }
  }

  private static KernelFeatures probe(Arena arena) {
    String release = ProcFiles.text("/proc/sys/kernel/osrelease");
    boolean mayMount = mayMount();
    boolean mountApi = mountApi(arena, mayMount);
    boolean pidfdOpen = opens(Sys.call(Nr.PIDFD_OPEN, selfPid(), 0, 0));
    boolean mountSetattr = knows(mountSetattr(arena, 0, 0), Errno.EBADF, mayMount);
    return new KernelFeatures(
        KernelRelease.parse(release),
        openat2(arena),
        knows(Sys.call(Nr.CLONE3, 0, 0, 0), Errno.EINVAL),
        cloneIntoCgroup(arena),
        mountApi,
        mountSetattr,
        mountSetattr && idmap(arena),
        Sys.call(Nr.CLOSE_RANGE, 0xffff_ffffL, 0xffff_ffffL, 0) == 0,
        Sys.call(Nr.CLOSE_RANGE, 0xffff_ffffL, 0xffff_ffffL, 4) == 0,
        pidfdOpen,
        knows(Sys.call(Nr.PIDFD_SEND_SIGNAL, BAD_FD, 0, 0, 0), Errno.EBADF),
        knows(Sys.call(Nr.WAITID, 3, BAD_FD, 0, 4, 0, 0), Errno.EBADF),
        opens(Sys.call(Nr.MEMFD_CREATE, Sys.path(arena, "kapal-probe"), 1, 0)),
        Sys.call(Nr.FACCESSAT2, Fcntl.AT_FDCWD, Sys.path(arena, "/"), 0, 0) == 0,
        knows(Sys.call(Nr.EPOLL_PWAIT2, BAD_FD, 0, 1, 0, 0, 0), Errno.EBADF)
            || knows(Sys.call(Nr.EPOLL_PWAIT2, BAD_FD, 0, 1, 0, 0, 0), Errno.EFAULT),
        SeccompProbe.actions(arena),
        OverlayProbe.overlay(arena, mountApi, KernelRelease.parse(release)),
        FilesystemProbe.available("erofs", arena, mountApi),
        mountApi && FilesystemProbe.erofsFromFile(arena),
        cgroupKill(KernelRelease.parse(release)),
        exists("/proc/self/ns/cgroup"),
        exists("/proc/self/ns/time"),
        exists("/proc/self/ns/user") && !number("/proc/sys/user/max_user_namespaces").equals("0"),
        unprivilegedUserNamespaces(),
        number("/sys/module/apparmor/parameters/enabled").equals("Y"),
        exists("/sys/fs/selinux/enforce"));
  }

  private static boolean openat2(Arena arena) {
    MemorySegment how = arena.allocate(24, 8);
    how.set(JAVA_LONG, 0, Fcntl.O_PATH | Fcntl.O_CLOEXEC);
    how.set(JAVA_LONG, 16, Resolve.IN_ROOT.bit() | Resolve.NO_MAGICLINKS.bit());
    long path = Sys.path(arena, "/");
    return opens(Sys.call(Nr.OPENAT2, Fcntl.AT_FDCWD, path, how.address(), 24));
  }

  /**
   * A descriptor that is none: the flag was understood when that is what is complained of.
   * CLONE_VM, for the kernel would copy the page tables of this JVM before it looks at the
   * descriptor.
   */
  private static boolean cloneIntoCgroup(Arena arena) {
    MemorySegment arguments = arena.allocate(88, 8);
    arguments.set(JAVA_LONG, 0, 0x2_0000_0000L | 0x100);
    arguments.set(JAVA_LONG, 32, Signals.SIGCHLD);
    arguments.set(JAVA_LONG, 80, BAD_FD);
    return knows(Sys.call(Nr.CLONE3, arguments.address(), 88, 0), Errno.EBADF);
  }

  private static boolean mountApi(Arena arena, boolean mayMount) {
    long empty = Sys.path(arena, "");
    long context = Sys.call(Nr.FSOPEN, Sys.path(arena, "tmpfs"), 1, 0);
    long moved = Sys.call(Nr.MOVE_MOUNT, BAD_FD, empty, BAD_FD, empty, 0x44, 0);
    return (opens(context) || (knows(context, Errno.EPERM) && !mayMount))
        && opens(Sys.call(Nr.OPEN_TREE, Fcntl.AT_FDCWD, Sys.path(arena, "/"), Fcntl.O_CLOEXEC))
        && knows(moved, Errno.EBADF, mayMount)
        && knowsFsconfig()
        && knows(Sys.call(Nr.FSMOUNT, BAD_FD, 1, 0), Errno.EBADF, mayMount);
  }

  /** Whether EPERM would be a filter's answer, and not that of the call. */
  private static boolean mayMount() {
    long effective = Capabilities.Sets.parse(ProcFiles.text("/proc/self/status")).effective();
    return (effective & Capabilities.mask(List.of("SYS_ADMIN"))) != 0;
  }

  private static boolean knowsFsconfig() {
    return knows(Sys.call(Nr.FSCONFIG, BAD_FD, 6, 0, 0, 0, 0), Errno.EBADF);
  }

  private static long mountSetattr(Arena arena, long set, long userNamespace) {
    MemorySegment attr = arena.allocate(32, 8);
    attr.set(JAVA_LONG, 0, set);
    attr.set(JAVA_LONG, 24, userNamespace);
    // Changing nothing is success without a look at the path, so something is asked for.
    attr.set(JAVA_LONG, 8, set == 0 ? MountFlags.MOUNT_ATTR_NODEV : 0);
    long path = Sys.path(arena, "");
    return Sys.call(Nr.MOUNT_SETATTR, BAD_FD, path, Fcntl.AT_EMPTY_PATH, attr.address(), 32, 0);
  }

  /** The initial user namespace is refused with EPERM, by kernels that know id-mapped mounts. */
  private static boolean idmap(Arena arena) {
    long path = Sys.path(arena, "/proc/self/ns/user");
    long namespace = Sys.call(Nr.OPENAT, Fcntl.AT_FDCWD, path, Fcntl.O_RDONLY | Fcntl.O_CLOEXEC);
    if (namespace < 0) {
      return false;
    }
    try {
      long result = mountSetattr(arena, MountFlags.MOUNT_ATTR_IDMAP, namespace);
      return knows(result, Errno.EPERM) || knows(result, Errno.EBADF);
    } finally {
      Sys.close((int) namespace);
    }
  }

  private static boolean cgroupKill(KernelRelease release) {
    Optional<String> unified = CgroupDetection.detect().unified();
    return unified.isPresent() && release.isAtLeast(5, 14);
  }

  private static boolean unprivilegedUserNamespaces() {
    return exists("/proc/self/ns/user")
        && !number("/proc/sys/user/max_user_namespaces").equals("0")
        && !number("/proc/sys/kernel/unprivileged_userns_clone").equals("0")
        && !number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").equals("1");
  }

  private static String number(String path) {
    try {
      return ProcFiles.textIfExists(path).map(String::strip).orElse("");
    } catch (ErrnoException _) {
      return "";
    }
  }

  static boolean exists(String path) {
    long result = SystemDescriptors.tryOpenat(Fcntl.AT_FDCWD, path, Fcntl.O_PATH, 0);
    return opens(result);
  }

  private static long selfPid() {
    return ProcessHandle.current().pid();
  }

  /** Closes what was opened. */
  static boolean opens(long result) {
    if (result < 0) {
      return false;
    }
    Sys.close((int) result);
    return true;
  }

  private static boolean knows(long result, Errno refusal) {
    return Sys.failedWith(result, refusal);
  }

  private static boolean knows(long result, Errno refusal, boolean mayMount) {
    return knows(result, refusal) || (!mayMount && knows(result, Errno.EPERM));
  }

  /** seccomp(2) SECCOMP_GET_ACTION_AVAIL, 4.14. */
  private static final class SeccompProbe {
    private SeccompProbe() {}

    static Set<String> actions(Arena arena) {
      MemorySegment action = arena.allocate(4, 4);
      Set<String> known = new TreeSet<>();
      SeccompAction.NUMBERS.forEach((name, number) -> {
        action.set(java.lang.foreign.ValueLayout.JAVA_INT, 0, number);
        if (Sys.call(Nr.SECCOMP, 2, 0, action.address()) == 0) {
          known.add(name);
        }
      });
      return Set.copyOf(known);
    }
  }
}
