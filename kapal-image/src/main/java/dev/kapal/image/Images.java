package dev.kapal.image;

import dev.kapal.image.registry.Credentials;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The images of one machine. All methods block, may be called by many threads at a time, and end
 * soon after their thread is interrupted. They throw {@link ImageException}, {@link
 * dev.kapal.image.registry.RegistryException} and {@link dev.kapal.oci.OciException}; a method that
 * throws has changed nothing that an image or container can see.
 */
public interface Images extends AutoCloseable {
  /**
   * Finds an image by name, {@code name@digest}, id ({@code sha256:} optional) or the first digits
   * of an id (3 at least). A short name means {@code localhost/NAME} first, then {@code
   * docker.io/library/NAME}.
   *
   * @throws ImageException.Ambiguous if the digits fit several ids
   */
  Optional<Image> find(String nameOrId);

  /**
   * As {@link #find}, for what must be there.
   *
   * @throws ImageException.NotFound if there is none
   */
  default Image get(String nameOrId) {
    return find(nameOrId)
        .orElseThrow(() ->
            new ImageException.NotFound(
                "no image \"" + nameOrId + "\" here: pull or load it first"));
  }

  /**
   * The image that a name or id leads to, and after it those that came for other platforms under
   * the same digest of an index. An image has one platform, and a name leads to the one that came
   * last.
   */
  List<Image> variants(String nameOrId);

  /**
   * The variant of an image that is for this platform and no other.
   *
   * @throws ImageException.NotFound if there is no such image, or it is here for others only
   */
  default Image get(String nameOrId, Platform platform) {
    List<Image> all = variants(nameOrId);
    if (all.isEmpty()) {
      return get(nameOrId);
    }
    return all.stream()
        .filter(image -> platform.same(image.platform()))
        .findFirst()
        .orElseThrow(() -> new ImageException.NotFound(elsewhere(nameOrId, platform, all)));
  }

  /**
   * The variant of an image that runs best on this platform.
   *
   * @throws ImageException.NotFound if there is no such image, or none that runs there
   */
  default Image suiting(String nameOrId, Platform platform) {
    List<Image> all = variants(nameOrId);
    if (all.isEmpty()) {
      return get(nameOrId);
    }
    return all.stream()
        .filter(image -> platform.rank(image.platform()).isPresent())
        .min(Comparator.comparing(image -> platform.rank(image.platform()).orElseThrow()))
        .orElseThrow(() -> new ImageException.NotFound(elsewhere(nameOrId, platform, all)));
  }

  private static String elsewhere(String name, Platform wanted, List<Image> all) {
    return "image "
        + name
        + " is here for "
        + all.stream()
            .map(i -> i.platform().toString())
            .distinct()
            .collect(Collectors.joining(", "))
        + ", not for "
        + wanted
        + ": pull or load it with --platform "
        + wanted;
  }

  /** The images that pass the filters, newest first. */
  List<Image> list(ImageFilters filters);

  /** Gets an image with all its layers, unpacked. */
  Image pull(PullRequest request, ProgressListener progress);

  /** Gets all tags of a repository. */
  List<Image> pullAllTags(PullRequest request, ProgressListener progress);

  /** Brings an image to a registry; returns the digest of its manifest there. */
  Digest push(PushRequest request, ProgressListener progress);

  /**
   * Asks a registry whether it accepts credentials. Nothing is kept.
   *
   * @param registry as images name it, for example {@code docker.io}
   * @throws dev.kapal.image.registry.RegistryException.Unauthorized if it does not
   */
  void login(String registry, Credentials credentials);

  /** Gives an image another name, which is taken away from any other image. */
  void tag(String nameOrId, Reference name);

  /**
   * Takes a name away, and the image too if that was its last one.
   *
   * @param force also if several names or stopped containers hold the image
   * @throws ImageException.Conflict if something holds the image
   */
  RemoveResult remove(String nameOrId, boolean force);

  /**
   * Removes variants of an image. Names of a removed one go to a variant that stays, if there is
   * one.
   *
   * @param force also if several names or stopped containers hold one of them
   * @throws ImageException.NotFound if it is not here for one of the platforms
   * @throws ImageException.Conflict if something holds one of them
   */
  RemoveResult remove(String nameOrId, List<Platform> platforms, boolean force);

  /** How an image came to be, newest first. */
  List<HistoryItem> history(String nameOrId);

  /**
   * Writes images to a stream, which stays open. A layer that an earlier image of the archive has
   * too is written, and told of, once.
   */
  void save(OutputStream to, SaveRequest request, ProgressListener progress);

  /**
   * Reads an archive (OCI layout or docker-archive, plain, gzip or zstd).
   *
   * @param platform only what is for this one; empty: this machine's of an index, and all that is
   *     in none
   */
  List<Image> load(InputStream from, Optional<Platform> platform, ProgressListener progress);

  /** As {@link #load(InputStream, Optional, ProgressListener)}, from an OCI layout folder. */
  List<Image> load(Path layout, Optional<Platform> platform, ProgressListener progress);

  /** Makes an image of one layer of a tar of a root file system (plain, gzip or zstd). */
  Image importRootfs(InputStream tar, ImportRequest request);

  /** Makes an image of a container's changes. */
  Image commit(CommitRequest request);

  /** Removes images that nothing needs, and what is left over in the store. */
  RemoveResult prune(PruneRequest request);

  /** Whether an image comes with Kapal and stays: nothing but force removes it. */
  boolean pinned(Image image);

  /** What the unpacked layers take; known without a look at the disk. */
  LayerUse layers();

  /** What is taken on disk. Walks the files of containers. */
  DiskUsage usage();

  /**
   * Checks every blob and every layer.
   *
   * @param repair mend what can be mended; needs no other work going on
   */
  CheckReport check(boolean repair);

  /** Makes sure that the embedded {@code localhost/busybox} is there. */
  Image ensureEmbedded();

  /** The root file systems of containers. */
  Snapshots snapshots();

  /** The content itself. */
  ContentStore content();

  /** Lets go of the store; work that goes on fails. */
  @Override
  void close();
}
