package dev.kapal.image.layers;

import dev.kapal.image.Change;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.Snapshot;
import dev.kapal.image.SnapshotOptions;
import dev.kapal.image.SnapshotUsage;
import dev.kapal.image.Snapshots;
import dev.kapal.image.store.DurableFiles;
import dev.kapal.image.unpack.LayerStack;
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
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Containers' writable layers: {@code containers/KEY/} with {@code fs}, {@code work} and {@code
 * meta.json}. A snapshot keeps its image's layers, whatever becomes of the image.
 */
public final class SnapshotStore implements Snapshots, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(SnapshotStore.class.getName());
  private static final int OPEN = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC;
  private static final Pattern KEY = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}");

  private final Path root;
  private final Descriptors calls;
  private final LayerStore layers;
  private final ReadWriteLock lock;
  private final Consumer<Digest> ensureUnpacked;
  private final Consumer<Digest> released;
  private final Fd directory;
  private final AtomicLong temporary = new AtomicLong();
  private final ConcurrentHashMap<String, SnapshotMeta> snapshots = new ConcurrentHashMap<>();

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
    this.root = root.resolve("containers");
    this.calls = calls;
    this.layers = layers;
    this.lock = lock;
    this.ensureUnpacked = ensureUnpacked;
    this.released = released;
    DurableFiles.directory(this.root);
    this.directory = calls.open(this.root.toString(), OPEN);
    for (DirEntry entry : calls.list(directory)) {
      adopt(entry.name());
    }
    layers.emptyTrash();
  }

  private void adopt(String name) {
    // "~" cannot begin a key: what has it is half-made or half-removed.
    if (name.startsWith("~")) {
      layers.trash().take(directory, name);
      return;
    }
    try {
      byte[] json = Files.readAllBytes(root.resolve(name).resolve("meta.json"));
      SnapshotMeta meta = OciJson.read(json, SnapshotMeta.class);
      snapshots.put(meta.key(), meta);
    } catch (IOException | OciException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "the snapshot " + name + " is left alone, its description is damaged: " + e.getMessage());
    }
  }

  /** Chains that snapshots need. */
  public Set<Digest> tops() {
    Set<Digest> tops = new HashSet<>();
    snapshots.values().forEach(meta -> meta.top().ifPresent(tops::add));
    return tops;
  }

  /** Directories that are no proper snapshots. */
  public List<String> damaged() {
    List<String> names = new ArrayList<>();
    try (Fd again = calls.openat(directory, ".", OPEN)) {
      for (DirEntry entry : calls.list(again)) {
        if (!snapshots.containsKey(entry.name()) && !entry.name().startsWith("~")) {
          names.add(entry.name());
        }
      }
    }
    return names;
  }

  @Override
  public Snapshot prepare(String key, Image image, SnapshotOptions options) {
    checkKey(key);
    ensureUnpacked.accept(image.id());
    String name = "~" + temporary.incrementAndGet() + "-" + key;
    lock.readLock().lock();
    try {
      if (snapshots.containsKey(key)) {
        throw new ImageException.Conflict("there is a snapshot \"" + key + "\" already");
      }
      Optional<Digest> top =
          Chain.ids(image.config().rootfs().diffIds()).stream().reduce((a, b) -> b);
      SnapshotMeta meta = new SnapshotMeta(key, image.id(), top);
      List<Digest> chain = layers.chain(top);
      calls.mkdirat(directory, name, 0700);
      calls.mkdirat(directory, name + "/fs", 0755);
      calls.mkdirat(directory, name + "/work", 0700);
      FaultPoint.reach("snapshot.begun");
      try (Fd upper = calls.openat(directory, name + "/fs", OPEN)) {
        rootAttributes(upper, chain, options);
      }
      Path draft = root.resolve(name);
      if (options.durable()) {
        DurableFiles.replace(draft.resolve("meta.json"), OciJson.write(meta));
      } else {
        DurableFiles.replaceQuickly(draft.resolve("meta.json"), OciJson.write(meta));
      }
      FaultPoint.reach("snapshot.described");
      calls.renameat2(directory, name, directory, key, Fcntl.RENAME_NOREPLACE);
      FaultPoint.reach("snapshot.renamed");
      if (options.durable()) {
        DurableFiles.syncDirectory(root);
      }
      snapshots.put(key, meta);
      return snapshot(meta, chain);
    } catch (ErrnoException | IOException e) {
      discard(name);
      if (e instanceof ErrnoException errno && errno.is(Errno.EEXIST, Errno.ENOTEMPTY)) {
        throw new ImageException.Conflict("there is a snapshot \"" + key + "\" already");
      }
      throw new ImageException.Failed(
          "cannot make the snapshot \"" + key + "\": " + e.getMessage(), e);
    } finally {
      lock.readLock().unlock();
    }
  }

  private void discard(String name) {
    if (calls.lstatIfExists(directory, name).isPresent()) {
      layers.trash().remove(layers.trash().take(directory, name));
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

  private Snapshot snapshot(SnapshotMeta meta, List<Digest> chain) {
    Path own = root.resolve(meta.key());
    List<Path> lower = chain.stream().map(layers::fs).toList();
    return new Snapshot(
        meta.key(),
        meta.image(),
        lower,
        layers.directory(),
        own.resolve("fs"),
        own.resolve("work"));
  }

  @Override
  public Optional<Snapshot> find(String key) {
    SnapshotMeta meta = snapshots.get(key);
    if (meta == null) {
      return Optional.empty();
    }
    if (meta.top().isPresent() && layers.find(meta.top().get()).isEmpty()) {
      ensureUnpacked.accept(meta.image()); // lost in a power failure
    }
    return Optional.of(snapshot(meta, layers.chain(meta.top())));
  }

  private SnapshotMeta get(String key) {
    SnapshotMeta meta = snapshots.get(key);
    if (meta == null) {
      throw new ImageException.NotFound("there is no snapshot \"" + key + "\"");
    }
    return meta;
  }

  @Override
  public List<String> list() {
    return snapshots.keySet().stream().sorted().toList();
  }

  @Override
  public void remove(String key) {
    checkKey(key);
    if (calls.lstatIfExists(directory, key).isEmpty()) {
      snapshots.remove(key);
      return;
    }
    try {
      String taken = layers.trash().take(directory, key);
      FaultPoint.reach("snapshot.taken");
      Optional<SnapshotMeta> meta = Optional.ofNullable(snapshots.remove(key));
      layers.trash().remove(taken);
      FaultPoint.reach("snapshot.removed");
      meta.ifPresent(m -> released.accept(m.image()));
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

  private Fd upper(SnapshotMeta meta) {
    return calls.openat(directory, meta.key() + "/fs", OPEN);
  }

  @Override
  public List<Change> changes(String key, Set<String> hollow) {
    SnapshotMeta meta = get(key);
    List<Fd> lower = layers.open(layers.chain(meta.top()));
    try (Fd upper = upper(meta)) {
      LayerStack below = new LayerStack(calls, lower);
      return new UpperChanges(calls, below, new Hollow(calls, below, hollow)).of(upper);
    } catch (ErrnoException e) {
      throw failed(key, e);
    } finally {
      lower.forEach(Fd::close);
    }
  }

  @Override
  public void diff(String key, Set<String> hollow, OutputStream layer) {
    SnapshotMeta meta = get(key);
    List<Fd> lower = layers.open(layers.chain(meta.top()));
    try (Fd upper = upper(meta)) {
      new UpperTar(calls, upper, new Hollow(calls, new LayerStack(calls, lower), hollow))
          .writeTo(layer);
    } catch (ErrnoException | IOException e) {
      throw failed(key, e);
    } finally {
      lower.forEach(Fd::close);
    }
  }

  private static ImageException.Failed failed(String key, Exception e) {
    return new ImageException.Failed(
        "cannot read the snapshot \"" + key + "\": " + e.getMessage(), e);
  }

  @Override
  public void close() {
    directory.close();
  }
}
