package dev.kapal.engine.config;

import dev.kapal.engine.cdi.CdiDevices;
import dev.kapal.oci.runtime.Seccomp;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What the config depends on of the host. Fakes of it make golden tests. */
public interface HostFacts {
  /** A device node of the host; empty when the path is none. Links are followed. */
  Optional<Node> device(String path);

  /** Device nodes below a directory, but for pts, shm, mqueue, fd and console. */
  List<Node> devicesBelow(String directory);

  /**
   * A device node.
   *
   * @param type {@code c} or {@code b}
   * @param mode permission bits
   */
  record Node(String path, String type, long major, long minor, int mode, long uid, long gid) {}

  /** Whether it is a directory of the host. */
  boolean isDirectory(String path);

  /** Number of the kernel's last capability. */
  int lastCapability();

  /** Which capabilities this host can give, as a mask: a container may be such a host, too. */
  default long capabilities() {
    return -1L;
  }

  boolean appArmor();

  boolean seLinux();

  /** Whether cgroup v2 rules alone. */
  boolean cgroupV2();

  /** Directories of /sys that tell about heat of CPUs, a side channel. */
  List<String> thermalPaths();

  /** The default filter for a process with these capabilities; empty: the host has no seccomp. */
  Optional<Seccomp> defaultSeccomp(Set<String> capabilities);

  /** The devices that vendors describe. */
  default CdiDevices cdi() {
    return CdiDevices.NONE;
  }
}
