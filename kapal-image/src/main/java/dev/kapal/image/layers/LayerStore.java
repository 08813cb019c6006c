package dev.kapal.image.layers;

import dev.kapal.image.ImageException;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.ProgressListener.State;
import dev.kapal.image.store.DurableFiles;
import dev.kapal.image.store.FileContentStore;
import dev.kapal.image.store.RestartedException;
import dev.kapal.image.tar.TarLimits;
import dev.kapal.image.unpack.LayerStack;
import dev.kapal.image.unpack.LayerUnpack;
import dev.kapal.image.unpack.Placed;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.DirEntry;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.FaultPoint;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.oci.Digest;
import dev.kapal.oci.OciException;
import dev.kapal.oci.OciJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The unpacked layers: {@code layers/CHAIN/fs}, where CHAIN is the beginning of the chain id
 * (short, since mount(2) takes one page of options; the whole is in {@code meta.json}).
 *
 * <p>A layer is unpacked into {@code tmp-…} and renamed when it is whole. Data reach the disk in
 * the background: a layer that was not marked as synced is dropped after a reboot, and unpacked
 * again from its blob when it is needed.
 */
public final class LayerStore implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(LayerStore.class.getName());
  private static final int OPEN = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC;
  private static final String META = "meta.json";
  private static final String SYNCED = "synced";
  private static final int PARALLEL = 8;

  private final Path root;
  private final Descriptors calls;
  private final FileContentStore content;
  private final TarLimits limits;
  private final Fd directory;
  private final Trash trash;
  private final String bootId;
  private final AtomicLong temporary = new AtomicLong();
  private final ConcurrentHashMap<Digest, LayerMeta> layers = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Digest, CompletableFuture<LayerMeta>> flights =
      new ConcurrentHashMap<>();
  private final Semaphore permits = new Semaphore(PARALLEL);
  private final ExecutorService background =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("layer-sync").factory());

  /** Opens the layers in a directory, and clears away what a crash left. */
  public LayerStore(Path root, Descriptors calls, FileContentStore content, TarLimits limits)
      throws IOException {
    this.root = root.resolve("layers");
    this.calls = calls;
    this.content = content;
    this.limits = limits;
    DurableFiles.directory(this.root);
    Path garbage = root.resolve("trash");
    DurableFiles.directory(garbage);
    this.bootId = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    this.directory = calls.open(this.root.toString(), OPEN);
    this.trash = new Trash(calls, calls.open(garbage.toString(), OPEN));
    for (DirEntry entry : calls.list(directory)) {
      adopt(entry.name());
    }
  }

  /** Has removed what was taken out by processes that are gone, and by opening the store. */
  void emptyTrash() {
    background.execute(trash::empty);
  }

  private void adopt(String name) {
    Path layer = root.resolve(name);
    boolean synced = Files.exists(layer.resolve(SYNCED));
    Optional<LayerMeta> meta =
        readMeta(layer)
            .filter(m -> name.equals(shortName(m.chainId())))
            .filter(m -> synced || m.bootId().equals(bootId))
            .filter(m -> Files.isDirectory(layer.resolve("fs")));
    if (meta.isEmpty()) {
      trash.take(directory, name);
      return;
    }
    layers.put(meta.get().chainId(), meta.get());
    if (!synced) {
      background.execute(() -> sync(meta.get().chainId()));
    }
  }

  private static Optional<LayerMeta> readMeta(Path layer) {
    try {
      return Optional.of(OciJson.read(Files.readAllBytes(layer.resolve(META)), LayerMeta.class));
    } catch (IOException | OciException _) {
      return Optional.empty();
    }
  }

  private static String shortName(Digest chainId) {
    return chainId.hex().substring(0, 24);
  }

  /** The directory that all layers are in. */
  public Path directory() {
    return root;
  }

  /** Where this layer's files are. */
  public Path fs(Digest chainId) {
    return root.resolve(shortName(chainId)).resolve("fs");
  }

  /** The layer, if it is unpacked. */
  public Optional<LayerMeta> find(Digest chainId) {
    return Optional.ofNullable(layers.get(chainId));
  }

  /** All unpacked layers. */
  public List<LayerMeta> list() {
    return List.copyOf(layers.values());
  }

  Trash trash() {
    return trash;
  }

  /** Opens the layers of a chain, topmost first; the caller closes them. */
  List<Fd> open(List<Digest> topFirst) {
    List<Fd> open = new ArrayList<>();
    try {
      for (Digest chain : topFirst) {
        open.add(calls.openat(directory, shortName(chain) + "/fs", OPEN));
      }
      return open;
    } catch (ErrnoException e) {
      open.forEach(Fd::close);
      throw new ImageException.Damaged(
          "a layer is missing (" + e.getMessage() + "): run \"kapal system check --repair\"");
    }
  }

  /** The chain down from a layer, topmost first. */
  public List<Digest> chain(Optional<Digest> top) {
    List<Digest> all = new ArrayList<>();
    Optional<Digest> at = top;
    while (at.isPresent()) {
      Digest id = at.get();
      all.add(id);
      at =
          find(id)
              .orElseThrow(() -> new ImageException.Damaged("the layer " + id + " is not unpacked"))
              .parent();
    }
    return all;
  }

  /**
   * Has a layer unpacked: at once if it is, with whoever is unpacking it now, or here. Its blob may
   * still be on its way.
   *
   * @param parent the layer below, on its way too
   */
  public LayerMeta ensure(
      LayerSpec spec, Optional<CompletableFuture<LayerMeta>> parent, ProgressListener progress) {
    while (true) {
      Optional<LayerMeta> there = find(spec.chainId());
      if (there.isPresent()) {
        return there.get();
      }
      CompletableFuture<LayerMeta> mine = new CompletableFuture<>();
      CompletableFuture<LayerMeta> other = flights.putIfAbsent(spec.chainId(), mine);
      if (other == null) {
        return lead(spec, parent, progress, mine);
      }
      try {
        return await(other);
      } catch (ImageException e) {
        if (Thread.currentThread().isInterrupted() || !wasInterrupted(e)) {
          throw e;
        }
        // Whoever unpacked it was told to stop; that is no reason for us to.
      }
    }
  }

  private LayerMeta lead(
      LayerSpec spec,
      Optional<CompletableFuture<LayerMeta>> parent,
      ProgressListener progress,
      CompletableFuture<LayerMeta> mine) {
    try {
      Optional<LayerMeta> meanwhile = find(spec.chainId());
      LayerMeta meta = meanwhile.isPresent() ? meanwhile.get() : unpack(spec, parent, progress);
      mine.complete(meta);
      return meta;
    } catch (RuntimeException | Error e) {
      mine.completeExceptionally(e);
      throw e;
    } finally {
      flights.remove(spec.chainId(), mine);
    }
  }

  private static boolean wasInterrupted(Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof InterruptedException || t instanceof java.io.InterruptedIOException) {
        return true;
      }
    }
    return false;
  }

  /** Waits for another thread's work and fails as it failed. */
  public static <T> T await(CompletableFuture<T> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ImageException.Failed("interrupted while waiting for a layer", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new ImageException.Failed("cannot unpack a layer: " + e.getMessage(), e);
    }
  }

  private LayerMeta unpack(
      LayerSpec spec, Optional<CompletableFuture<LayerMeta>> parent, ProgressListener progress) {
    while (true) {
      String name = "tmp-" + ProcessHandle.current().pid() + "-" + temporary.incrementAndGet();
      try {
        return unpackInto(name, spec, parent, progress);
      } catch (ImageException e) {
        if (!(e.getCause() instanceof IOException io
            && (io instanceof RestartedException || io.getCause() instanceof RestartedException))) {
          throw e;
        }
      } finally {
        if (calls.lstatIfExists(directory, name).isPresent()) {
          trash.remove(trash.take(directory, name));
        }
      }
    }
  }

  private LayerMeta unpackInto(
      String name,
      LayerSpec spec,
      Optional<CompletableFuture<LayerMeta>> parent,
      ProgressListener progress) {
    try {
      calls.mkdirat(directory, name, 0700);
      calls.mkdirat(directory, name + "/fs", 0755);
      FaultPoint.reach("unpack.begun");
      try (Fd fs = calls.openat(directory, name + "/fs", OPEN);
          LayerUnpack unpack = new LayerUnpack(calls, fs, limits)) {
        Placed placed = stream(unpack, spec, progress);
        FaultPoint.reach("unpack.placed");
        if (!placed.diffId().equals(spec.diffId())) {
          throw new ImageException.Refused(
              "layer "
                  + spec.blob().digest()
                  + " unpacks to "
                  + placed.diffId()
                  + ", but the image's configuration says "
                  + spec.diffId());
        }
        parent.ifPresent(LayerStore::await);
        List<Fd> below = open(chain(spec.parent()));
        try {
          unpack.finish(new LayerStack(calls, below));
        } finally {
          below.forEach(Fd::close);
        }
        FaultPoint.reach("unpack.completed");
        return publish(name, spec, placed, fs);
      }
    } catch (ErrnoException e) {
      throw new ImageException.Failed(
          "cannot unpack layer " + spec.diffId() + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new ImageException.Failed(
          "cannot keep layer " + spec.diffId() + ": " + e.getMessage(), e);
    }
  }

  private Placed stream(LayerUnpack unpack, LayerSpec spec, ProgressListener progress) {
    try {
      permits.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ImageException.Failed("interrupted before unpacking a layer", e);
    }
    try {
      InputStream in = content.follow(spec.blob().digest());
      long total = spec.blob().size();
      Digest blob = spec.blob().digest();
      return unpack.stream(
          new CountingStream(
              in,
              done -> progress.on(new ProgressListener.Layer(blob, State.EXTRACTING, done, total))),
          spec.diffId().shortHex());
    } finally {
      permits.release();
    }
  }

  private LayerMeta publish(String name, LayerSpec spec, Placed placed, Fd fs) throws IOException {
    LayerMeta meta =
        new LayerMeta(
            spec.chainId(),
            spec.parent(),
            spec.diffId(),
            placed.tarBytes(),
            placed.fileBytes(),
            TreeCount.of(calls, fs).inodes(),
            bootId);
    DurableFiles.replaceQuickly(root.resolve(name).resolve(META), OciJson.write(meta));
    FaultPoint.reach("unpack.described");
    String target = shortName(spec.chainId());
    if (calls.lstatIfExists(directory, target).isPresent()) {
      // Two chains with the same 96 first bits are no accident.
      if (layers.keySet().stream().anyMatch(id -> shortName(id).equals(target))) {
        throw new ImageException.Refused(
            "layer " + spec.chainId() + " collides with another layer of this store");
      }
      trash.remove(trash.take(directory, target));
    }
    calls.renameat(directory, name, directory, target);
    FaultPoint.reach("unpack.renamed");
    layers.put(spec.chainId(), meta);
    background.execute(() -> sync(spec.chainId()));
    return meta;
  }

  private void sync(Digest chainId) {
    Path layer = root.resolve(shortName(chainId));
    try {
      if (layers.containsKey(chainId) && !Files.exists(layer.resolve(SYNCED))) {
        calls.syncfs(directory);
        FaultPoint.reach("unpack.synced");
        DurableFiles.replace(layer.resolve(SYNCED), bootId.getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException | ErrnoException e) {
      LOG.log(System.Logger.Level.DEBUG, "layer not marked as synced: " + e.getMessage());
    }
  }

  /** Takes a layer out; call the result to have its files removed. */
  public Runnable remove(Digest chainId) {
    LayerMeta meta = layers.remove(chainId);
    String name = shortName(chainId);
    if (meta == null && calls.lstatIfExists(directory, name).isEmpty()) {
      return () -> {};
    }
    String taken = trash.take(directory, name);
    FaultPoint.reach("layer.taken");
    return () -> trash.remove(taken);
  }

  /** Whether the layer's files are all there, as far as their number tells. */
  public boolean intact(LayerMeta meta) {
    try (Fd fs = calls.openat(directory, shortName(meta.chainId()) + "/fs", OPEN)) {
      return TreeCount.of(calls, fs).inodes() == meta.inodes();
    } catch (ErrnoException _) {
      return false;
    }
  }

  @Override
  public void close() {
    background.shutdownNow();
    trash.close();
    directory.close();
  }
}
