package dev.kapal.image.local;

import dev.kapal.image.ImageException;
import dev.kapal.image.Lease;
import dev.kapal.image.store.FileContentStore;
import dev.kapal.image.tar.ByteSource;
import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarException;
import dev.kapal.image.tar.TarLimits;
import dev.kapal.image.tar.TarReader;
import dev.kapal.image.tar.TarType;
import dev.kapal.image.unpack.Decoder;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.InvalidDigestException;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A tar with images: every file in it goes into the store as a blob while the archive streams by,
 * since what it is good for stands at the end. Names are labels here, never paths of the host.
 */
final class TarContent implements ArchiveContent {
  private static final int MAX_FILES = 20_000;
  private final FileContentStore content;
  private final Map<String, Descriptor> files = new HashMap<>();
  private final Map<String, String> links = new HashMap<>();

  TarContent(FileContentStore content, InputStream in, Lease lease, TarLimits limits) {
    this.content = content;
    try (InputStream plain = Decoder.open(in)) {
      ByteSource source = ByteSource.of(plain);
      TarReader tar = new TarReader(source, limits.withEntries(MAX_FILES));
      for (Optional<TarEntry> e = tar.next(); e.isPresent(); e = tar.next()) {
        take(tar, e.get(), lease);
      }
    } catch (TarException e) {
      throw new ImageException.Refused("the archive cannot be read: " + e.getMessage(), e);
    } catch (IOException e) {
      String reason =
          String.valueOf(e.getMessage()).contains("No space left")
              ? "the disk is full: free some space, for example with \"kapal system prune\""
              : e.getMessage();
      throw new ImageException.Failed("the archive cannot be taken over: " + reason, e);
    }
  }

  private void take(TarReader tar, TarEntry entry, Lease lease) throws IOException {
    String name = clean(entry.name());
    if (entry.type() == TarType.SYMLINK) {
      links.put(name, resolve(name, entry.linkName()));
    } else if (entry.type() == TarType.HARD_LINK) {
      links.put(name, clean(entry.linkName()));
    } else if (entry.type() == TarType.REGULAR && entry.sparse().isEmpty()) {
      Optional<Digest> named = digestOf(name);
      named.ifPresent(lease::add);
      if (named.isPresent()
          && content.size(named.get()).filter(n -> n == entry.size()).isPresent()) {
        files.put(name, new Descriptor("", named.get(), entry.size()));
        return;
      }
      try (Spool spool = new Spool(content)) {
        for (int n = tar.fillData(); n > 0; n = tar.fillData()) {
          spool.write(tar.dataArray(), tar.dataOffset(), n);
          tar.consumeData(n);
        }
        Descriptor stored = spool.commit("");
        lease.add(stored.digest());
        if (named.isPresent()
            && named.get().algorithm().equals(Digest.SHA256)
            && !named.get().equals(stored.digest())) {
          throw new ImageException.Refused(
              "the archive's file " + TarException.quote(name) + " is not what its name says");
        }
        files.put(name, stored);
      }
    }
  }

  private static Optional<Digest> digestOf(String name) {
    String[] parts = name.split("/", -1);
    if (parts.length != 3 || !parts[0].equals("blobs")) {
      return Optional.empty();
    }
    try {
      return Optional.of(new Digest(parts[1], parts[2]));
    } catch (InvalidDigestException _) {
      return Optional.empty();
    }
  }

  private static String clean(String name) {
    String clean = name;
    while (clean.startsWith("./") || clean.startsWith("/")) {
      clean = clean.substring(clean.startsWith("/") ? 1 : 2);
    }
    return clean;
  }

  /** Where a relative link leads, by its text alone. */
  private static String resolve(String from, String target) {
    String at = from.contains("/") ? from.substring(0, from.lastIndexOf('/')) : "";
    for (String part : target.split("/", -1)) {
      if (part.equals("..")) {
        at = at.contains("/") ? at.substring(0, at.lastIndexOf('/')) : "";
      } else if (!part.isEmpty() && !part.equals(".")) {
        at = at.isEmpty() ? part : at + "/" + part;
      }
    }
    return at;
  }

  @Override
  public Optional<byte[]> file(String path) {
    return blobAt(path)
        .map(found -> {
          if (found.size() > MAX_LIST) {
            throw new ImageException.Refused("the archive's " + path + " is too long");
          }
          return content.read(found.digest());
        });
  }

  @Override
  public Optional<Descriptor> blobAt(String path) {
    String at = clean(path);
    for (int i = 0; i < 10; i++) {
      Descriptor found = files.get(at);
      String next = links.get(at);
      if (found != null || next == null) {
        return Optional.ofNullable(found);
      }
      at = next;
    }
    return Optional.empty();
  }

  @Override
  public boolean offers(Digest digest) {
    return content.has(digest);
  }

  /** What came with the archive, to be collected if no image needs it. */
  Iterable<Digest> blobs() {
    return files.values().stream().map(Descriptor::digest).toList();
  }
}
