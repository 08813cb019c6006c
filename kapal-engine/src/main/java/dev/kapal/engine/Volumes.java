package dev.kapal.engine;

import dev.kapal.engine.spec.VolumeSpec;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Directories that outlive containers. */
public interface Volumes {
  /**
   * Makes one; an existing one of the same driver and options is returned as it is.
   *
   * @throws EngineException.Conflict the name is taken by another kind
   */
  Volume create(VolumeSpec spec);

  /**
   * Those that pass.
   *
   * @param filters name, label, driver, dangling
   */
  List<Volume> list(Filters filters);

  Volume inspect(String name);

  /**
   * Removes one with all that is in it.
   *
   * @param force no error when there is none such
   * @throws EngineException.Conflict a container uses it
   */
  void remove(String name, boolean force);

  /**
   * Removes unused ones.
   *
   * @param all also those with a name; otherwise anonymous ones only
   * @param filters label, label!
   */
  PruneReport prune(boolean all, Filters filters);

  /** Bytes in it. Walks the files. */
  long size(String name);

  /**
   * A volume.
   *
   * @param anonymous made for a container, without a name given
   * @param mountpoint its directory on the host
   * @param users IDs of the containers that have it
   */
  record Volume(
      String name,
      String driver,
      boolean anonymous,
      Instant created,
      String mountpoint,
      Map<String, String> options,
      Map<String, String> labels,
      List<String> users) {
    public Volume {
      users = List.copyOf(users);
    }
  }

  /** The one of this name, if there is. */
  default Optional<Volume> find(String name) {
    try {
      return Optional.of(inspect(name));
    } catch (EngineException.NotFound e) {
      return Optional.empty();
    }
  }
}
