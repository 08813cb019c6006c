package dev.kapal.image.local;

import dev.kapal.image.CommitRequest;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.ImportRequest;
import dev.kapal.image.Lease;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.Snapshots;
import dev.kapal.image.layers.LayerMeta;
import dev.kapal.image.layers.LayerSpec;
import dev.kapal.image.unpack.Decoder;
import dev.kapal.linux.FaultPoint;
import dev.kapal.oci.ContainerConfig;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.HistoryEntry;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.MediaTypes;
import dev.kapal.oci.OciJson;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import dev.kapal.oci.RootFs;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;

/** Makes images on this machine: of a root file system, and of a container's changes. */
final class Committer {
  private final StoreParts parts;
  private final Installer installer;
  private final Snapshots snapshots;

  Committer(StoreParts parts, Installer installer, Snapshots snapshots) {
    this.parts = parts;
    this.installer = installer;
    this.snapshots = snapshots;
  }

  /** A layer that is in the store. */
  private record NewLayer(Descriptor blob, Digest diffId) {}

  /** Ends compression without ending the file. */
  private static final class Unclosed extends FilterOutputStream {
    Unclosed(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }

  /** Writes an uncompressed layer. */
  @FunctionalInterface
  private interface LayerWriter {
    void to(OutputStream out) throws IOException;
  }

  Image importRootfs(InputStream in, ImportRequest request) {
    try (Lease lease = parts.content().lease()) {
      NewLayer layer;
      try (InputStream plain = Decoder.open(in)) {
        layer = store(plain::transferTo, lease);
      }
      Instant now = Instant.now();
      ImageConfig config =
          ImageConfig.of(
              request.platform().map(Platform::normalised).orElse(Platform.host()),
              now,
              "",
              ConfigChanges.apply(ContainerConfig.EMPTY, request.changes()),
              RootFs.of(List.of(layer.diffId())),
              List.of(history(now, "", "", request.message())));
      return finish(config, List.of(layer.blob()), request.reference(), lease);
    } catch (IOException e) {
      throw new ImageException.Failed("cannot import: " + e.getMessage(), e);
    }
  }

  Image commit(CommitRequest request) {
    CatalogueEntry base = parts.entry(request.base());
    ImageConfig old = parts.config(base.id());
    ContainerConfig had = request.config().orElse(old.config());
    ContainerConfig config = ConfigChanges.apply(had, request.changes());
    try (Lease lease = parts.content().lease()) {
      List<Descriptor> layers = new ArrayList<>(parts.manifest(base).layers());
      layers.forEach(layer -> lease.add(layer.digest()));
      NewLayer layer =
          store(out -> snapshots.diff(request.snapshot(), request.hollow(), out), lease);
      FaultPoint.reach("commit.stored");
      layers.add(layer.blob());
      List<Digest> diffs = new ArrayList<>(old.rootfs().diffIds());
      diffs.add(layer.diffId());
      Instant now = Instant.now();
      List<HistoryEntry> history = new ArrayList<>(old.history());
      history.add(history(now, String.join(" ", had.cmd()), request.author(), request.message()));
      ImageConfig made =
          new ImageConfig(
              Optional.of(now),
              request.author().isEmpty() ? old.author() : request.author(),
              old.architecture(),
              old.os(),
              old.variant(),
              old.osVersion(),
              old.osFeatures(),
              config,
              RootFs.of(diffs),
              history);
      return finish(made, layers, request.reference(), lease);
    } catch (IOException e) {
      throw new ImageException.Failed("cannot commit: " + e.getMessage(), e);
    }
  }

  private static HistoryEntry history(Instant now, String by, String author, String message) {
    return new HistoryEntry(Optional.of(now), by, author, message, false);
  }

  private NewLayer store(LayerWriter writer, Lease lease) throws IOException {
    MessageDigest diff = Digest.newMessageDigest(Digest.SHA256);
    try (Spool spool = new Spool(parts.content())) {
      try (OutputStream gzip =
          new DigestOutputStream(
              new BufferedOutputStream(
                  new GZIPOutputStream(new Unclosed(spool), 64 * 1024), 64 * 1024),
              diff)) {
        writer.to(gzip);
      }
      FaultPoint.reach("commit.written");
      return new NewLayer(keep(spool, lease), Digest.of(diff.digest(), Digest.SHA256));
    }
  }

  private static Descriptor keep(Spool spool, Lease lease) throws IOException {
    Descriptor blob = spool.commit(MediaTypes.LAYER_GZIP);
    lease.add(blob.digest());
    return blob;
  }

  private Image finish(
      ImageConfig config, List<Descriptor> layers, Optional<Reference> name, Lease lease) {
    Descriptor stored = parts.content().put(MediaTypes.CONFIG, OciJson.write(config));
    lease.add(stored.digest());
    FaultPoint.reach("commit.configured");
    Manifest manifest = Manifest.of(stored, layers);
    Descriptor descriptor = parts.content().put(MediaTypes.MANIFEST, OciJson.write(manifest));
    lease.add(descriptor.digest());
    FaultPoint.reach("commit.described");
    List<LayerMeta> unpacked =
        installer.unpack(
            LayerSpec.of(manifest, config), Optional.empty(), lease, ProgressListener.SILENT);
    return installer.register(
        descriptor, manifest, unpacked, name.map(Reference::tagged).stream().toList(), List.of());
  }

  /** Whether a stream's digest is what it should be; for checks. */
  static Digest digestOf(InputStream in, String algorithm) throws IOException {
    MessageDigest digest = Digest.newMessageDigest(algorithm);
    try (DigestInputStream reading = new DigestInputStream(in, digest)) {
      byte[] buffer = new byte[128 * 1024];
      while (reading.read(buffer) >= 0) {
        // hashing
      }
    }
    return Digest.of(digest.digest(), algorithm);
  }
}
