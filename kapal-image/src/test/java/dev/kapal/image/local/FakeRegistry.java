package dev.kapal.image.local;

import dev.kapal.image.registry.BlobSink;
import dev.kapal.image.registry.BlobSource;
import dev.kapal.image.registry.BlobTarget;
import dev.kapal.image.registry.PushOutcome;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.ResolvedManifest;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.MediaTypes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/** A registry in memory that sends slowly, begins anew, or fails, as a test wants it. */
final class FakeRegistry implements Registry {
  /** What happens to a download after half of it. */
  enum Trouble {
    NONE,
    RESTART,
    FAIL
  }

  final Map<String, Descriptor> tags = new ConcurrentHashMap<>();
  final Map<Digest, byte[]> blobs = new ConcurrentHashMap<>();
  final AtomicInteger fetched = new AtomicInteger();
  volatile Trouble trouble = Trouble.NONE;
  private final Map<Digest, ReentrantLock> locks = new HashMap<>();

  Descriptor put(String mediaType, byte[] content) {
    Descriptor descriptor = Descriptor.of(mediaType, content);
    blobs.put(descriptor.digest(), content);
    return descriptor;
  }

  Descriptor tag(String name) {
    return Objects.requireNonNull(tags.get(name));
  }

  byte[] blob(Digest digest) {
    return Objects.requireNonNull(blobs.get(digest));
  }

  @Override
  public ResolvedManifest resolve(RepositoryName repository, String tagOrDigest) {
    Descriptor found =
        tagOrDigest.contains(":")
            ? new Descriptor(MediaTypes.MANIFEST, Digest.parse(tagOrDigest), 1)
            : tags.get(tagOrDigest);
    byte[] content = found == null ? null : blobs.get(found.digest());
    if (found == null || content == null) {
      throw new RegistryException.NotFound("no " + tagOrDigest, List.of());
    }
    return new ResolvedManifest(repository, found, content, "memory");
  }

  @Override
  public Optional<Descriptor> head(RepositoryName repository, String tagOrDigest) {
    return Optional.ofNullable(tags.get(tagOrDigest));
  }

  @Override
  public void fetch(
      RepositoryName repository, Descriptor blob, BlobTarget target, TransferListener listener) {
    ReentrantLock lock;
    synchronized (locks) {
      lock = locks.computeIfAbsent(blob.digest(), d -> new ReentrantLock());
    }
    lock.lock();
    try {
      Optional<BlobSink> sink = target.open(blob);
      if (sink.isPresent()) {
        fetched.incrementAndGet();
        try (BlobSink open = sink.get()) {
          send(open, blob(blob.digest()), blob, listener);
        }
      }
    } catch (IOException e) {
      throw new RegistryException.LocalFailure(String.valueOf(e.getMessage()), Optional.of(e));
    } finally {
      lock.unlock();
    }
  }

  private void send(BlobSink sink, byte[] content, Descriptor blob, TransferListener listener)
      throws IOException {
    boolean troubled = false;
    boolean layer = MediaTypes.isLayer(blob.mediaType());
    int at = (int) sink.size();
    while (at < content.length) {
      int n = Math.min(30_000, content.length - at);
      sink.write(ByteBuffer.wrap(content, at, n));
      at += n;
      listener.progress(at, content.length);
      if (layer && !troubled && at > content.length / 2) {
        troubled = true;
        pause();
        switch (trouble) {
          case NONE -> {}
          case RESTART -> {
            sink.restart();
            at = 0;
          }
          case FAIL -> throw new RegistryException.Unreachable("gone", List.of(), Optional.empty());
        }
      }
    }
    if (!sink.commit()) {
      throw new RegistryException.DigestMismatch("wrong bytes", List.of());
    }
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RegistryException.Cancelled("interrupted");
    }
  }

  @Override
  public void fetchAll(
      RepositoryName repository, List<Descriptor> wanted, BlobTarget target, Listeners listeners) {
    wanted.forEach(blob -> fetch(repository, blob, target, listeners.of(blob)));
  }

  @Override
  public PushOutcome pushBlob(
      RepositoryName repository,
      Descriptor blob,
      BlobSource source,
      List<RepositoryName> mountFrom,
      TransferListener listener) {
    if (blobs.containsKey(blob.digest())) {
      return PushOutcome.EXISTED;
    }
    try (InputStream in = source.open(0)) {
      blobs.put(blob.digest(), in.readAllBytes());
      return PushOutcome.UPLOADED;
    } catch (IOException e) {
      throw new RegistryException.LocalFailure(String.valueOf(e.getMessage()), Optional.of(e));
    }
  }

  @Override
  public void pushAll(
      RepositoryName repository, List<Upload> uploads, List<RepositoryName> mountFrom) {
    for (Upload up : uploads) {
      up.done().accept(pushBlob(repository, up.blob(), up.content(), mountFrom, up.listener()));
    }
  }

  @Override
  public Descriptor pushManifest(
      RepositoryName repository, String tagOrDigest, String mediaType, byte[] content) {
    Descriptor stored = put(mediaType, content);
    tags.put(tagOrDigest, stored);
    return stored;
  }

  @Override
  public List<Descriptor> referrers(
      RepositoryName repository, Digest subject, Optional<String> artifactType) {
    return List.of();
  }

  @Override
  public List<String> tags(RepositoryName repository) {
    return tags.keySet().stream().sorted().toList();
  }

  @Override
  public void verify(String registry) {
    throw new UnsupportedOperationException();
  }
}
