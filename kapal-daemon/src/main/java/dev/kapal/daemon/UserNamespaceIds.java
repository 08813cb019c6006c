package dev.kapal.daemon;

import dev.kapal.engine.spec.NamespaceSpec.IdMapping;
import dev.kapal.linux.SubordinateIds;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Which ids of the host containers with a user namespace of their own get, when neither they nor
 * the configuration say so.
 */
final class UserNamespaceIds {
  /** Fewer ids would lack some that images use: nobody is 65534. */
  private static final long ENOUGH = 65536;

  /** Beyond what distributions hand out to users, and below 2^31, which some programs stop at. */
  private static final long FALLBACK = 1L << 30;

  private static final List<String> OWNERS = List.of("kapal", "root", "containers");

  private UserNamespaceIds() {}

  /** The configured maps, or else what the host's ranges give. */
  static List<IdMapping> mapping(
      List<dev.kapal.linux.IdMapping> configured, List<SubordinateIds> ranges) {
    return configured.isEmpty()
        ? mapping(ranges)
        : configured.stream().map(m -> new IdMapping(m.inside(), m.outside(), m.length())).toList();
  }

  /**
   * The widest range of the first owner who has one that is wide enough.
   *
   * @param ranges of /etc/subuid or /etc/subgid
   */
  static List<IdMapping> mapping(List<SubordinateIds> ranges) {
    for (String owner : OWNERS) {
      Optional<SubordinateIds> widest =
          ranges.stream()
              .filter(r -> r.owner().equals(owner) && r.count() >= ENOUGH)
              .max(Comparator.comparingLong(SubordinateIds::count));
      if (widest.isPresent()) {
        return List.of(new IdMapping(0, widest.get().first(), widest.get().count()));
      }
    }
    return List.of(new IdMapping(0, FALLBACK, ENOUGH));
  }
}
