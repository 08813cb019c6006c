package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.config.ConfigRequest.ResolvedMount;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.MountInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Where the sources of a container's mounts are on the host, and what is mounted there for a run.
 */
final class Mounting {
  private final Hub hub;
  private final VolumeStore volumes;
  private final ImageVolumes imageVolumes;

  Mounting(Hub hub, VolumeStore volumes, ImageVolumes imageVolumes) {
    this.hub = hub;
    this.imageVolumes = imageVolumes;
    this.volumes = volumes;
  }

  /** Resolves all mounts. The run's directory exists; {@link #clear} takes back what this does. */
  List<ResolvedMount> prepare(ContainerRecord c) {
    List<ResolvedMount> all = new ArrayList<>();
    int number = 0;
    for (MountSpec m : c.mountSpecs()) {
      number++;
      String source =
          switch (m.type()) {
            case TMPFS -> "";
            case BIND -> bind(m);
            case VOLUME -> volume(c, m, number);
            case IMAGE -> imageVolumes.mount(c, m, number);
          };
      all.add(new ResolvedMount(m, source));
    }
    return all;
  }

  private String bind(MountSpec m) {
    try {
      hub.linux.descriptors().open(m.source(), Fcntl.O_PATH).close();
      return m.source();
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT) && m.createSource()) {
        try {
          Files.createDirectories(Path.of(m.source()));
          return m.source();
        } catch (IOException io) {
          throw Layout.failure("make the directory", Path.of(m.source()), io);
        }
      }
      if (e.is(Errno.ENOENT, Errno.ENOTDIR)) {
        throw new EngineException.InvalidArgument(
            "bind source " + m.source() + " does not exist on this host: make it first");
      }
      throw e;
    }
  }

  private String volume(ContainerRecord c, MountSpec m, int number) {
    Path data = volumes.acquire(m.source(), c.id());
    if (m.subpath().isEmpty()) {
      return data.toString();
    }
    return PinnedPath.pin(
        hub.linux,
        data,
        m.subpath().get(),
        hub.layout.run(c.id()).resolve("mount" + number),
        "volume \"" + m.source() + "\"");
  }

  /**
   * The /dev/shm that this container shares with others, or others with it; empty: it has its own.
   */
  Optional<String> shm(ContainerRecord c) {
    NamespaceMode ipc = c.spec().namespaces().ipc();
    if (ipc.kind() == NamespaceMode.Kind.CONTAINER) {
      if (hub.pods.byId(ipc.container()).isPresent()) {
        return Optional.of(hub.layout.run(ipc.container()).resolve("shm").toString());
      }
      Entry other = hub.index.get(ipc.container());
      NamespaceMode.Kind kind = other.record.spec().namespaces().ipc().kind();
      if (kind == NamespaceMode.Kind.SHAREABLE) {
        return Optional.of(hub.layout.run(other.id).resolve("shm").toString());
      }
      if (kind == NamespaceMode.Kind.CONTAINER) {
        return shm(other.record);
      }
      if (kind == NamespaceMode.Kind.HOST) {
        return Optional.of("/dev/shm");
      }
      throw new EngineException.Conflict(
          "container "
              + other.name()
              + " does not share its IPC namespace: create it with --ipc shareable");
    }
    if (ipc.kind() != NamespaceMode.Kind.SHAREABLE) {
      return Optional.empty();
    }
    Path shm = hub.layout.run(c.id()).resolve("shm");
    SharedMemory.mount(hub.linux, shm, c.spec().storage().shmSize());
    return Optional.of(shm.toString());
  }

  /** Whether a run of this container has mounts of its own on the host. */
  private static boolean hasMounts(ContainerRecord c) {
    return c.spec().namespaces().ipc().kind() == NamespaceMode.Kind.SHAREABLE
        || c.mountSpecs().stream()
            .anyMatch(m -> m.subpath().isPresent() || m.type() == MountSpec.Type.IMAGE);
  }

  /** Takes back what a run had. Idempotent. */
  void clear(ContainerRecord c) {
    for (MountSpec m : c.mountSpecs()) {
      if (m.type() == MountSpec.Type.VOLUME) {
        volumes.release(m.source(), c.id());
      }
    }
    Path run = hub.layout.run(c.id());
    if (hasMounts(c)) {
      unmountBelow(run);
    }
    hub.trees.remove(run);
  }

  /** Unmounts whatever is mounted below a directory of the engine's own. */
  void unmountBelow(Path directory) {
    String prefix = directory + "/";
    List<String> points =
        hub.linux.mounts().mountInfo().stream()
            .map(MountInfo::mountPoint)
            .filter(p -> p.startsWith(prefix))
            .sorted(Comparator.reverseOrder())
            .toList();
    for (String p : points) {
      volumes.unmount(Path.of(p));
    }
  }
}
