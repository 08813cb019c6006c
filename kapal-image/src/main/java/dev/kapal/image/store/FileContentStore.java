package dev.kapal.image.store;

import dev.kapal.image.BlobWriter;
import dev.kapal.image.ContentStore;
import dev.kapal.image.ImageException;
import dev.kapal.image.Ingest;
import dev.kapal.image.Lease;
import dev.kapal.image.registry.BlobSink;
import dev.kapal.linux.FaultPoint;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.InvalidDigestException;
import dev.kapal.oci.OciJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Content as one file per blob: {@code blobs/ALGORITHM/HEX}, and {@code ingest/ALGORITHM-HEX} while
 * it is incomplete. A file gets its place by a rename after its digest was verified and its bytes
 * synced, so what is in {@code blobs} is whole.
 */
public final class FileContentStore implements ContentStore {
  private final Path blobs;
  private final Path ingests;
  private final Leases leases = new Leases();
  private final Set<Digest> writing = ConcurrentHashMap.newKeySet();
  private final ConcurrentHashMap<Digest, Growth> growing = new ConcurrentHashMap<>();

  /** Opens the store in a directory, which is made if it is missing. */
  public FileContentStore(Path root) throws IOException {
    this.blobs = root.resolve("blobs");
    this.ingests = root.resolve("ingest");
    DurableFiles.directory(blobs.resolve(Digest.SHA256));
    DurableFiles.directory(blobs.resolve(Digest.SHA512));
    DurableFiles.directory(ingests);
    dropSpools();
  }

