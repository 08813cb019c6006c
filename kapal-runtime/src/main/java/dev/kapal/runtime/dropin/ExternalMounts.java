package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.O_DIRECTORY;
import static dev.kapal.linux.Fcntl.O_PATH;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.oci.runtime.Device;
import dev.kapal.oci.runtime.Mount;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.oci.runtime.RuntimeConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What of a container's mounts is the host's: CRIU neither saves nor makes it. */
final class ExternalMounts {
  /** What masked files are covered with. */
  static final String NULL = "/dev/null";

  private ExternalMounts() {}

  static boolean bind(Mount mount) {
    return mount.type().equals("bind")
        || mount.options().contains("bind")
        || mount.options().contains("rbind");
  }

  /** Where they are in the container, and what they are on the host. */
  static Map<String, String> of(
      DropInHost host, RuntimeConfig config, ContainerRecord record, Cgroup cgroup) {
    Map<String, String> all = new LinkedHashMap<>();
    var section = config.linux().orElse(dev.kapal.oci.runtime.Linux.empty());
    boolean ownView = section.namespace(NamespaceType.CGROUP).isPresent();
    try (Fd root = host.linux().descriptors().open(record.rootfs(), O_PATH | O_DIRECTORY)) {
      for (Mount mount : config.mounts()) {
        if (bind(mount)) {
          all.put(
              resolved(host.linux(), root, record.rootfs(), mount.destination()),
              Path.of(record.bundle()).resolve(mount.source()).normalize().toString());
        } else if (mount.type().equals("cgroup") && !ownView) {
          all.putAll(groups(host.cgroups().layout(), cgroup, mount.destination()));
        }
      }
    } catch (ErrnoException e) {
      throw new CommandFailed(
          "the root file system " + record.rootfs() + " cannot be opened: " + e.getMessage(), e);
    }
    if (section.namespace(NamespaceType.USER).isPresent()) {
      // There they are bound: nobody makes device nodes in a user namespace.
      section.devices().stream().map(Device::path).forEach(path -> all.put(path, path));
      for (String name : List.of("null", "zero", "full", "random", "urandom", "tty")) {
        all.put("/dev/" + name, "/dev/" + name);
      }
    }
    return all;
  }

  /** The own groups, bound below a tmpfs or alone. */
  private static Map<String, String> groups(
      CgroupLayout layout, Cgroup cgroup, String destination) {
    Map<String, String> all = new LinkedHashMap<>();
    if (layout.mode() == CgroupLayout.Mode.V2) {
      cgroup.directories().values().stream()
          .findFirst()
          .ifPresent(directory -> all.put(destination, directory));
      return all;
    }
    layout
        .v1()
        .forEach((controller, mount) ->
            all.put(
                destination + "/" + Path.of(mount).getFileName(),
                cgroup.directories().getOrDefault(controller, mount)));
    layout
        .unified()
        .ifPresent(mount ->
            all.put(
                destination + "/" + Path.of(mount).getFileName(),
                cgroup.directories().getOrDefault("", mount)));
    return all;
  }

  /** Where a mount really is: its destination may lead through symbolic links. */
  private static String resolved(Linux linux, Fd root, String rootfs, String destination) {
    try (Fd fd = linux.descriptors().openInRoot(root, destination, O_PATH)) {
      Path real = Path.of(rootfs).toRealPath();
      Path at = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd.number()));
      return at.startsWith(real) ? "/" + real.relativize(at) : destination;
    } catch (ErrnoException | IOException e) {
      // It lies below another mount, which does not show here.
      return destination;
    }
  }
}
