package dev.kapal.image.registry.testing;

import dev.kapal.image.registry.BlobSink;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.image.registry.client.RegistryClient;
import dev.kapal.oci.Descriptor;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Measures downloads from a registry on the loopback, into nothing. Prints MB/s per round. */
public final class ThroughputMain {
  private static final int LAYERS = 4;
  private static final int SIZE = 45_000_000;

  private ThroughputMain() {}

  /** Four layers of 45 MB, one at a time and together, without and with hashing. */
  public static void main(String[] args) throws Exception {
    try (RegistryServer server = RegistryServer.start();
        RegistryClient client = new RegistryClient(Clients.config())) {
      List<Descriptor> layers = new ArrayList<>();
      for (int i = 0; i < LAYERS; i++) {
        layers.add(server.putBlob("a/b", Clients.bytes(SIZE, i)));
      }
      Registry registry = client.as(CredentialSource.NONE);
      RepositoryName repository = new RepositoryName(server.name(), "a/b");
      for (int round = 0; round < 6; round++) {
        for (boolean hash : new boolean[] {false, true}) {
          long begin = System.nanoTime();
          registry.fetch(
              repository,
              layers.getFirst(),
              blob -> Optional.of(new Nothing(blob, hash)),
              TransferListener.SILENT);
          double one = SIZE / 1e6 / ((System.nanoTime() - begin) / 1e9);
          begin = System.nanoTime();
          registry.fetchAll(
              repository,
              layers,
              blob -> Optional.of(new Nothing(blob, hash)),
              blob -> TransferListener.SILENT);
          double all = LAYERS * (SIZE / 1e6) / ((System.nanoTime() - begin) / 1e9);
          System.out.printf(
              Locale.ROOT, "hash=%s one blob %.0f MB/s, four blobs %.0f MB/s%n", hash, one, all);
        }
      }
    }
  }

  private static final class Nothing implements BlobSink {
    private final Descriptor blob;
    private final Optional<MessageDigest> digest;
    private long size;

    Nothing(Descriptor blob, boolean hash) {
      this.blob = blob;
      this.digest = hash ? Optional.of(blob.digest().newDigest()) : Optional.empty();
    }

    @Override
    public long size() {
      return size;
    }

    @Override
    public void write(ByteBuffer bytes) {
      size += bytes.remaining();
      digest.ifPresent(d -> d.update(bytes));
    }

    @Override
    public void restart() {
      size = 0;
      digest.ifPresent(MessageDigest::reset);
    }

    @Override
    public boolean commit() {
      return size == blob.size()
          && digest
              .map(d -> java.util.HexFormat.of().formatHex(d.digest()).equals(blob.digest().hex()))
              .orElse(true);
    }

    @Override
    public void close() {}
  }
}
