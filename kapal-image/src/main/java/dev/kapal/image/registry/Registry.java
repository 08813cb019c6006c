package dev.kapal.image.registry;

import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * All registries, as one caller may use them: pull and push of OCI distribution-spec 1.1.
 *
 * <p>Every method blocks the calling thread (use virtual threads), may be called by many threads at
 * a time, and ends with {@link RegistryException.Cancelled} soon after the thread is interrupted.
 * Temporary failures are retried inside, mirrors are tried in order; what is thrown is final and
 * always a {@link RegistryException}.
 */
public interface Registry {

  /**
   * Gets the manifest or index that a tag or digest names.
   *
   * @param tagOrDigest a tag ({@code latest}) or a digest ({@code sha256:…}), which is verified
   * @throws RegistryException.NotFound if the repository or the tag is not there, also for
   *     registries that say so with 401 for repositories one may not see
   */
  ResolvedManifest resolve(RepositoryName repository, String tagOrDigest);

  /**
   * Asks what a tag names now, without the document (HEAD).
   *
   * @return empty if it is not there
   */
  Optional<Descriptor> head(RepositoryName repository, String tagOrDigest);

  /**
   * Downloads one blob into the target, or waits for the download of it that is going on. Continues
   * what an earlier attempt left. When all waiting callers are interrupted the download stops.
   *
   * @throws RegistryException.LocalFailure if the target fails (full disk); not retried
   */
  void fetch(
      RepositoryName repository, Descriptor blob, BlobTarget target, TransferListener listener);

  /** Says which listener hears about which blob. */
  @FunctionalInterface
  interface Listeners {
    TransferListener of(Descriptor blob);
  }

  /**
   * Downloads blobs, some at a time, in the order given. The first failure stops those that are
   * still running and is thrown.
   */
  void fetchAll(
      RepositoryName repository, List<Descriptor> blobs, BlobTarget target, Listeners listeners);

  /**
   * Brings a blob to the repository: not at all if it is there, by linking it from one of {@code
   * mountFrom} if the registry can, else by uploading it.
   *
   * @param mountFrom other repositories of the same registry that probably hold the blob
   */
  PushOutcome pushBlob(
      RepositoryName repository,
      Descriptor blob,
      BlobSource source,
      List<RepositoryName> mountFrom,
      TransferListener listener);

  /**
   * A blob to bring to a registry.
   *
   * @param content its bytes
   * @param listener hears how it goes on
   * @param done hears how it got there, on the uploading thread
   */
  record Upload(
      Descriptor blob, BlobSource content, TransferListener listener, Consumer<PushOutcome> done) {}

  /**
   * Brings blobs to the repository as {@link #pushBlob} does, some at a time, in the order given.
   * The first failure stops those that are still running and is thrown.
   */
  void pushAll(RepositoryName repository, List<Upload> uploads, List<RepositoryName> mountFrom);

  /**
   * Stores a manifest or index; its blobs and manifests must be there already. If the document has
   * a {@code subject} and the registry does not know referrers, the list under the fallback tag is
   * kept up to date instead.
   *
   * @param tagOrDigest a tag, or the digest of {@code content}
   * @return the descriptor of what was stored
   */
  Descriptor pushManifest(
      RepositoryName repository, String tagOrDigest, String mediaType, byte[] content);

  /**
   * Lists the manifests whose {@code subject} is the given digest.
   *
   * @param artifactType only those of this type
   */
  List<Descriptor> referrers(
      RepositoryName repository, Digest subject, Optional<String> artifactType);

  /**
   * Asks a registry whether it knows the caller.
   *
   * @param registry as images name it, for example {@code docker.io} or {@code quay.io:443}
   * @throws RegistryException.Unauthorized if it refuses the caller's credentials
   */
  void verify(String registry);

  /** Lists all tags of a repository. */
  List<String> tags(RepositoryName repository);
}
