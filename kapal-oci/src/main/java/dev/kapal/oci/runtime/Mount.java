package dev.kapal.oci.runtime;

import java.util.List;
import java.util.stream.Stream;

/**
 * A mount (config.md, Mounts).
 *
 * @param destination absolute path in the container
 * @param type file system type; empty for binds
 * @param source device, path on the host, or nothing
 * @param options the file system's options and those of mount(8)
 * @param uidMappings for an id-mapped mount
 * @param gidMappings for an id-mapped mount
 */
public record Mount(
    String destination,
    String type,
    String source,
    List<String> options,
    List<IdMapping> uidMappings,
    List<IdMapping> gidMappings) {
  /** Absent members get their defaults. */
  public Mount {
    destination = Defaults.string(destination);
    type = Defaults.string(type);
    source = Defaults.string(source);
    options = Defaults.list(options);
    uidMappings = Defaults.list(uidMappings);
    gidMappings = Defaults.list(gidMappings);
  }

  /** A mount without id mappings. */
  public static Mount of(String destination, String type, String source, String... options) {
    return new Mount(destination, type, source, List.of(options), List.of(), List.of());
  }

  /** A bind mount of a host path; {@code rbind} unless the options say otherwise. */
  public static Mount bind(String source, String destination, String... options) {
    return new Mount(
        destination,
        "bind",
        source,
        Stream.concat(Stream.of("rbind"), Stream.of(options)).toList(),
        List.of(),
        List.of());
  }
}
