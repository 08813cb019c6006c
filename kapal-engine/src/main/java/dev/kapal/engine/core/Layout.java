package dev.kapal.engine.core;

import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.EngineException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Where things are on the host. All of it is the engine's own: directories of mode 0700 that
 * containers cannot reach but through what is mounted into them.
 */
record Layout(Path state, Path data) {
  /** For directories of the engine's own. */
  static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  static Layout of(EngineConfig config) {
    return new Layout(config.stateDir(), config.dataDir());
  }

  /** Makes the directories, and takes away what group and others may do there. */
  void prepare() {
    for (Path p :
        List.of(state, data, sandboxes(), runs(), scratch(), containers(), volumes(), trash())) {
      makePrivate(p);
    }
  }

  static void makePrivate(Path p) {
    try {
      Files.createDirectories(p);
      if (!Files.isDirectory(p, LinkOption.NOFOLLOW_LINKS)) {
        throw new EngineException.SystemFailure(
            p + " is not a directory: remove it, or configure another place");
      }
      Files.setPosixFilePermissions(p, PosixFilePermissions.fromString("rwx------"));
    } catch (IOException e) {
      throw failure("make the directory", p, e);
    }
  }

  static EngineException failure(String what, Path path, IOException e) {
    return new EngineException.SystemFailure(
        "cannot "
            + what
            + " "
            + path
            + ": "
            + e.getMessage()
            + "; see that the disk is neither full nor read-only",
        e);
  }

  /** State directories of sandboxes; what runs, or ran and is not cleared away, is here. */
  Path sandboxes() {
    return state.resolve("sandboxes");
  }

  Path sandbox(String id) {
    return sandboxes().resolve(id);
  }

  /** Files that a run of a container needs: hosts, resolv.conf, mounts. Made anew for each run. */
  Path runs() {
    return state.resolve("containers");
  }

  Path run(String id) {
    return runs().resolve(id);
  }

  /** For mounts that live for a moment. */
  Path scratch() {
    return state.resolve("scratch");
  }

  /** What a container has besides its snapshot: its log. */
  Path containers() {
    return data.resolve("containers");
  }

  Path container(String id) {
    return containers().resolve(id);
  }

  /** A container's saved states, a directory each. */
  Path checkpoints(String id) {
    return container(id).resolve("checkpoints");
  }

  Path volumes() {
    return data.resolve("volumes");
  }

  Path volume(String name) {
    return volumes().resolve(name);
  }

  Path volumeData(String name) {
    return volume(name).resolve("_data");
  }

  /** What has been removed by renaming it to here, and goes by and by. */
  Path trash() {
    return data.resolve("trash");
  }

  Path database() {
    return data.resolve("kapal.db");
  }

  /** Makes durable what was made or removed in a directory. */
  static void sync(Path directory) {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      throw failure("sync the directory", directory, e);
    }
  }

  /** Names in a directory. */
  static List<String> names(Path directory) {
    try (Stream<Path> s = Files.list(directory)) {
      return s.map(p -> String.valueOf(p.getFileName())).sorted().toList();
    } catch (IOException e) {
      throw failure("list", directory, e);
    }
  }
}
