package dev.kapal.linux;

/**
 * Linux for Java: the entry point. {@link #system()} is the real one; tests put their own parts
 * together.
 */
public record Linux(
    KernelFeatures features,
    Descriptors descriptors,
    Mounts mounts,
    Sockets sockets,
    Processes processes,
    Memfds memfds,
    Terminals terminals) {
  private static final class Host {
    static final Linux SYSTEM = with(KernelFeatures.host());
  }

  /** This machine. */
  public static Linux system() {
    return Host.SYSTEM;
  }

  /** This machine, using only calls that these features name: for tests of the old ways. */
  public static Linux with(KernelFeatures features) {
    return SystemLinux.create(features);
  }

  /** A poller with a thread of its own. */
  public Poller newPoller(String threadName) {
    return SystemLinux.poller(threadName);
  }

  /** Control groups as this process's mounts show them now. */
  public CgroupManager cgroups() {
    return SystemLinux.cgroups(CgroupLayout.detect());
  }
}