  /** Temporary files of a process that was killed: nobody can go on with them. */
  private void dropSpools() throws IOException {
    for (Path file : files(ingests)) {
      if (digest(file.getFileName().toString().replace('-', ':')).isEmpty()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** What is being worked on. */
  public Leases leases() {
    return leases;
  }

  /** A directory for temporary files on the same file system. */
  public Path scratch() {
    return ingests;
  }

  private Path blob(Digest digest) {
    return blobs.resolve(digest.algorithm()).resolve(digest.hex());
  }

  private Path ingest(Digest digest) {
    return ingests.resolve(digest.algorithm() + "-" + digest.hex());
  }

  @Override
  public boolean has(Digest digest) {
    return Files.exists(blob(digest));
  }

  @Override
  public Optional<Long> size(Digest digest) {
    try {
      return Optional.of(Files.size(blob(digest)));
    } catch (NoSuchFileException _) {
      return Optional.empty();
    } catch (IOException e) {
      throw failed("look at", digest, e);
    }
  }

  /** When the blob came. */
  public Optional<Instant> changed(Digest digest) {
    try {
      return Optional.of(Files.getLastModifiedTime(blob(digest)).toInstant());
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  @Override
  public InputStream open(Digest digest) {
    return open(digest, 0);
  }

  @Override
  public InputStream open(Digest digest, long offset) {
    try {
      FileChannel channel = FileChannel.open(blob(digest), StandardOpenOption.READ);
      channel.position(offset);
      return Channels.newInputStream(channel);
    } catch (NoSuchFileException _) {
      throw new ImageException.NotFound(
          "the content " + digest + " is not in the store: pull the image again");
    } catch (IOException e) {
      throw failed("read", digest, e);
    }
  }

  /**
   * Opens a blob that is here, or that somebody writes or is going to write: reading waits for what
   * is not there yet. A read throws {@link RestartedException} when the writer began anew.
   */
  public InputStream follow(Digest digest) {
    Growth growth = growing.computeIfAbsent(digest, d -> new Growth());
    if (has(digest)) {
      growing.remove(digest, growth);
      return open(digest);
    }
    return new Following(growth, ingest(digest), blob(digest), () -> forget(digest, growth));
  }

  private void forget(Digest digest, Growth growth) {
    if (!writing.contains(digest) && has(digest)) {
      growing.remove(digest, growth);
    }
  }

  @Override
  public byte[] read(Digest digest) {
    try (InputStream in = open(digest)) {
      byte[] content = in.readNBytes(OciJson.MAX_DOCUMENT + 1);
      if (content.length > OciJson.MAX_DOCUMENT) {
        throw new ImageException.Refused("the document " + digest + " is too long");
      }
      Digest found = Digest.of(digest.newDigest().digest(content), digest.algorithm());
      if (!found.equals(digest)) {
        throw new ImageException.Damaged(
            "the content " + digest + " is damaged: run \"kapal system check --repair\"");
      }
      return content;
    } catch (IOException e) {
      throw failed("read", digest, e);
    }
  }

  @Override
  public Descriptor put(String mediaType, byte[] content) {
    Descriptor descriptor = Descriptor.of(mediaType, content);
    try {
      for (int tries = 0; ; tries++) {
        try {
          putOnce(descriptor, content);
          return descriptor;
        } catch (ImageException.Conflict e) {
          // Somebody else writes the same small document: in a moment it is here.
          if (tries > 1000) {
            throw e;
          }
          Thread.sleep(10);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ImageException.Failed("interrupted while writing " + descriptor.digest(), e);
    } catch (IOException e) {
      throw failed("write", descriptor.digest(), e);
    }
  }

  /**
   * Makes a temporary file of {@link #scratch} a blob. The caller has hashed it; the file is gone
   * afterwards.
   */
  public void adopt(Path file, Digest digest) throws IOException {
    if (has(digest)) {
      Files.deleteIfExists(file);
      return;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(false);
    }
    Files.move(file, blob(digest), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    FaultPoint.reach("blob.adopted");
    DurableFiles.syncDirectory(blobs.resolve(digest.algorithm()));
  }

  private void putOnce(Descriptor descriptor, byte[] content) throws IOException {
    Optional<BlobWriter> writer = openWriter(descriptor);
    if (writer.isPresent()) {
      try (BlobWriter open = writer.get()) {
        if (open.size() > 0) {
          open.restart();
        }
        open.write(ByteBuffer.wrap(content));
        open.commit();
      }
    }
  }

  @Override
  public Optional<BlobSink> open(Descriptor expected) throws IOException {
    return openWriter(expected).map(writer -> writer);
  }

  @Override
  public Optional<BlobWriter> writer(Descriptor expected) {
    try {
      return openWriter(expected);
    } catch (IOException e) {
      throw failed("write", expected.digest(), e);
    }
  }

  private Optional<BlobWriter> openWriter(Descriptor expected) throws IOException {
    Digest digest = expected.digest();
    if (has(digest)) {
      growing.computeIfPresent(
          digest,
          (d, growth) -> {
            growth.set(size(digest).orElse(0L));
            growth.complete();
            return growth;
          });
      return Optional.empty();
    }
    if (!writing.add(digest)) {
      throw new ImageException.Conflict("the content " + digest + " is being written already");
    }
    Growth growth = growing.computeIfAbsent(digest, d -> new Growth());
    try {
      return Optional.of(
          new FileBlobWriter(
              expected,
              ingest(digest),
              blob(digest),
              growth,
              () -> {
                writing.remove(digest);
                forget(digest, growth);
              }));
    } catch (IOException | RuntimeException e) {
      writing.remove(digest);
      throw e;
    }
  }

  @Override
  public List<Digest> list() {
    List<Digest> all = new ArrayList<>();
    for (String algorithm : List.of(Digest.SHA256, Digest.SHA512)) {
      for (Path file : files(blobs.resolve(algorithm))) {
        digest(algorithm + ":" + file.getFileName()).ifPresent(all::add);
      }
    }
    return all;
  }

  @Override
  public List<Ingest> ingests() {
    List<Ingest> all = new ArrayList<>();
    for (Path file : files(ingests)) {
      digest(file.getFileName().toString().replace('-', ':'))
          .ifPresent(digest -> {
            try {
              all.add(
                  new Ingest(
                      digest, Files.size(file), Files.getLastModifiedTime(file).toInstant()));
            } catch (IOException _) {
              // finished or removed in this moment
            }
          });
    }
    return all;
  }

  /** Removes attempts, and temporary files, that nobody has touched since. */
  public long dropIngests(Instant before) {
    long freed = 0;
    for (Path file : files(ingests)) {
      try {
        Optional<Digest> digest = digest(file.getFileName().toString().replace('-', ':'));
        boolean busy =
            digest.isPresent() && (writing.contains(digest.get()) || leases.holds(digest.get()));
        if (!busy && Files.getLastModifiedTime(file).toInstant().isBefore(before)) {
          long size = Files.size(file);
          Files.deleteIfExists(file);
          freed += size;
        }
      } catch (IOException _) {
        // next time
      }
    }
    return freed;
  }

  private static Optional<Digest> digest(String text) {
    try {
      return Optional.of(Digest.parse(text));
    } catch (InvalidDigestException _) {
      return Optional.empty();
    }
  }

  private static List<Path> files(Path directory) {
    List<Path> all = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
      stream.forEach(all::add);
    } catch (IOException e) {
      throw new ImageException.Failed("cannot list " + directory + ": " + e.getMessage(), e);
    }
    return all;
  }

  @Override
  public void delete(Digest digest) {
    try {
      Files.deleteIfExists(blob(digest));
    } catch (IOException e) {
      throw failed("remove", digest, e);
    }
  }

  @Override
  public Lease lease() {
    return leases.begin();
  }

  private static ImageException.Failed failed(String what, Digest digest, IOException e) {
    String reason =
        e.getMessage() != null && e.getMessage().contains("No space left")
            ? "the disk is full: free some space, for example with \"kapal system prune\""
            : String.valueOf(e.getMessage());
    return new ImageException.Failed(
        "cannot " + what + " the content " + digest + ": " + reason, e);
  }
}
