package dev.kapal.engine.core;

import dev.kapal.engine.cdi.CdiDevices;
import dev.kapal.engine.config.HostFacts;
import dev.kapal.linux.Capabilities;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.FileType;
import dev.kapal.linux.Linux;
import dev.kapal.linux.Stat;
import dev.kapal.oci.runtime.Seccomp;
import dev.kapal.runtime.seccomp.DefaultProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** This host's facts. What does not change while the kernel runs is found once. */
final class LinuxHostFacts implements HostFacts {
  private static final Set<String> NOT_DEVICES =
      Set.of("pts", "shm", "mqueue", "fd", "console", ".lxc", ".lxd-mounts", ".udev");
  private static final int MAX_DEPTH = 8;

  private final Linux linux;
  private final Map<Set<String>, Seccomp> seccomp = new ConcurrentHashMap<>();
  private final int lastCapability;
  private final long capabilities;
  private final boolean cgroupV2;
  private final List<String> thermal;

  LinuxHostFacts(Linux linux) {
    this.linux = linux;
    this.lastCapability = Capabilities.last();
    this.capabilities =
        linux
            .processes()
            .status(linux.processes().self(), "CapBnd")
            .map(mask -> Long.parseUnsignedLong(mask, 16))
            .orElse(-1L);
    this.cgroupV2 = CgroupLayout.detect().mode() == CgroupLayout.Mode.V2;
    this.thermal = findThermal();
  }

  @Override
  public Optional<Node> device(String path) {
    try (Fd fd = linux.descriptors().open(path, Fcntl.O_PATH)) {
      return node(path, linux.descriptors().fstat(fd));
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.EACCES)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static Optional<Node> node(String path, Stat s) {
    String type =
        switch (s.type()) {
          case CHARACTER -> "c";
          case BLOCK -> "b";
          default -> "";
        };
    return type.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Node(
                path,
                type,
                Integer.toUnsignedLong(s.rdev().major()),
                Integer.toUnsignedLong(s.rdev().minor()),
                s.permissions() & 0777,
                s.uid(),
                s.gid()));
  }

  @Override
  public List<Node> devicesBelow(String directory) {
    List<Node> all = new ArrayList<>();
    try (Fd d = linux.descriptors().open(directory, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
      collect(d, directory, 0, all);
    }
    return all;
  }

  private void collect(Fd directory, String path, int depth, List<Node> all) {
    for (DirEntry e : linux.descriptors().list(directory)) {
      if (depth == 0 && NOT_DEVICES.contains(e.name())) {
        continue;
      }
      String name = path + "/" + e.name();
      try {
        if (e.type() == FileType.DIRECTORY && depth < MAX_DEPTH) {
          try (Fd child =
              linux
                  .descriptors()
                  .openat(
                      directory, e.name(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW)) {
            collect(child, name, depth + 1, all);
          }
        } else if (e.type() == FileType.CHARACTER || e.type() == FileType.BLOCK) {
          node(name, linux.descriptors().fstatat(directory, e.name(), Fcntl.AT_SYMLINK_NOFOLLOW))
              .ifPresent(all::add);
        }
      } catch (ErrnoException gone) {
        if (!gone.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) {
          throw gone;
        }
      }
    }
  }

  @Override
  public boolean isDirectory(String path) {
    try (Fd fd = linux.descriptors().open(path, Fcntl.O_PATH)) {
      return linux.descriptors().fstat(fd).isDirectory();
    } catch (ErrnoException e) {
      return false;
    }
  }

  @Override
  public long capabilities() {
    return capabilities;
  }

  @Override
  public int lastCapability() {
    return lastCapability;
  }

  @Override
  public boolean appArmor() {
    return linux.features().appArmor();
  }

  @Override
  public boolean seLinux() {
    return linux.features().seLinux();
  }

  @Override
  public boolean cgroupV2() {
    return cgroupV2;
  }

  @Override
  public CdiDevices cdi() {
    return CdiDevices.HOST;
  }

  @Override
  public List<String> thermalPaths() {
    return thermal;
  }

  private List<String> findThermal() {
    String cpus = "/sys/devices/system/cpu";
    List<String> found = new ArrayList<>();
    try (Fd d = linux.descriptors().open(cpus, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
      for (DirEntry e : linux.descriptors().list(d)) {
        String path = cpus + "/" + e.name() + "/thermal_throttle";
        if (e.name().matches("cpu\\d+") && isDirectory(path)) {
          found.add(path);
        }
      }
    } catch (ErrnoException none) {
      return List.of();
    }
    return found.stream().sorted().toList();
  }

  @Override
  public Optional<Seccomp> defaultSeccomp(Set<String> capabilities) {
    return linux.features().seccompActions().isEmpty()
        ? Optional.empty()
        : Optional.of(seccomp.computeIfAbsent(Set.copyOf(capabilities), DefaultProfile::filter));
  }
}
