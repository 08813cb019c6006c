package dev.kapal.engine.core;

import dev.kapal.engine.Observer.Operation;
import dev.kapal.image.CheckReport;
import dev.kapal.image.CommitRequest;
import dev.kapal.image.ContentStore;
import dev.kapal.image.DiskUsage;
import dev.kapal.image.HistoryItem;
import dev.kapal.image.Image;
import dev.kapal.image.ImageFilters;
import dev.kapal.image.Images;
import dev.kapal.image.ImportRequest;
import dev.kapal.image.LayerUse;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.ProgressListener.State;
import dev.kapal.image.PruneRequest;
import dev.kapal.image.PullRequest;
import dev.kapal.image.PushRequest;
import dev.kapal.image.RemoveResult;
import dev.kapal.image.SaveRequest;
import dev.kapal.image.Snapshots;
import dev.kapal.image.registry.Credentials;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The image store; what is done with it shows among the events. Closing it is the engine's. */
final class ObservedImages implements Images {
  private final Images images;
  private final EventLog events;
  private final Observing observing;

  ObservedImages(Images images, EventLog events, Observing observing) {
    this.images = images;
    this.events = events;
    this.observing = observing;
  }

  /** Has the bytes that come from a registry counted, too. */
  private ProgressListener counted(ProgressListener progress) {
    Map<Digest, Long> known = new ConcurrentHashMap<>();
    return event -> {
      if (event instanceof ProgressListener.Layer(Digest blob, State state, long done, long _)
          && (state == State.DOWNLOADING || state == State.DOWNLOADED)) {
        // One thread tells of one blob; a download that begins anew counts again.
        long before = Optional.ofNullable(known.put(blob, done)).orElse(0L);
        observing.observer().downloaded(done < before ? done : done - before);
      }
      progress.on(event);
    };
  }

  private void tell(String action, String actor, String name, Map<String, String> labels) {
    Map<String, String> a = new LinkedHashMap<>(labels);
    a.put("name", name);
    events.publish("image", action, actor, a);
  }

  @Override
  public Optional<Image> find(String nameOrId) {
    return images.find(nameOrId);
  }

  @Override
  public List<Image> variants(String nameOrId) {
    return images.variants(nameOrId);
  }

  @Override
  public List<Image> list(ImageFilters filters) {
    return images.list(filters);
  }

  @Override
  public Image pull(PullRequest request, ProgressListener progress) {
    Image i = observing.during(Operation.IMAGE_PULL, () -> images.pull(request, counted(progress)));
    tell("pull", request.name(), request.name(), i.labels());
    return i;
  }

  @Override
  public List<Image> pullAllTags(PullRequest request, ProgressListener progress) {
    List<Image> all =
        observing.during(
            Operation.IMAGE_PULL, () -> images.pullAllTags(request, counted(progress)));
    all.forEach(i -> tell("pull", request.name(), request.name(), i.labels()));
    return all;
  }

  @Override
  public Digest push(PushRequest request, ProgressListener progress) {
    Digest d = images.push(request, progress);
    tell("push", d.toString(), d.toString(), Map.of());
    return d;
  }

  @Override
  public void login(String registry, Credentials credentials) {
    images.login(registry, credentials);
  }

  @Override
  public void tag(String nameOrId, Reference name) {
    images.tag(nameOrId, name);
    tell("tag", images.get(nameOrId).id().toString(), name.toString(), Map.of());
  }

  @Override
  public RemoveResult remove(String nameOrId, boolean force) {
    return told(images.remove(nameOrId, force));
  }

  @Override
  public RemoveResult remove(String nameOrId, List<Platform> platforms, boolean force) {
    return told(images.remove(nameOrId, platforms, force));
  }

  private RemoveResult told(RemoveResult r) {
    r.untagged().forEach(n -> tell("untag", n.toString(), n.toString(), Map.of()));
    r.deleted().forEach(d -> tell("delete", d.toString(), d.toString(), Map.of()));
    return r;
  }

  @Override
  public List<HistoryItem> history(String nameOrId) {
    return images.history(nameOrId);
  }

  @Override
  public void save(OutputStream to, SaveRequest request, ProgressListener progress) {
    images.save(to, request, progress);
    request.images().forEach(n -> tell("save", n, n, Map.of()));
  }

  @Override
  public List<Image> load(
      InputStream from, Optional<Platform> platform, ProgressListener progress) {
    return loaded(images.load(from, platform, progress));
  }

  @Override
  public List<Image> load(Path layout, Optional<Platform> platform, ProgressListener progress) {
    return loaded(images.load(layout, platform, progress));
  }

  private List<Image> loaded(List<Image> all) {
    for (Image i : all) {
      String id = i.id().toString();
      tell("load", id, i.names().isEmpty() ? id : i.names().getFirst().toString(), i.labels());
    }
    return all;
  }

  @Override
  public Image importRootfs(InputStream tar, ImportRequest request) {
    Image i = images.importRootfs(tar, request);
    tell("import", i.id().toString(), i.id().toString(), Map.of());
    return i;
  }

  @Override
  public Image commit(CommitRequest request) {
    return images.commit(request);
  }

  @Override
  public RemoveResult prune(PruneRequest request) {
    RemoveResult r = told(images.prune(request));
    events.publish("image", "prune", "", Map.of("reclaimed", Long.toString(r.freed())));
    return r;
  }

  @Override
  public boolean pinned(Image image) {
    return images.pinned(image);
  }

  @Override
  public LayerUse layers() {
    return images.layers();
  }

  @Override
  public DiskUsage usage() {
    return images.usage();
  }

  @Override
  public CheckReport check(boolean repair) {
    return images.check(repair);
  }

  @Override
  public Image ensureEmbedded() {
    return images.ensureEmbedded();
  }

  @Override
  public Snapshots snapshots() {
    return images.snapshots();
  }

  @Override
  public ContentStore content() {
    return images.content();
  }

  @Override
  public void close() {
    // It goes with the engine.
  }
}
