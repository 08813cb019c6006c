package dev.kapal.image.layers;

import dev.kapal.image.Change;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.Snapshot;
import dev.kapal.image.SnapshotOptions;
import dev.kapal.image.SnapshotUsage;
import dev.kapal.image.Snapshots;
import dev.kapal.image.Snapshotter;
import dev.kapal.image.store.DurableFiles;
import dev.kapal.image.unpack.Flatten;
import dev.kapal.image.unpack.LayerStack;
import dev.kapal.image.unpack.MergedLayers;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.IdMapping;
import dev.kapal.linux.Stat;
import dev.kapal.oci.Digest;
import dev.kapal.oci.OciException;
import dev.kapal.oci.OciJson;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Containers' files: {@code containers/KEY/} with {@code fs}, {@code work} and {@code meta.json};
 * copies in {@code containers-copy/KEY/}, without {@code work}. A snapshot keeps its image's
 * layers, whatever becomes of the image.
 */
public final class SnapshotStore implements Snapshots, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(SnapshotStore.class.getName());
  private static final int OPEN = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC;
  private static final Pattern KEY = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}");

  private final List<SnapshotSpace> spaces = new ArrayList<>();
  private final Descriptors calls;
  private final LayerStore layers;
  private final ReadWriteLock lock;
  private final Consumer<Digest> ensureUnpacked;
  private final Consumer<Digest> released;
  private final AtomicLong temporary = new AtomicLong();
  private final ConcurrentHashMap<String, Held> snapshots = new ConcurrentHashMap<>();

  /** Of snapshots that are being made: their layers must stay. */
  private final ConcurrentHashMap<String, SnapshotMeta> coming = new ConcurrentHashMap<>();

  /** A snapshot and where it is. */
  private record Held(SnapshotMeta meta, SnapshotSpace space) {}

  /**
   * Opens the snapshots in a directory.
   *
   * @param lock held for reading while a snapshot is made, for writing while layers are collected
   * @param ensureUnpacked unpacks what is missing of an image
   * @param released told the image of each snapshot that was removed
   */
  public SnapshotStore(
      Path root,
      Descriptors calls,
      LayerStore layers,
      ReadWriteLock lock,
      Consumer<Digest> ensureUnpacked,
      Consumer<Digest> released)
      throws IOException {
    this.calls = calls;
    this.layers = layers;
    this.lock = lock;
    this.ensureUnpacked = ensureUnpacked;
    this.released = released;
    for (Snapshotter snapshotter : Snapshotter.values()) {
      SnapshotSpace space = SnapshotSpace.open(calls, root, snapshotter);
      spaces.add(space);
      for (DirEntry entry : calls.list(space.directory())) {
        adopt(space, entry.name());
      }
    }
    layers.emptyTrash();
  }

  private void adopt(SnapshotSpace space, String name) {
    // "~" cannot begin a key: what has it is half-made or half-removed.
    if (name.startsWith("~")) {
      layers.trash().take(space.directory(), name);
      return;
    }
    try {
      byte[] json = Files.readAllBytes(space.root().resolve(name).resolve("meta.json"));
      SnapshotMeta meta = OciJson.read(json, SnapshotMeta.class);
      snapshots.put(meta.key(), new Held(meta, space));
    } catch (IOException | OciException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "the snapshot " + name + " is left alone, its description is damaged: " + e.getMessage());
    }
  }

  /** Chains that snapshots need. */
  public Set<Digest> tops() {
    Set<Digest> tops = new HashSet<>();
    coming.values().forEach(meta -> meta.top().ifPresent(tops::add));
    snapshots.values().forEach(held -> held.meta().top().ifPresent(tops::add));
    return tops;
  }

  /** Directories that are no proper snapshots. */
  public List<String> damaged() {
    List<String> names = new ArrayList<>();
    for (SnapshotSpace space : spaces) {
      try (Fd again = calls.openat(space.directory(), ".", OPEN)) {
        for (DirEntry entry : calls.list(again)) {
          boolean held =
              Optional.ofNullable(snapshots.get(entry.name()))
                  .filter(h -> h.space().equals(space))
                  .isPresent();
          if (!held && !entry.name().startsWith("~")) {
            names.add(space.root().getFileName() + "/" + entry.name());
          }
        }
      }
    }
    return names;
  }

  @Override
  public Snapshot prepare(String key, Image image, SnapshotOptions options) {
    checkKey(key);
    ensureUnpacked.accept(image.id());
    SnapshotSpace space = space(options.snapshotter());
    String name = "~" + temporary.incrementAndGet() + "-" + key;
    Optional<Digest> top =
        Chain.ids(image.config().rootfs().diffIds()).stream().reduce((a, b) -> b);
    SnapshotMeta meta = new SnapshotMeta(key, image.id(), top);
    List<Digest> chain = reserve(name, meta);
    try {
      calls.mkdirat(space.directory(), name, 0700);
      calls.mkdirat(space.directory(), name + "/fs", 0755);
      FaultPoint.reach("snapshot.begun");
      try (Fd upper = calls.openat(space.directory(), name + "/fs", OPEN)) {
        fill(space, name, upper, chain, options);
      }
      Path draft = space.root().resolve(name);
      if (options.durable()) {
        DurableFiles.replace(draft.resolve("meta.json"), OciJson.write(meta));
      } else {
        DurableFiles.replaceQuickly(draft.resolve("meta.json"), OciJson.write(meta));
      }
      FaultPoint.reach("snapshot.described");
      if (snapshots.containsKey(key)) {
        throw taken(key); // of another snapshotter, made meanwhile
      }
      calls.renameat2(space.directory(), name, space.directory(), key, Fcntl.RENAME_NOREPLACE);
      FaultPoint.reach("snapshot.renamed");
      if (options.durable()) {
        DurableFiles.syncDirectory(space.root());
      }
      Held held = new Held(meta, space);
      snapshots.put(key, held);
      return snapshot(held, chain);
    } catch (ImageException e) {
      discard(space, name);
      throw e;
    } catch (ErrnoException | IOException e) {
      discard(space, name);
      if (e instanceof ErrnoException errno && errno.is(Errno.EEXIST, Errno.ENOTEMPTY)) {
        throw taken(key);
      }
      throw new ImageException.Failed(
          "cannot make the snapshot \"" + key + "\": " + e.getMessage(), e);
    } finally {
      coming.remove(name);
    }
  }

  /** Keeps collections from the layers; copying them may take long, so it holds no lock. */
  private List<Digest> reserve(String name, SnapshotMeta meta) {
    lock.readLock().lock();
    try {
      if (snapshots.containsKey(meta.key())) {
        throw taken(meta.key());
      }
      List<Digest> chain = layers.chain(meta.top());
      coming.put(name, meta);
      return chain;
    } finally {
      lock.readLock().unlock();
    }
  }

  private static ImageException.Conflict taken(String key) {
    return new ImageException.Conflict("there is a snapshot \"" + key + "\" already");
  }

  private SnapshotSpace space(Snapshotter snapshotter) {
    return spaces.stream().filter(s -> s.snapshotter() == snapshotter).findFirst().orElseThrow();
  }

  private void fill(
      SnapshotSpace space, String name, Fd upper, List<Digest> chain, SnapshotOptions options) {
    switch (space.snapshotter()) {
      case OVERLAY -> {
        calls.mkdirat(space.directory(), name + "/work", 0700);
        rootAttributes(upper, chain, options);
      }
      case COPY -> {
        if (!options.uids().isEmpty() || !options.gids().isEmpty()) {
          throw new ImageException.BadRequest(
              "the snapshotter copy maps no ids: use overlay, or no user namespace");
        }
        List<Fd> open = layers.open(chain);
        try {
          new Flatten(calls, open, upper).run();
        } finally {
          open.forEach(Fd::close);
        }
        if (options.durable()) {
          calls.syncfs(upper);
        }
      }
    }
  }

  private void discard(SnapshotSpace space, String name) {
    if (calls.lstatIfExists(space.directory(), name).isPresent()) {
      layers.trash().remove(layers.trash().take(space.directory(), name));
    }
  }

  private static void checkKey(String key) {
    if (!KEY.matcher(key).matches()) {
      throw new ImageException.BadRequest("\"" + key + "\" cannot be the key of a snapshot");
    }
  }

  /** Overlayfs shows the upper directory's own attributes as those of the root. */
  private void rootAttributes(Fd upper, List<Digest> chain, SnapshotOptions options) {
    long uid = 0;
    long gid = 0;
    int mode = 0755;
    if (!chain.isEmpty()) {
      List<Fd> lower = layers.open(chain.subList(0, 1));
      try {
        Stat stat = calls.fstat(lower.get(0));
        uid = stat.uid();
        gid = stat.gid();
        mode = stat.permissions();
      } finally {
        lower.forEach(Fd::close);
      }
    }
    calls.fchown(upper, map(options.uids(), uid), map(options.gids(), gid));
    calls.fchmod(upper, mode);
  }

  private static long map(List<IdMapping> mappings, long id) {
    for (IdMapping mapping : mappings) {
      if (id >= mapping.inside() && id - mapping.inside() < mapping.length()) {
        return mapping.outside() + id - mapping.inside();
      }
    }
    return id;
  }

  private Snapshot snapshot(Held held, List<Digest> chain) {
    SnapshotMeta meta = held.meta();
    Path own = held.space().root().resolve(meta.key());
    List<Path> lower = chain.stream().map(layers::fs).toList();
    return new Snapshot(
        meta.key(),
        meta.image(),
        held.space().snapshotter(),
        lower,
        layers.directory(),
        own.resolve("fs"),
        own.resolve("work"));
  }

  @Override
  public Optional<Snapshot> find(String key) {
    Held held = snapshots.get(key);
    if (held == null) {
      return Optional.empty();
    }
    SnapshotMeta meta = held.meta();
    if (meta.top().isPresent() && layers.find(meta.top().get()).isEmpty()) {
      ensureUnpacked.accept(meta.image()); // lost in a power failure
    }
    return Optional.of(snapshot(held, layers.chain(meta.top())));
  }

  private Held get(String key) {
    Held held = snapshots.get(key);
    if (held == null) {
      throw new ImageException.NotFound("there is no snapshot \"" + key + "\"");
    }
    return held;
  }

  @Override
  public List<String> list() {
    return snapshots.keySet().stream().sorted().toList();
  }

  @Override
  public void remove(String key) {
    checkKey(key);
    for (SnapshotSpace space : spaces) {
      if (calls.lstatIfExists(space.directory(), key).isPresent()) {
        remove(space, key);
        return;
      }
    }
    snapshots.remove(key);
  }

  private void remove(SnapshotSpace space, String key) {
    try {
      String taken = layers.trash().take(space.directory(), key);
      FaultPoint.reach("snapshot.taken");
      Optional<Held> held = Optional.ofNullable(snapshots.remove(key));
      layers.trash().remove(taken);
      FaultPoint.reach("snapshot.removed");
      held.ifPresent(h -> released.accept(h.meta().image()));
    } catch (ErrnoException e) {
      throw new ImageException.Failed(
          "cannot remove the snapshot \"" + key + "\": " + e.getMessage(), e);
    }
  }

  @Override
  public SnapshotUsage usage(String key) {
    try (Fd upper = upper(get(key))) {
      TreeCount count = TreeCount.withBytes(calls, upper);
      return new SnapshotUsage(count.bytes(), count.inodes());
    } catch (ErrnoException e) {
      throw failed(key, e);
    }
  }

  private Fd upper(Held held) {
    return calls.openat(held.space().directory(), held.meta().key() + "/fs", OPEN);
  }

  @Override
  public List<Change> changes(String key, Set<String> hollow) {
    Held held = get(key);
    List<Fd> lower = layers.open(layers.chain(held.meta().top()));
    try (Fd upper = upper(held)) {
      return switch (held.space().snapshotter()) {
        case OVERLAY -> {
          LayerStack below = new LayerStack(calls, lower);
          yield new UpperChanges(calls, below, new Hollow(calls, below, hollow)).of(upper);
        }
        case COPY -> copyChanges(held, lower, upper, hollow).list();
      };
    } catch (ErrnoException e) {
      throw failed(key, e);
    } finally {
      lower.forEach(Fd::close);
    }
  }

  private CopyChanges copyChanges(Held held, List<Fd> lower, Fd upper, Set<String> hollow) {
    return new CopyChanges(
        calls,
        new MergedLayers(calls, lower),
        upper,
        new Hollow(calls, new LayerStack(calls, lower), hollow),
        calls.fstatat(held.space().directory(), held.meta().key() + "/meta.json", 0).mtime());
  }

  @Override
  public void diff(String key, Set<String> hollow, OutputStream layer) {
    Held held = get(key);
    List<Fd> lower = layers.open(layers.chain(held.meta().top()));
    try (Fd upper = upper(held)) {
      tar(held, lower, upper, hollow).writeTo(layer);
    } catch (ErrnoException | IOException e) {
      throw failed(key, e);
    } finally {
      lower.forEach(Fd::close);
    }
  }

  private UpperTar tar(Held held, List<Fd> lower, Fd upper, Set<String> hollow) {
    return switch (held.space().snapshotter()) {
      case OVERLAY -> {
        Hollow empty = new Hollow(calls, new LayerStack(calls, lower), hollow);
        yield new UpperTar(calls, upper, (d, n, p, s) -> !empty.is(d, n, p, s), Map.of());
      }
      case COPY -> {
        Map<String, Change.Kind> changes = copyChanges(held, lower, upper, hollow).find();
        yield new UpperTar(
            calls, upper, (d, n, p, s) -> changes.containsKey(p), CopyChanges.deleted(changes));
      }
    };
  }

  private static ImageException.Failed failed(String key, Exception e) {
    return new ImageException.Failed(
        "cannot read the snapshot \"" + key + "\": " + e.getMessage(), e);
  }

  @Override
  public void close() {
    spaces.forEach(SnapshotSpace::close);
  }
}
