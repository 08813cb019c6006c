package dev.kapal.image.local;

import dev.kapal.image.CheckReport;
import dev.kapal.image.CommitRequest;
import dev.kapal.image.ContentStore;
import dev.kapal.image.DiskUsage;
import dev.kapal.image.HistoryItem;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.ImageFilters;
import dev.kapal.image.Images;
import dev.kapal.image.ImportRequest;
import dev.kapal.image.LayerUse;
import dev.kapal.image.Lease;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.PruneRequest;
import dev.kapal.image.PullRequest;
import dev.kapal.image.PushRequest;
import dev.kapal.image.RemoveResult;
import dev.kapal.image.SaveRequest;
import dev.kapal.image.Snapshots;
import dev.kapal.image.layers.LayerMeta;
import dev.kapal.image.layers.LayerSpec;
import dev.kapal.image.layers.LayerStore;
import dev.kapal.image.layers.SnapshotStore;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Credentials;
import dev.kapal.image.store.DurableFiles;
import dev.kapal.image.store.FileContentStore;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The image store of one machine, in one directory that one process at a time may open:
 *
 * <pre>
 * images.json           names, replaced as a whole
 * content/blobs/…       verified content by digest
 * content/ingest/…      what is still arriving; a later pull goes on from there
 * layers/CHAIN/fs       unpacked layers
 * containers/KEY/fs     writable layers
 * containers-copy/KEY/fs  whole trees of containers of the snapshotter copy
 * trash/                what is being removed
 * </pre>
 *
 * Each step on disk is one rename, so a process killed at any instant leaves the state before or
 * after it, and files that the next start knows to be garbage.
 */
public final class LocalImages implements Images {
  private static final System.Logger LOG = System.getLogger(LocalImages.class.getName());
  private static final Duration DAY = Duration.ofDays(1);

