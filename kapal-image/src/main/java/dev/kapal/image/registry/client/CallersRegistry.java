package dev.kapal.image.registry.client;

import dev.kapal.image.registry.BlobSource;
import dev.kapal.image.registry.BlobTarget;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.PushOutcome;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.RegistryException.Cancelled;
import dev.kapal.image.registry.RegistryException.NotFound;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.ResolvedManifest;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.image.registry.hosts.Capability;
import dev.kapal.image.registry.http.Urls;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One caller's view of the shared client. */
final class CallersRegistry implements Registry {
  private static final String TAGS_PER_PAGE = "1000";

  private final Context context;
  private final Downloads downloads;
  private final CredentialSource source;
  private final Across across;
  private final Manifests manifests;
  private final Referrers referrers;

  CallersRegistry(Context context, Downloads downloads, CredentialSource source) {
    this.context = context;
    this.downloads = downloads;
    this.source = source;
    this.across = new Across(context, source);
    this.manifests = new Manifests(across);
    this.referrers = new Referrers(across, manifests);
  }

  @Override
  public ResolvedManifest resolve(RepositoryName repository, String tagOrDigest) {
    return manifests.get(repository, tagOrDigest);
  }

  @Override
  public Optional<Descriptor> head(RepositoryName repository, String tagOrDigest) {
    return manifests.head(repository, tagOrDigest);
  }

  @Override
  public void fetch(
      RepositoryName repository, Descriptor blob, BlobTarget target, TransferListener listener) {
    downloads.fetch(source, repository, blob, target, listener);
  }

  @Override
  public void fetchAll(
      RepositoryName repository, List<Descriptor> blobs, BlobTarget target, Listeners listeners) {
    Map<Digest, Descriptor> distinct = new LinkedHashMap<>();
    blobs.forEach(blob -> distinct.putIfAbsent(blob.digest(), blob));
    Together.run(
        context.config.maxDownloadsPerPull(),
        "the download of " + repository,
        distinct.values().stream()
            .<Runnable>map(blob -> () -> fetch(repository, blob, target, listeners.of(blob)))
            .toList());
  }

  @Override
  public PushOutcome pushBlob(
      RepositoryName repository,
      Descriptor blob,
      BlobSource content,
      List<RepositoryName> mountFrom,
      TransferListener listener) {
    String doing = "pushing " + blob.digest() + " to " + repository;
    List<RepositoryName> others =
        mountFrom.stream()
            .filter(o -> o.registry().equals(repository.registry()) && !o.equals(repository))
            .toList();
    try {
      context.uploads.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Cancelled(doing + " was interrupted");
    }
    try {
      return across.push(
          repository,
          doing,
          (session, last) -> new BlobUpload(session, blob, content, listener, doing).run(others));
    } finally {
      context.uploads.release();
    }
  }

  @Override
  public void pushAll(
      RepositoryName repository, List<Upload> uploads, List<RepositoryName> mountFrom) {
    Together.run(
        context.config.maxUploads(),
        "the upload to " + repository,
        uploads.stream()
            .<Runnable>map(up ->
                () ->
                    up.done()
                        .accept(
                            pushBlob(
                                repository, up.blob(), up.content(), mountFrom, up.listener())))
            .toList());
  }

  @Override
  public Descriptor pushManifest(
      RepositoryName repository, String tagOrDigest, String mediaType, byte[] content) {
    return new ManifestPush(across, referrers).push(repository, tagOrDigest, mediaType, content);
  }

  @Override
  public List<Descriptor> referrers(
      RepositoryName repository, Digest subject, Optional<String> artifactType) {
    return referrers.list(repository, subject, artifactType);
  }

  @Override
  public List<String> tags(RepositoryName repository) {
    String doing = "listing the tags of " + repository;
    return across.pull(
        repository,
        Capability.RESOLVE,
        doing,
        (session, last) ->
            context.retry.run(
                last,
                () ->
                    Lists.read(
                            session,
                            Urls.with(session.url("tags/list"), "n", TAGS_PER_PAGE),
                            Lists.TagPage.class,
                            Lists.TagPage::present,
                            doing)
                        .map(tags -> tags.stream().sorted().toList()) // not all registries do
                        .orElseThrow(() ->
                            new NotFound(
                                doing + " failed: the repository is not there", List.of()))));
  }

  @Override
  public void verify(String registry) {
    new Login(context).verify(registry, source.find(registry));
  }
}
