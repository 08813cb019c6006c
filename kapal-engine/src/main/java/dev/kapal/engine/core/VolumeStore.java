package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import dev.kapal.engine.PruneReport;
import dev.kapal.engine.Volumes;
import dev.kapal.engine.files.InRoot;
import dev.kapal.engine.files.TreeCopy;
import dev.kapal.engine.files.TreeSize;
import dev.kapal.engine.spec.VolumeSpec;
import dev.kapal.engine.store.Durability;
import dev.kapal.engine.store.VolumeRecord;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.MountFlags;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The volumes: directories below the data directory, some with something mounted on them while a
 * container that has them runs. The monitor of this object guards the making and removing of
 * volumes and the counting of their users.
 */
final class VolumeStore implements Volumes {
  private static final int DIRECTORY = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;

  private final Hub hub;
  private final Map<String, VolumeRecord> volumes = new ConcurrentHashMap<>();

  /** Which running containers hold a volume that is mounted. */
  private final Map<String, Set<String>> holders = new HashMap<>();

  VolumeStore(Hub hub, List<VolumeRecord> stored) {
    this.hub = hub;
    stored.forEach(v -> volumes.put(v.name(), v));
  }

  @Override
  public Volume create(VolumeSpec spec) {
    VolumeRecord v = ensure(spec, spec.name().isEmpty(), Optional.empty());
    return describe(v);
  }

  /**
   * The volume of a name, made if there is none.
   *
   * @param anonymous nobody gave it a name
   * @param pendingFor the container in whose making this happens
   */
  synchronized VolumeRecord ensure(
      VolumeSpec spec, boolean anonymous, Optional<String> pendingFor) {
    if (!spec.driver().isEmpty() && !spec.driver().equals("local")) {
      throw new EngineException.Unsupported(
          "volume driver \"" + spec.driver() + "\" is not to be had: use local");
    }
    if (!spec.options().isEmpty()) {
      VolumeOptions.parse(spec.options());
    }
    String name = spec.name().orElseGet(Index::newId);
    VolumeRecord there = volumes.get(name);
    if (there != null && !there.removing()) {
      if (!spec.options().isEmpty() && !spec.options().equals(there.options())) {
        throw new EngineException.Conflict(
            "there is a volume \""
                + name
                + "\" with other options: remove it, or use another name");
      }
      return there;
    }
    VolumeRecord v =
        new VolumeRecord(
            name,
            "local",
            anonymous,
            Instant.now(),
            spec.options(),
            spec.labels(),
            pendingFor,
            false);
    // The record comes first: a directory without one might be anybody's data, and is left alone.
    hub.database.write(
        pendingFor.isPresent() ? Durability.PROCESS : Durability.POWER, tx -> tx.put(v));
    FaultPoint.reach("volume.recorded");
    volumes.put(name, v);
    try {
      makeDirectory(name);
    } catch (RuntimeException e) {
      forget(name);
      throw e;
    }
    FaultPoint.reach("volume.made");
    hub.events.publish("volume", "create", name, Map.of("driver", "local"));
    return v;
  }

  private void makeDirectory(String name) {
    Path data = hub.layout.volumeData(name);
    try {
      Files.createDirectories(data);
      // People reach it through containers only, or as root: the mode is that of the root inside.
      Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.setPosixFilePermissions(
          hub.layout.volume(name), PosixFilePermissions.fromString("rwx-----x"));
    } catch (IOException e) {
      throw Layout.failure("make the directory", data, e);
    }
  }

  private void forget(String name) {
    volumes.remove(name);
    hub.database.write(Durability.PROCESS, tx -> tx.deleteVolume(name));
  }

  /** In the transaction that records a container: its volumes are here to stay. */
  List<VolumeRecord> settle(String containerId) {
    List<VolumeRecord> settled = new ArrayList<>();
    for (VolumeRecord v : List.copyOf(volumes.values())) {
      if (v.pendingFor().filter(containerId::equals).isPresent()) {
        VolumeRecord s = v.settled();
        volumes.put(s.name(), s);
        settled.add(s);
      }
    }
    return settled;
  }

  /** Undoes what {@link #ensure} made for a container that did not come to be. */
  synchronized void abandon(String containerId) {
    for (VolumeRecord v : List.copyOf(volumes.values())) {
      if (v.pendingFor().filter(containerId::equals).isPresent()) {
        erase(v);
      }
    }
  }

  /**
   * Fills an empty volume with what an image has at the place where it is mounted, owner and mode
   * of the directory included.
   */
  synchronized void fill(String name, Fd imageRoot, String target, String containerId) {
    VolumeRecord v = required(name);
    Path data = hub.layout.volumeData(name);
    boolean mounted = !v.options().isEmpty();
    if (mounted) {
      acquire(name, containerId);
    }
    try (Fd to = hub.linux.descriptors().open(data.toString(), DIRECTORY)) {
      if (!hub.linux.descriptors().list(to).isEmpty()) {
        return;
      }
      Optional<Fd> from = InRoot.directory(hub.linux.descriptors(), imageRoot, target);
      if (from.isEmpty()) {
        return;
      }
      try (Fd source = from.get()) {
        if (mounted || runningUsers(name) > 0) {
          new TreeCopy(hub.linux.descriptors()).copy(source, to);
        } else {
          copyAside(name, data, source);
        }
      }
    } finally {
      if (mounted) {
        release(name, containerId);
      }
    }
  }

