package dev.kapal.image.local;

import dev.kapal.image.ImageException;
import dev.kapal.image.Lease;
import dev.kapal.image.store.FileContentStore;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Resolve;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;

/** An OCI layout folder. Links in it are not followed. */
final class FolderContent implements ArchiveContent, AutoCloseable {
  private final FileContentStore content;
  private final Descriptors calls;
  private final Lease lease;
  private final Fd root;

  FolderContent(FileContentStore content, Descriptors calls, Path folder, Lease lease) {
    this.content = content;
    this.calls = calls;
    this.lease = lease;
    try {
      this.root = calls.open(folder.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
    } catch (ErrnoException e) {
      throw new ImageException.Failed(
          "cannot open the layout " + folder + ": " + e.getMessage(), e);
    }
  }

  private Optional<Fd> open(String path) {
    try {
      Fd file =
          calls.openBeneath(
              root,
              path,
              Fcntl.O_RDONLY | Fcntl.O_NONBLOCK,
              0,
              EnumSet.of(Resolve.BENEATH, Resolve.NO_SYMLINKS));
      if (!calls.fstat(file).isRegular()) {
        file.close();
        throw new ImageException.Refused("the layout's " + path + " is no regular file");
      }
      return Optional.of(file);
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT, Errno.ENOTDIR)) {
        return Optional.empty();
      }
      throw new ImageException.Failed(
          "cannot read the layout's " + path + ": " + e.getMessage(), e);
    }
  }

  @Override
  public Optional<byte[]> file(String path) {
    return open(path)
        .map(file -> {
          try (file) {
            return calls.readFully(file, MAX_LIST);
          }
        });
  }

  @Override
  public Optional<Descriptor> blobAt(String path) {
    String[] parts = path.split("/", -1);
    Digest digest = new Digest(parts[1], parts[2]);
    lease.add(digest);
    if (content.has(digest)) {
      return content.size(digest).map(size -> new Descriptor("", digest, size));
    }
    return open(path).map(file -> copy(file, path));
  }

  private Descriptor copy(Fd file, String path) {
    byte[] buffer = new byte[128 * 1024];
    try (file;
        Spool spool = new Spool(content)) {
      for (int n = calls.read(file, buffer, 0, buffer.length);
          n > 0;
          n = calls.read(file, buffer, 0, buffer.length)) {
        spool.write(buffer, 0, n);
      }
      return spool.commit("");
    } catch (IOException e) {
      throw new ImageException.Failed(
          "cannot copy the layout's " + path + ": " + e.getMessage(), e);
    }
  }

  @Override
  public boolean offers(Digest digest) {
    String path = "blobs/" + digest.algorithm() + "/" + digest.hex();
    Optional<Fd> file = content.has(digest) ? Optional.empty() : open(path);
    file.ifPresent(Fd::close);
    return content.has(digest) || file.isPresent();
  }

  @Override
  public void close() {
    root.close();
  }
}
