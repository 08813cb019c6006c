package dev.kapal.engine.store;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * A volume.
 *
 * @param anonymous without a name given
 * @param pendingFor the container in whose making it was made and which is not recorded yet; if
 *     that never is, the volume goes
 * @param removing being removed
 */
public record VolumeRecord(
    String name,
    String driver,
    boolean anonymous,
    Instant created,
    Map<String, String> options,
    Map<String, String> labels,
    Optional<String> pendingFor,
    boolean removing) {
  public VolumeRecord settled() {
    return new VolumeRecord(
        name, driver, anonymous, created, options, labels, Optional.empty(), removing);
  }

  public VolumeRecord beingRemoved() {
    return new VolumeRecord(name, driver, anonymous, created, options, labels, pendingFor, true);
  }
}