  /** Whole or not at all: into a directory beside, then in the place of the empty one. */
  private void copyAside(String name, Path data, Fd source) {
    Path aside = hub.layout.volume(name).resolve("_copy");
    hub.trees.remove(aside);
    try {
      Files.createDirectory(aside);
      try (Fd to = hub.linux.descriptors().open(aside.toString(), DIRECTORY)) {
        new TreeCopy(hub.linux.descriptors()).copy(source, to);
      }
      FaultPoint.reach("volume.copied");
      Files.move(aside, data, StandardCopyOption.ATOMIC_MOVE);
      FaultPoint.reach("volume.filled");
    } catch (IOException e) {
      throw Layout.failure("fill the volume", data, e);
    } finally {
      hub.trees.remove(aside);
    }
  }

  private long runningUsers(String name) {
    return hub.index.all().stream()
        .filter(e -> e.state.phase().alive() && e.record.volumes().contains(name))
        .count();
  }

  /**
   * Where a volume is on the host; mounts it if that is what it is. The container holds it until
   * {@link #release}.
   */
  synchronized Path acquire(String name, String containerId) {
    VolumeRecord v = required(name);
    Path data = hub.layout.volumeData(name);
    if (!Files.isDirectory(data)) {
      makeDirectory(name);
    }
    if (v.options().isEmpty()) {
      return data;
    }
    Set<String> all = holders.computeIfAbsent(name, k -> new HashSet<>());
    if (all.isEmpty() && !mounted(data)) {
      VolumeOptions o = VolumeOptions.parse(v.options());
      try {
        String device = o.device().isEmpty() ? o.type() : o.device();
        hub.linux.mounts().mount(device, data.toString(), o.type(), o.flags(), o.data());
        if ((o.flags() & MountFlags.MS_BIND) != 0 && (o.flags() & MountFlags.MS_RDONLY) != 0) {
          hub.linux
              .mounts()
              .mount(
                  "",
                  data.toString(),
                  "",
                  MountFlags.MS_REMOUNT | MountFlags.MS_BIND | MountFlags.MS_RDONLY,
                  "");
        }
      } catch (ErrnoException e) {
        throw new EngineException.SystemFailure(
            "volume \"" + name + "\" cannot be mounted: " + e.getMessage() + "; check its options",
            e);
      }
    }
    FaultPoint.reach("volume.mounted");
    all.add(containerId);
    return data;
  }

  /** A container that ran before this engine opened holds its volumes. */
  synchronized void adopt(String name, String containerId) {
    VolumeRecord v = volumes.get(name);
    if (v != null && !v.options().isEmpty()) {
      holders.computeIfAbsent(name, k -> new HashSet<>()).add(containerId);
    }
  }

  synchronized void release(String name, String containerId) {
    Set<String> all = holders.get(name);
    if (all == null) {
      return;
    }
    all.remove(containerId);
    if (all.isEmpty()) {
      holders.remove(name);
      unmount(hub.layout.volumeData(name));
    }
  }

  private boolean mounted(Path path) {
    return hub.linux.mounts().mountInfo().stream()
        .anyMatch(m -> m.mountPoint().equals(path.toString()));
  }

  void unmount(Path path) {
    try {
      hub.linux
          .mounts()
          .umount(path.toString(), MountFlags.MNT_DETACH | MountFlags.UMOUNT_NOFOLLOW);
    } catch (ErrnoException e) {
      if (!e.is(Errno.EINVAL, Errno.ENOENT)) {
        throw e;
      }
    }
  }

  /** After a crash: what was being made or removed is undone or finished; what is held stays. */
  synchronized void recover(List<String> problems) {
    for (VolumeRecord v : List.copyOf(volumes.values())) {
      try {
        if (v.removing()) {
          erase(v);
        } else if (v.pendingFor().isPresent()) {
          if (hub.index.byId(v.pendingFor().get()).isPresent()) {
            VolumeRecord s = v.settled();
            hub.database.write(Durability.PROCESS, tx -> tx.put(s));
            volumes.put(s.name(), s);
          } else {
            erase(v);
          }
        } else {
          hub.trees.remove(hub.layout.volume(v.name()).resolve("_copy"));
          Path data = hub.layout.volumeData(v.name());
          if (!Files.isDirectory(data)) {
            makeDirectory(v.name());
          }
          if (!v.options().isEmpty() && !holders.containsKey(v.name()) && mounted(data)) {
            unmount(data);
          }
        }
      } catch (RuntimeException e) {
        problems.add("volume " + v.name() + ": " + e.getMessage());
      }
    }
  }