  private final FileChannel lockFile;
  private final StoreParts parts;
  private final SnapshotStore snapshots;
  private final ImageFinder finder;
  private final Installer installer;
  private final Puller puller;
  private final Pusher pusher;
  private final ArchiveLoader loader;
  private final Committer committer;
  private final Collector collector;
  private final Remover remover;
  private final Checker checker;
  private final UsageReport usage;
  private final LocalImagesConfig config;
  private final ScheduledExecutorService housekeeping =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("image-housekeeping").factory());

  /** Whether this store is to hold the embedded image. */
  private volatile boolean holdsEmbedded;

  /**
   * Opens a store.
   *
   * @throws ImageException.Conflict if another process has it open
   * @throws ImageException.Failed if the directory cannot be used
   */
  public static LocalImages open(LocalImagesConfig config) {
    try {
      return new LocalImages(config);
    } catch (IOException e) {
      throw new ImageException.Failed(
          "cannot open the image store " + config.root() + ": " + e.getMessage(), e);
    }
  }

  private LocalImages(LocalImagesConfig config) throws IOException {
    this.config = config;
    Path root = config.root().toAbsolutePath();
    DurableFiles.directory(root);
    this.lockFile = lock(root);
    FileContentStore content = new FileContentStore(root.resolve("content"));
    LayerStore layers = new LayerStore(root, config.calls(), content, config.limits());
    this.parts =
        new StoreParts(
            content,
            layers,
            new Catalogue(root.resolve("images.json")),
            new ReentrantReadWriteLock(),
            config.users(),
            config.calls(),
            new ConcurrentHashMap<>());
    this.snapshots =
        new SnapshotStore(
            root, config.calls(), layers, parts.lock(), this::ensureUnpacked, this::released);
    this.finder = new ImageFinder(parts);
    this.installer = new Installer(parts);
    this.puller = new Puller(parts, finder, installer, config.registries());
    this.pusher = new Pusher(parts, config.registries());
    this.loader = new ArchiveLoader(parts, installer);
    this.committer = new Committer(parts, installer, snapshots);
    this.collector = new Collector(parts, snapshots, config.grace());
    this.remover = new Remover(parts, finder, collector);
    this.checker = new Checker(parts, installer, snapshots);
    this.usage = new UsageReport(parts, snapshots);
    housekeeping.execute(() -> keepHouse(collector::finish));
    var _ =
        housekeeping.scheduleWithFixedDelay(
            () -> keepHouse(collector::collectAll), 1, DAY.toMinutes(), TimeUnit.MINUTES);
  }

  private static FileChannel lock(Path root) throws IOException {
    FileChannel channel =
        FileChannel.open(
            root.resolve("images.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return channel; // held until the channel is closed
      }
    } catch (OverlappingFileLockException _) {
      // by this very process
    }
    channel.close();
    throw new ImageException.Conflict(
        "the image store " + root + " is open in another process: stop that first");
  }

  private static void keepHouse(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "unneeded content is not removed yet", e);
    }
  }

  private void released(Digest image) {
    collector.released(image);
  }

  private void ensureUnpacked(Digest id) {
    CatalogueEntry entry = parts.entry(id);
    boolean missing =
        dev.kapal.image.layers.Chain.ids(parts.config(id).rootfs().diffIds()).stream()
            .anyMatch(chain -> parts.layers().find(chain).isEmpty());
    if (missing) {
      try (Lease lease = parts.content().lease()) {
        List<LayerSpec> specs = LayerSpec.of(parts.manifest(entry), parts.config(id));
        for (LayerSpec spec : specs) {
          if (parts.layers().find(spec.chainId()).isEmpty()
              && !parts.content().has(spec.blob().digest())) {
            throw new ImageException.Damaged(
                "image " + id.shortHex() + " lacks a layer: pull it again");
          }
        }
        installer.unpack(specs, Optional.empty(), lease, ProgressListener.SILENT);
      }
    }
  }

  private CatalogueEntry entry(String nameOrId) {
    return finder
        .find(nameOrId)
        .orElseThrow(() ->
            new ImageException.NotFound(
                "no image \"" + nameOrId + "\" here: pull or load it first"));
  }

  @Override
  public Optional<Image> find(String nameOrId) {
    return finder.find(nameOrId).map(parts::image);
  }

  @Override
  public List<Image> variants(String nameOrId) {
    return finder.variants(nameOrId).stream().map(parts::image).toList();
  }

  @Override
  public List<Image> list(ImageFilters filters) {
    return finder.list(filters);
  }

  @Override
  public Image pull(PullRequest request, ProgressListener progress) {
    return puller.pull(request, progress);
  }

  @Override
  public List<Image> pullAllTags(PullRequest request, ProgressListener progress) {
    return puller.pullAllTags(request, progress);
  }

  @Override
  public Digest push(PushRequest request, ProgressListener progress) {
    return pusher.push(entry(request.image()), request, progress);
  }

  @Override
  public void login(String registry, Credentials credentials) {
    config.registries().apply(CredentialSource.only(registry, credentials)).verify(registry);
  }

  @Override
  public void tag(String nameOrId, Reference name) {
    if (name.digest().isPresent()) {
      throw new ImageException.BadRequest("\"" + name + "\" has a digest, which no tag can have");
    }
    CatalogueEntry entry = entry(nameOrId);
    List<Reference> names = List.of(name.tagged());
    parts.lock().readLock().lock();
    try {
      parts.entry(entry.id());
      parts
          .catalogue()
          .put(
              new CatalogueEntry(
                  entry.id(), entry.manifest(), names, List.of(), entry.size(), entry.stored()));
    } finally {
      parts.lock().readLock().unlock();
    }
  }

  @Override
  public RemoveResult remove(String nameOrId, boolean force) {
    return renewing(remover.remove(nameOrId, force));
  }

  @Override
  public RemoveResult remove(String nameOrId, List<Platform> platforms, boolean force) {
    Set<Digest> ids = new LinkedHashSet<>();
    platforms.forEach(platform -> ids.add(get(nameOrId, platform).id()));
    return renewing(remover.removeVariants(nameOrId, ids, force));
  }

  /** A forced removal renews the embedded image. */
  private RemoveResult renewing(RemoveResult result) {
    if (holdsEmbedded) {
      ensureEmbedded();
    }
    return result;
  }

  @Override
  public List<HistoryItem> history(String nameOrId) {
    return usage.history(entry(nameOrId));
  }

  @Override
  public void save(OutputStream to, SaveRequest request, ProgressListener progress) {
    // Once each, under all the names that were said.
    Map<CatalogueEntry, Set<Reference>> images = new LinkedHashMap<>();
    for (String each : request.images()) {
      CatalogueEntry named = entry(each);
      CatalogueEntry entry =
          request.platform().map(p -> parts.entry(get(each, p).id())).orElse(named);
      Set<Reference> names = images.computeIfAbsent(entry, e -> new LinkedHashSet<>());
      named.names().stream().filter(name -> named(name, each)).forEach(names::add);
    }
    List<ArchiveSaver.Saved> saved = new ArrayList<>();
    images.forEach((entry, names) -> saved.add(new ArchiveSaver.Saved(entry, List.copyOf(names))));
    new ArchiveSaver(parts, progress).save(to, saved, request.format());
  }

  private static boolean named(Reference name, String text) {
    try {
      return ImageFinder.candidates(text).contains(name);
    } catch (dev.kapal.oci.InvalidReferenceException _) {
      return false;
    }
  }

  @Override
  public List<Image> load(
      InputStream from, Optional<Platform> platform, ProgressListener progress) {
    Set<Digest> came = new HashSet<>();
    try (Lease lease = parts.content().lease()) {
      TarContent archive = new TarContent(parts.content(), from, lease, config.limits());
      archive.blobs().forEach(came::add);
      return loader.load(archive, platform, lease, progress);
    } finally {
      collector.collect(came);
    }
  }

  @Override
  public List<Image> load(Path layout, Optional<Platform> platform, ProgressListener progress) {
    try (Lease lease = parts.content().lease();
        FolderContent folder = new FolderContent(parts.content(), parts.calls(), layout, lease)) {
      return loader.load(folder, platform, lease, progress);
    }
  }

  @Override
  public Image importRootfs(InputStream tar, ImportRequest request) {
    return committer.importRootfs(tar, request);
  }

  @Override
  public Image commit(CommitRequest request) {
    return committer.commit(request);
  }

  @Override
  public RemoveResult prune(PruneRequest request) {
    return remover.prune(request);
  }

  @Override
  public boolean pinned(Image image) {
    return image.names().contains(EmbeddedImage.REFERENCE);
  }

  @Override
  public LayerUse layers() {
    List<LayerMeta> all = parts.layers().list();
    return new LayerUse(
        config.root(),
        all.stream().mapToLong(LayerMeta::fileBytes).sum(),
        all.stream().mapToLong(LayerMeta::inodes).sum());
  }

  @Override
  public DiskUsage usage() {
    return usage.usage();
  }

  @Override
  public CheckReport check(boolean repair) {
    return checker.check(repair);
  }

  @Override
  public Image ensureEmbedded() {
    holdsEmbedded = true;
    Optional<Image> there = find(EmbeddedImage.NAME);
    if (there.isPresent()) {
      return there.get();
    }
    try (InputStream in = LocalImages.class.getResourceAsStream(EmbeddedImage.RESOURCE)) {
      if (in == null) {
        throw new ImageException.NotFound(
            "this build of Kapal has no embedded image: build it where Debian's busybox-static"
                + " is installed");
      }
      return load(in, Optional.empty(), ProgressListener.SILENT).get(0);
    } catch (IOException e) {
      throw new ImageException.Failed("cannot read the embedded image: " + e.getMessage(), e);
    }
  }

  @Override
  public Snapshots snapshots() {
    return snapshots;
  }

  @Override
  public ContentStore content() {
    return parts.content();
  }

  @Override
  public void close() {
    housekeeping.shutdownNow();
    try {
      if (!housekeeping.awaitTermination(1, TimeUnit.MINUTES)) {
        LOG.log(System.Logger.Level.WARNING, "a collection of unneeded content does not end");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    snapshots.close();
    parts.layers().close();
    try {
      lockFile.close();
    } catch (IOException e) {
      throw new ImageException.Failed("cannot unlock the image store: " + e.getMessage(), e);
    }
  }
}
