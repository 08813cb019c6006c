package dev.kapal.runtime.plan;

import dev.kapal.oci.runtime.Mount;
import dev.kapal.runtime.RootFilesystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One of the config's mounts, with its options sorted.
 *
 * @param mount as the config has it
 * @param destination absolute
 * @param options its options
 * @param source of a bind: an absolute path of the host
 * @param inside of a bind whose source lies in the container's own root: where it is there
 * @param flags of a bind
 * @param early name of the slot that holds the source of a bind from before the container's
 *     namespaces are entered; empty: it is opened in its turn
 */
record PlannedMount(
    Mount mount,
    String destination,
    MountOptions options,
    String source,
    Optional<String> inside,
    BindFlags flags,
    String early) {
  static PlannedMount of(Compilation c, Mount mount, int number, BindFlags.Policy policy) {
    MountOptions options =
        MountOptions.parse(
            options(mount), mount.type().equals("bind") || mount.type().equals("rbind"));
    String destination = Path.of(mount.destination()).normalize().toString();
    String source = Path.of(c.inputs.bundle()).resolve(mount.source()).normalize().toString();
    Optional<String> inside =
        options.bind() && !mount.source().isEmpty()
            ? inside(c.inputs.root(), Path.of(source))
            : Optional.empty();
    boolean early = options.bind() && inside.isEmpty() && (c.outside || options.shared());
    return new PlannedMount(
        mount,
        destination,
        options,
        source,
        inside,
        BindFlags.of(options, policy, c.userNamespace || c.facts.identity().rootless()),
        early ? "bind " + number : "");
  }

  /**
   * Mappings of its own make a mount an id-mapped one, also without the option (config.md, Mounts).
   */
  private static List<String> options(Mount mount) {
    if (mount.uidMappings().isEmpty()) {
      return mount.options();
    }
    List<String> all = new ArrayList<>(mount.options());
    all.add("idmap");
    return all;
  }

  /**
   * What is named by where the root lies on the host is the container's: it shows what earlier
   * mounts put there, and links in it lead nowhere else.
   */
  private static Optional<String> inside(RootFilesystem root, Path source) {
    return root instanceof RootFilesystem.Directory(Path directory)
            && directory.getNameCount() > 0
            && source.startsWith(directory)
        ? Optional.of("/" + directory.relativize(source))
        : Optional.empty();
  }

  boolean held() {
    return !early.isEmpty();
  }
}
