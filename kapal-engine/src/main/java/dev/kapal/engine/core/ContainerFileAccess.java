package dev.kapal.engine.core;

import dev.kapal.engine.Containers.Change;
import dev.kapal.engine.Containers.CommitRequest;
import dev.kapal.engine.Containers.DiskUse;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.PathStat;
import dev.kapal.engine.config.ConfigBuilder;
import dev.kapal.engine.files.FileOwner;
import dev.kapal.engine.files.Ids;
import dev.kapal.engine.files.OverlayRoot;
import dev.kapal.engine.files.TarIn;
import dev.kapal.engine.files.TarOut;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.store.ContainerRecord;
import dev.kapal.image.Image;
import dev.kapal.image.Snapshot;
import dev.kapal.image.SnapshotUsage;
import dev.kapal.image.Snapshotter;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.MountInfo;
import dev.kapal.linux.Stat;
import dev.kapal.oci.ContainerConfig;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Reference;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Files of containers for cp, export, diff and commit. Of one that runs they are reached through
 * its process's root, mounts included; of one that does not, through an overlay that nobody else
 * sees, with its volumes and binds looked up in their own places.
 */
final class ContainerFileAccess {
  /** What every container has mounts over; made where an image lacks it, and no change of it. */
  static final Set<String> HOLLOW =
      Set.of("/dev", "/proc", "/sys", "/etc", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf");

  private final Hub hub;

  ContainerFileAccess(Hub hub) {
    this.hub = hub;
  }

  /**
   * A root, and a path below it.
   *
   * @param ids how owners show there: on disk as the container sees them
   */
  private record Place(Fd root, String path, Ids ids, AutoCloseable owner)
      implements AutoCloseable {
    @Override
    public void close() {
      try {
        owner.close();
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** What is done at a place. */
  @FunctionalInterface
  private interface Action<T> {
    T run(Place place) throws IOException;
  }

  private <T> T at(Entry e, String path, String what, Action<T> action) {
    if (path.indexOf('\0') >= 0 || path.length() > 4096) {
      throw new EngineException.InvalidArgument(
          "path of container " + e.name() + " is not valid: it is too long or has a NUL");
    }
    Optional<Live> live = e.live.filter(l -> e.state.phase().alive());
    if (live.isPresent()) {
      return within(e, live, path, what, action);
    }
    // Nobody starts it while its files are mounted here.
    e.lock.lock();
    try {
      return within(e, e.live.filter(l -> e.state.phase().alive()), path, what, action);
    } finally {
      e.lock.unlock();
    }
  }

  private <T> T within(Entry e, Optional<Live> live, String path, String what, Action<T> action) {
    try (Place p = live.isPresent() ? running(e, live.get(), path) : stopped(e, path)) {
      return FileOwner.call(hub.linux, p.ids(), () -> action.run(p));
    } catch (ErrnoException ex) {
      if (ex.is(Errno.ENOENT, Errno.ENOTDIR)) {
        throw new EngineException.NotFound(
            "container " + e.name() + " has no path \"" + path + "\"", ex);
      }
      throw Failures.of(what + " of container " + e.name(), ex);
    } catch (IOException ex) {
      throw new EngineException.InvalidArgument(
          what + " of container " + e.name() + ": " + ex.getMessage(), ex);
    } catch (dev.kapal.image.ImageException ex) {
      throw Failures.of(what + " of container " + e.name(), ex);
    }
  }

  private Place running(Entry e, Live live, String path) {
    Fd root =
        hub.linux
            .descriptors()
            .open("/proc/" + live.container().pid() + "/root", Fcntl.O_PATH | Fcntl.O_DIRECTORY);
    // The process was there before the descriptor and is there after it: it is its root.
    if (live.container().exitStatus().isPresent()) {
      root.close();
      throw new EngineException.Conflict("container " + e.name() + " ended meanwhile: try again");
    }
    return new Place(root, path, Ids.of(e.record.spec().namespaces()), root);
  }

  private Place stopped(Entry e, String path) {
    String clean = ConfigBuilder.clean(path);
    Optional<MountSpec> in =
        e.record.mountSpecs().stream()
            .filter(m -> m.type() != MountSpec.Type.TMPFS && m.subpath().isEmpty())
            .filter(m -> {
              String t = ConfigBuilder.clean(m.target());
              return clean.equals(t) || clean.startsWith(t + "/");
            })
            .max((a, b) -> a.target().length() - b.target().length());
    if (in.isPresent()) {
      MountSpec m = in.get();
      String source =
          m.type() == MountSpec.Type.VOLUME
              ? hub.layout.volumeData(m.source()).toString()
              : m.source();
      Fd root = hub.linux.descriptors().open(source, Fcntl.O_PATH);
      if (hub.linux.descriptors().fstat(root).isDirectory()) {
        String rest = clean.substring(ConfigBuilder.clean(m.target()).length());
        Ids ids =
            m.type() == MountSpec.Type.VOLUME ? Ids.SAME : Ids.of(e.record.spec().namespaces());
        return new Place(root, rest.isEmpty() ? "/" : rest + trailing(path), ids, root);
      }
      root.close();
    }
    Snapshot s = snapshot(e);
    OverlayRoot root = OverlayRoot.ofContainer(hub.linux, s, hub.layout.scratch());
    return new Place(root.root(), path, Ids.SAME, root);
  }

  private static String trailing(String path) {
    return path.endsWith("/") ? "/" : path.endsWith("/.") ? "/." : "";
  }

  private Snapshot snapshot(Entry e) {
    return hub.images
        .snapshots()
        .find(e.id)
        .orElseThrow(() ->
            new EngineException.SystemFailure(
                "the files of container " + e.name() + " are gone: remove it"));
  }

  private static boolean followsLast(String path) {
    return path.endsWith("/") || path.endsWith("/.") || path.equals(".") || path.isEmpty();
  }

  private static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash <= 0 ? "/" : path.substring(0, slash);
  }

  private static String base(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  PathStat stat(Entry e, String path) {
    return at(e, path, "cannot look at \"" + path + "\"", p -> statAt(p));
  }

  private PathStat statAt(Place p) {
    String path = p.path();
    if (followsLast(path) || base(path).equals("..")) {
      try (Fd d = hub.linux.descriptors().openInRoot(p.root(), slash(path), Fcntl.O_PATH)) {
        String name = base(ConfigBuilder.clean(path));
        return describe(
            name.isEmpty() ? "/" : name, hub.linux.descriptors().fstat(d), Optional.empty());
      }
    }
    try (Fd dir =
        hub.linux
            .descriptors()
            .openInRoot(p.root(), parent(path), Fcntl.O_PATH | Fcntl.O_DIRECTORY)) {
      Stat s = hub.linux.descriptors().fstatat(dir, base(path), Fcntl.AT_SYMLINK_NOFOLLOW);
      Optional<String> target = Optional.empty();
      if (s.isSymlink()) {
        String t = hub.linux.descriptors().readlinkat(dir, base(path));
        target = Optional.of(ConfigBuilder.clean(t.startsWith("/") ? t : parent(path) + "/" + t));
      }
      return describe(base(path), s, target);
    }
  }

  private static String slash(String path) {
    return path.isEmpty() ? "/" : path;
  }

  private static PathStat describe(String name, Stat s, Optional<String> target) {
    return new PathStat(name, s.size(), s.mode(), s.mtime().instant(), target);
  }

  PathStat copyFrom(Entry e, String path, OutputStream out) {
    return at(
        e,
        path,
        "cannot copy \"" + path + "\"",
        p -> {
          PathStat s = statAt(p);
          TarOut tar = new TarOut(hub.linux.descriptors(), out, p.ids(), Set.of());
          if (followsLast(p.path())) {
            try (Fd d =
                hub.linux
                    .descriptors()
                    .openInRoot(p.root(), slash(p.path()), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
              tar.directory(d, s.name().equals("/") ? "." : s.name(), "");
            }
          } else {
            try (Fd dir =
                hub.linux
                    .descriptors()
                    .openInRoot(p.root(), parent(p.path()), Fcntl.O_PATH | Fcntl.O_DIRECTORY)) {
              tar.one(dir, base(p.path()), base(p.path()), "");
            }
          }
          return s;
        });
  }

  void copyTo(
      Entry e, String path, InputStream in, boolean keepOwner, boolean noOverwriteDirNonDir) {
    refuseReadOnly(e, path);
    at(
        e,
        path,
        "cannot copy to \"" + path + "\"",
        p -> {
          // It must be there, and a directory.
          try (Fd d =
              hub.linux
                  .descriptors()
                  .openInRoot(p.root(), slash(p.path()), Fcntl.O_PATH | Fcntl.O_DIRECTORY)) {
            new TarIn(
                    hub.linux.descriptors(),
                    p.root(),
                    p.path().replaceAll("/+$", ""),
                    p.ids(),
                    keepOwner,
                    noOverwriteDirNonDir)
                .unpack(in);
            return d.isOpen();
          }
        });
  }

  /** We are root: what is read-only for the container would be none for us in a stopped one. */
  private static void refuseReadOnly(Entry e, String path) {
    String clean = ConfigBuilder.clean(path);
    Optional<MountSpec> in =
        e.record.mountSpecs().stream()
            .filter(m -> {
              String t = ConfigBuilder.clean(m.target());
              return clean.equals(t) || clean.startsWith(t + "/");
            })
            .max((a, b) -> a.target().length() - b.target().length());
    boolean readOnly = in.map(MountSpec::readOnly).orElse(e.record.spec().storage().readOnlyRoot());
    if (readOnly) {
      throw new EngineException.Conflict(
          "\"" + path + "\" of container " + e.name() + " is read-only: copy to another place");
    }
  }

  void export(Entry e, OutputStream out) {
    at(
        e,
        "/",
        "cannot export the files",
        p -> {
          Set<String> mounts =
              e.live
                  .filter(l -> e.state.phase().alive())
                  .map(l -> mountPoints(l.container().pid()))
                  .orElse(Set.of());
          try (Fd d =
              hub.linux
                  .descriptors()
                  .openInRoot(p.root(), "/", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
            new TarOut(hub.linux.descriptors(), out, p.ids(), mounts).contents(d);
          }
          return true;
        });
  }

  private Set<String> mountPoints(int pid) {
    return hub.linux.mounts().mountInfo(pid).stream()
        .map(MountInfo::mountPoint)
        .filter(m -> !m.equals("/"))
        .collect(Collectors.toSet());
  }

  List<Change> diff(Entry e) {
    try {
      return hub.images.snapshots().changes(e.id, HOLLOW).stream()
          .map(c ->
              new Change(
                  switch (c.kind()) {
                    case ADDED -> Change.Kind.ADDED;
                    case CHANGED -> Change.Kind.CHANGED;
                    case DELETED -> Change.Kind.DELETED;
                  },
                  c.path()))
          .toList();
    } catch (RuntimeException ex) {
      throw Failures.of("cannot compare container " + e.name() + " with its image", ex);
    }
  }

  DiskUse size(Entry e) {
    try {
      SnapshotUsage writable = hub.images.snapshots().usage(e.id);
      long image = hub.images.find(e.record.imageId()).map(Image::size).orElse(0L);
      boolean whole = snapshot(e).snapshotter() == Snapshotter.COPY;
      return new DiskUse(
          writable.bytes(), writable.bytes() + (whole ? 0 : image), writable.inodes());
    } catch (RuntimeException ex) {
      throw Failures.of("cannot measure container " + e.name(), ex);
    }
  }

  String commit(Entry e, CommitRequest r) {
    ContainerRecord c = e.record;
    try {
      ContainerConfig image =
          hub.images.find(c.imageId()).map(i -> i.config().config()).orElse(ContainerConfig.EMPTY);
      Set<String> volumes = new LinkedHashSet<>(image.volumes());
      ContainerConfig config =
          new ContainerConfig(
              c.process().user(),
              new LinkedHashSet<>(c.exposed()),
              c.process().env(),
              c.process().entrypoint(),
              c.process().command(),
              volumes,
              c.process().workdir(),
              c.labels(),
              c.stopSignal().equals("SIGTERM") ? image.stopSignal() : c.stopSignal(),
              false,
              image.healthcheck(),
              image.shell(),
              image.onBuild());
      return hub.images
          .commit(
              new dev.kapal.image.CommitRequest(
                  c.id(),
                  HOLLOW,
                  Digest.parse(c.imageId()),
                  Optional.of(config),
                  r.changes(),
                  r.reference().map(Reference::parse),
                  r.author(),
                  r.message()))
          .id()
          .toString();
    } catch (RuntimeException ex) {
      throw Failures.of("cannot commit container " + e.name(), ex);
    }
  }
}