  @Override
  public List<Volume> list(Filters filters) {
    filters.allowOnly("name", "label", "driver", "dangling");
    return volumes.values().stream()
        .filter(v -> !v.removing() && v.pendingFor().isEmpty())
        .filter(v ->
            filters.values("name").isEmpty()
                || filters.values("name").stream().anyMatch(n -> v.name().contains(n)))
        .filter(v -> Labels.match(v.labels(), filters.values("label")))
        .filter(v ->
            filters.values("driver").isEmpty() || filters.values("driver").contains(v.driver()))
        .map(this::describe)
        .filter(v ->
            filters.values("dangling").isEmpty()
                || filters.values("dangling").stream()
                    .anyMatch(d -> Labels.truth(d) == v.users().isEmpty()))
        .sorted(Comparator.comparing(Volume::name))
        .toList();
  }

  @Override
  public Volume inspect(String name) {
    return describe(required(name));
  }

  @Override
  public synchronized void remove(String name, boolean force) {
    VolumeRecord v = volumes.get(name);
    if (v == null && force) {
      return;
    }
    v = required(name);
    List<String> users = users(name);
    if (!users.isEmpty()) {
      throw new EngineException.Conflict(
          "volume \""
              + name
              + "\" is in use by "
              + String.join(", ", users.stream().map(u -> u.substring(0, 12)).toList())
              + ": remove these containers first");
    }
    erase(v);
    hub.events.publish("volume", "destroy", name, Map.of("driver", "local"));
  }

  /**
   * The anonymous volumes that go with a container, as they are to be recorded in the transaction
   * that removes it; {@link #eraseDoomed} then takes them away, or {@link #recover} does.
   */
  synchronized List<VolumeRecord> doom(Entry e) {
    List<VolumeRecord> doomed = new ArrayList<>();
    for (dev.kapal.engine.ContainerInfo.MountPoint m : e.record.mounts()) {
      VolumeRecord v = m.anonymous() ? volumes.get(m.name().orElse("")) : null;
      if (v != null && v.anonymous() && users(v.name()).stream().allMatch(e.id::equals)) {
        VolumeRecord d = v.beingRemoved();
        volumes.put(d.name(), d);
        doomed.add(d);
      }
    }
    return doomed;
  }

  /** Takes away what {@link #doom} named. */
  synchronized void eraseDoomed(List<VolumeRecord> doomed) {
    for (VolumeRecord v : doomed) {
      erase(v);
      hub.events.publish("volume", "destroy", v.name(), Map.of("driver", "local"));
    }
  }

  private void erase(VolumeRecord v) {
    if (!v.removing()) {
      VolumeRecord going = v.beingRemoved();
      hub.database.write(Durability.PROCESS, tx -> tx.put(going));
      volumes.put(v.name(), going);
    }
    holders.remove(v.name());
    if (!v.options().isEmpty()) {
      unmount(hub.layout.volumeData(v.name()));
    }
    FaultPoint.reach("volume.condemned");
    hub.discard(hub.layout.volume(v.name()));
    FaultPoint.reach("volume.discarded");
    hub.database.write(
        v.anonymous() ? Durability.PROCESS : Durability.POWER, tx -> tx.deleteVolume(v.name()));
    FaultPoint.reach("volume.deleted");
    volumes.remove(v.name());
  }

  @Override
  public PruneReport prune(boolean all, Filters filters) {
    filters.allowOnly("label", "label!");
    List<String> removed = new ArrayList<>();
    long freed = 0;
    for (VolumeRecord v : List.copyOf(volumes.values())) {
      if (v.removing()
          || v.pendingFor().isPresent()
          || (!all && !v.anonymous())
          || !Labels.match(v.labels(), filters.values("label"))
          || !Labels.noneMatch(v.labels(), filters.values("label!"))) {
        continue;
      }
      synchronized (this) {
        if (!volumes.containsKey(v.name()) || !users(v.name()).isEmpty()) {
          continue;
        }
        long bytes = size(v.name());
        erase(v);
        freed += bytes;
        removed.add(v.name());
      }
      hub.events.publish("volume", "destroy", v.name(), Map.of("driver", "local"));
    }
    return new PruneReport(removed, freed);
  }

  @Override
  public long size(String name) {
    required(name);
    try (Fd d = hub.linux.descriptors().open(hub.layout.volumeData(name).toString(), DIRECTORY)) {
      return TreeSize.of(hub.linux.descriptors(), d);
    } catch (ErrnoException e) {
      throw Failures.of("cannot measure volume " + name, e);
    }
  }

  private List<String> users(String name) {
    return hub.index.all().stream()
        .filter(e -> e.record.volumes().contains(name))
        .map(e -> e.id)
        .sorted()
        .toList();
  }

  private Volume describe(VolumeRecord v) {
    return new Volume(
        v.name(),
        v.driver(),
        v.anonymous(),
        v.created(),
        hub.layout.volumeData(v.name()).toString(),
        v.options(),
        v.labels(),
        users(v.name()));
  }

  private VolumeRecord required(String name) {
    VolumeRecord v = volumes.get(name);
    if (v == null || v.removing()) {
      throw new EngineException.NotFound(
          "there is no volume \"" + name + "\": \"kapal volume ls\" lists those that exist");
    }
    return v;
  }
}
